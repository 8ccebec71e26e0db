/* How the page of residents behaves: where, what, send. Whose it is and by when is asked before and after. */
(() => {
  'use strict';

  const { said, say, node, icon, moment, get, post } = Phone;
  const TICKET_MS = 2_200;
  const TRIES = 3;
  const MOST_PHOTOS = 3;
  const MINE = 'gridmap-reports';
  const STAMPS = ['first_answer', 'on_site', 'under_control', 'resolved'];
  const byId = id => document.getElementById(id);
  const state = { at: null, accuracy: null, how: null, tile: null, category: null, twin: null, photos: [], found: null };
  let map = null, pin = null, chosen = null, asking = null, ticket = said.ticket, outline = null;

  // A page that was kept for the time without a network may be that of another plate.
  const asked = new URLSearchParams(location.search);
  const plate = said.plate && [asked.get('g'), asked.get('f')].includes(said.plate.code) ? said.plate : null;

  // ------------------------------------------------------------ the small map

  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const looks = {
    house: () => ({ weight: 0, fillColor: colour('house'), fillOpacity: 1 }),
    3: () => ({ color: colour('cell-line'), weight: 0.8, fillColor: colour('cell'), fillOpacity: 1 }),
    2: () => ({ color: colour('cell-line'), weight: 1.4, fill: false }),
    1: () => ({ color: colour('zone-line'), weight: 2, fill: false }),
    chosen: () => ({ color: colour('accent'), weight: 3, fillColor: colour('accent'), fillOpacity: 0.14 }),
  };

  const loaded = path =>
    new Promise((settle, fail) => {
      const script = node('script');
      script.src = path;
      script.onload = settle;
      script.onerror = fail;
      document.head.append(script);
    });

  function styled(path) {
    const link = node('link');
    link.rel = 'stylesheet';
    link.href = path;
    document.head.insertBefore(link, document.head.querySelector('link[rel=stylesheet]'));
  }

  async function drawMap() {
    styled(said.files['leaflet.css']);
    const shapes = fetch(`/report/outline?site=${encodeURIComponent(said.site)}`).then(answer => answer.json());
    await loaded(said.files['leaflet.js']);
    outline = await shapes;
    map = L.map('map', { preferCanvas: true, zoomControl: false, attributionControl: false, maxZoom: 21, zoomSnap: 0.25 });
    L.control.zoom({ zoomInTitle: say('zoom_in'), zoomOutTitle: say('zoom_out') }).addTo(map);
    const leaf = Math.max(...outline.grids.map(grid => grid.tier));
    const drawn = [];
    const add = (shapes, look) => drawn.push([L.geoJSON(shapes, { interactive: false, style: look }).addTo(map), look]);
    add(outline.grids.filter(grid => grid.tier === leaf).map(grid => grid.shape), looks[3]);
    add(outline.buildings, looks.house);
    for (const tier of [2, 1]) if (tier < leaf) add(outline.grids.filter(grid => grid.tier === tier).map(grid => grid.shape), looks[tier]);
    state.bounds = drawn[0][0].getBounds();
    map.fitBounds(state.bounds, { padding: [8, 8], animate: false });
    map.on('click', event => place([event.latlng.lng, event.latlng.lat], 'map'));
    map.on('keypress', event => event.originalEvent.key === 'Enter' && place([map.getCenter().lng, map.getCenter().lat], 'map'));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawn.forEach(([layer, look]) => layer.setStyle(look())));
    byId('levels').replaceChildren(...outline.levels.map(level => Object.assign(node('option'), { value: level })));
    if (state.at) showPin();
  }

  const PIN = '<svg viewBox="0 0 44 52"><path class="body" d="M22 50C14 38 7 30 7 20a15 15 0 0 1 30 0c0 10-7 18-15 30z"/><circle class="hole" cx="22" cy="20" r="5.500"/></svg>';

  function showPin() {
    if (!map) return;
    const at = [state.at[1], state.at[0]];
    if (!pin) {
      pin = L.marker(at, { draggable: true, autoPan: true, title: say('drag'), alt: say('drag'), icon: L.divIcon({ className: 'pin', html: PIN, iconSize: [44, 52], iconAnchor: [22, 50] }) }).addTo(map);
      pin.on('dragend', () => place([pin.getLatLng().lng, pin.getLatLng().lat], 'drag'));
    }
    pin.setLatLng(at);
    if (!state.bounds.contains(at)) map.fitBounds(state.bounds, { padding: [8, 8], animate: false });
    else if (state.how === 'gps' || state.how === 'plate') map.setView(at, Math.max(map.getZoom(), 18), { animate: false });
    else if (!map.getBounds().pad(-0.1).contains(at)) map.panTo(at);
  }

  function showGrid(code) {
    chosen?.remove();
    chosen = null;
    const grid = map && outline.grids.find(each => each.code === code);
    if (grid) chosen = L.geoJSON(grid.shape, { interactive: false, style: looks.chosen }).addTo(map);
  }

  // ------------------------------------------------------------ where

  function place(at, how, accuracy = null, datum = 'wgs84') {
    Object.assign(state, { at, how, accuracy, twin: null });
    if (datum === 'wgs84') showPin();
    look(datum);
  }

  async function locate() {
    const button = byId('locate');
    button.disabled = true;
    byId('place').textContent = say('locating');
    try {
      const found = await Phone.whereAmI();
      place([found.lon, found.lat], 'gps', Math.min(found.accuracy, 100_000), said.datum);
    } catch (error) {
      byId('place').textContent = say(error.message);
    }
    button.disabled = false;
  }

  // ------------------------------------------------------------ whose it is

  async function look(datum = 'wgs84') {
    if (!state.at) return;
    asking?.abort();
    asking = new AbortController();
    const mine = asking;
    byId('told').textContent = say('asking');
    const [lon, lat] = state.at;
    const values = { lon, lat, datum, category: state.category, level: byId('level').value.trim(), accuracy_m: state.accuracy, site: null };
    if (plate?.kind === 'facility' && state.how === 'plate') values.facility = plate.code;
    try {
      state.found = await get('/report/here', values, mine.signal);
      if (datum !== 'wgs84') { state.at = state.found.at; showPin(); }
    } catch (error) {
      if (mine.signal.aborted) return;
      state.found = null;
      byId('told').textContent = error instanceof Phone.Problem ? error.message : say('offline');
      showPlace();
      return;
    }
    showPlace();
    showTold();
    showTwins();
  }

  function showPlace() {
    const found = state.found, lines = [];
    if (found && !found.ours) lines.push(['b', '', say('not_ours')]);
    else if (found?.grid) lines.push(['b', '', say('grid', { code: found.grid.code })]);
    else if (!found) lines.push(['b', '', `${state.at[1].toFixed(5)}, ${state.at[0].toFixed(5)}`]);
    const hints = [];
    if (state.how === 'plate') hints.push(say('from_plate', { code: plate.code }));
    if (state.accuracy) hints.push(say('accuracy', { metres: Math.max(1, Math.round(state.accuracy)) }));
    hints.push(say('drag'));
    lines.push(['span', 'quiet', hints.join(' · ')]);
    byId('place').replaceChildren(...lines.map(each => node(...each)));
    showGrid(found?.grid?.code);
  }

  const roleOf = responsible => [responsible.role, responsible.name].filter(Boolean).join(' ');
  // In their order; an answer that office hours allow only after it is put right says nothing any more.
  const dueOf = due =>
    STAMPS.filter(stamp => due[stamp] && !(due[stamp] > due.resolved))
      .sort((one, other) => (due[one] < due[other] ? -1 : 1))
      .map(stamp => say(stamp, { time: moment(due[stamp]) }));

  function callOf(call) {
    const made = node('a', 'call', say('call', { body: call.body, number: call.number ?? '' }));
    if (call.number) made.href = `tel:${call.number}`;
    return made;
  }

  function whose(found) {
    const first = node('p');
    const who = found.responsible.body ? say('referred', { body: found.responsible.body }) : say('answers_to_you', { role: roleOf(found.responsible) });
    if (found.grid) first.append(node('b', '', say('grid', { code: found.grid.code })), ' · ');
    first.append(who);
    if (found.channel?.number) first.append(' ', numberOf(found.channel));
    return first;
  }

  function numberOf(channel) {
    const made = node('a', 'number', `${channel.body} ${channel.number}`);
    made.href = `tel:${channel.number}`;
    return made;
  }

  function showTold() {
    const found = state.found, told = byId('told');
    told.replaceChildren();
    byId('send').disabled = false;
    if (!found) return;
    if (!found.ours) {
      const channel = numberOf(found.channel);
      channel.className = 'call';
      told.append(node('p', 'elsewhere', say('elsewhere')), channel);
      byId('send').disabled = true;
      return;
    }
    if (found.call) told.append(callOf(found.call));
    told.append(whose(found));
    const due = dueOf(found.due);
    if (due.length) told.append(node('p', '', due.join(' · ')));
  }

  function showTwins() {
    const twins = state.found?.twins ?? [], part = byId('twins');
    part.hidden = !twins.length;
    byId('send').textContent = say(state.twin ? 'join' : 'send');
    if (!twins.length) return;
    const list = node('ul');
    for (const twin of twins) {
      const row = node('li'), words = node('p');
      const told = say('twin', { metres: twin.metres, time: moment(twin.since), status: said.statuses[twin.status] ?? twin.status });
      words.textContent = twin.people > 1 ? `${told} · ${say('people', { count: twin.people })}` : told;
      const button = node('button', 'plain joins', say('me_too'));
      button.type = 'button';
      button.setAttribute('aria-pressed', String(state.twin === twin.mark));
      button.addEventListener('click', () => { state.twin = state.twin === twin.mark ? null : twin.mark; showTwins(); });
      row.append(words, button);
      list.append(row);
    }
    part.replaceChildren(node('h3', '', say('twins')), list);
  }

  // ------------------------------------------------------------ what

  function option(className, pressed, press) {
    const made = node('button', className);
    made.type = 'button';
    made.setAttribute('aria-pressed', String(pressed));
    made.addEventListener('click', press);
    return made;
  }

  function tileOf(tile) {
    const made = option('tile', state.tile === tile, () => chooseTile(tile));
    made.dataset.tile = tile.name;
    made.append(icon(tile.name), node('span', '', tile.title));
    return made;
  }

  function choicesOf(tile) {
    const part = node('div', 'choices');
    part.id = 'choices';
    part.setAttribute('role', 'group');
    part.setAttribute('aria-label', say('which'));
    part.append(...tile.choices.map(choice => {
      const made = option(choice.life ? 'choice life' : 'choice', state.category === choice.code, () => chooseCategory(choice.code));
      made.dataset.category = choice.code;
      made.textContent = choice.name;
      return made;
    }));
    return part;
  }

  // The choices of a picture stand below its row: the grid fills up around them.
  function showTiles() {
    byId('tiles').replaceChildren(...said.tiles.flatMap(tile =>
      tile === state.tile && tile.choices.length > 1 ? [tileOf(tile), choicesOf(tile)] : [tileOf(tile)]));
  }

  function chooseTile(tile) {
    state.tile = tile;
    chooseCategory(tile.choices.length === 1 ? tile.choices[0].code : null);
    byId('tiles').querySelector('.tile[aria-pressed=true]').focus({ preventScroll: true });
    byId('choices')?.scrollIntoView({ block: 'nearest' });
  }

  function chooseCategory(code) {
    Object.assign(state, { category: code, twin: null });
    complain(null);
    showTiles();
    if (code) byId('tiles').querySelector('.choice[aria-pressed=true]')?.focus({ preventScroll: true });
    if (state.at) look();
  }

  // ------------------------------------------------------------ photos

  function showPhotos() {
    byId('photos').replaceChildren(...state.photos.map((photo, place) => {
      const row = node('li'), shown = node('img'), drop = node('button');
      shown.src = URL.createObjectURL(Phone.blobOf(photo));
      shown.alt = '';
      drop.type = 'button';
      drop.setAttribute('aria-label', say('drop_photo', { number: place + 1 }));
      drop.append(node('span', '', '×'));
      drop.addEventListener('click', () => { state.photos.splice(place, 1); showPhotos(); });
      row.append(shown, drop);
      return row;
    }));
    byId('photo').disabled = state.photos.length >= MOST_PHOTOS;
  }

  async function addPhotos(event) {
    for (const file of [...event.target.files].slice(0, MOST_PHOTOS - state.photos.length)) {
      try {
        state.photos.push(await Phone.picture(file));
      } catch {
        complain(say('photo_bad'));
      }
    }
    event.target.value = '';
    showPhotos();
  }

  // ------------------------------------------------------------ sending

  function complain(what, where) {
    const line = byId('complaint');
    line.hidden = !what;
    line.textContent = what ?? '';
    if (where) byId(where)?.scrollIntoView({ block: 'center' });
  }

  function missing() {
    if (!state.at) return ['where_first', 'where'];
    if (!state.category) return ['what_first', 'what'];
    if (state.category === 'other' && !byId('text').value.trim()) return ['text_needed', 'text'];
    if (said.ask_code && !byId('code').value.trim()) return ['code_first', 'code'];
    return null;
  }

  const given = id => byId(id)?.value.trim() || null;

  function written() {
    const report = {
      site: said.site, lon: state.at[0], lat: state.at[1], accuracy_m: state.accuracy, category: state.category,
      text: given('text'), level: given('level'), name: given('name'), phone: given('phone'), code: given('code'),
      website: byId('website').value, same_as: state.twin,
      facility: plate?.kind === 'facility' && state.how === 'plate' ? plate.code : null,
    };
    return Object.fromEntries(Object.entries(report).filter(([, value]) => value !== null));
  }

  // A ticket that is too old or too fresh is renewed: whoever waited for a network did nothing wrong.
  async function sendOne(item) {
    for (let tries = 1; ; tries += 1) {
      try {
        const form = new FormData();
        form.append('report', JSON.stringify({ ...item.report, uid: item.uid, ticket }));
        item.photos.forEach((photo, place) => form.append('photo', Phone.blobOf(photo), `${place}.jpg`));
        return await post(`/report?lang=${said.language}`, form);
      } catch (error) {
        if (!(error instanceof Phone.Problem) || !error.fields.includes('ticket') || tries === TRIES) throw error;
        ({ ticket } = await get('/report/ticket'));
        await new Promise(settle => setTimeout(settle, TICKET_MS));
      }
    }
  }

  async function became(what, item, answer) {
    const own = item.uid === state.sent;
    if (what === 'sent') remember({ path: answer.follow, what: item.what, at: Date.now() });
    await showWaiting();
    if (!own) return;
    if (what === 'sent') showDone(answer);
    if (what === 'waiting') showKept(answer);
    if (what === 'refused') {
      await reports.drop(item.uid);
      state.sent = null;
      if (answer.status === 409) { state.twin = null; look(); }
      complain(whyNot(answer));
      byId('send').disabled = false;
      byId('send').textContent = say('send');
    }
    await showWaiting();
  }

  const WHY = { code: 'wrong_code', file: 'wrong_photo', text: 'text_needed' };

  function whyNot(error) {
    if (error.status === 403) return say('closed');
    if (error.status === 409) return say('twin_gone');
    if (error.fields.includes('lon')) return say('not_ours');
    const known = error.fields.find(field => WHY[field]);
    return known ? say(WHY[known]) : say('refused', { why: error.message });
  }

  async function send(event) {
    event.preventDefault();
    const lacks = missing();
    if (lacks) return complain(say(lacks[0]), lacks[1]);
    complain(null);
    byId('send').disabled = true;
    byId('send').textContent = say('sending');
    const what = state.tile.choices.find(choice => choice.code === state.category).name;
    state.sent = Phone.uid();
    await reports.put({ uid: state.sent, report: written(), photos: [...state.photos], what });
  }

  const reports = Phone.box('reports', sendOne, became);

  // ------------------------------------------------------------ afterwards

  function finish(mark, title) {
    byId('form').hidden = true;
    byId('bar').hidden = true;
    const part = byId('done'), sign = node('div', mark === 'tick' ? 'mark' : 'mark waits'), picture = icon(mark);
    picture.style.width = picture.style.height = '32px';
    sign.append(picture);
    part.replaceChildren(sign, node('h2', '', title));
    part.hidden = false;
    part.focus();
    window.scrollTo(0, 0);
    return part;
  }

  function again() {
    const button = node('button', 'plain wide', say('another'));
    button.type = 'button';
    button.addEventListener('click', () => location.reload());
    return button;
  }

  function showDone(answer) {
    const part = finish('tick', say(answer.code ? 'done' : 'joined'));
    const told = node('dl');
    if (answer.code) told.append(node('dt', 'quiet', say('number', { code: answer.code })));
    const who = node('dd');
    who.append(whose(answer));
    told.append(who, ...dueOf(answer.due).map(line => node('dd', 'quiet', line)));
    const address = location.origin + answer.follow;
    const follow = node('a', 'action first wide', say('follow'));
    follow.href = answer.follow;
    const copy = node('button', 'plain', say('copy'));
    copy.addEventListener('click', async () => { await copyOut(address); copy.textContent = say('copied'); });
    const buttons = node('div', 'buttons');
    buttons.append(follow, copy);
    if (navigator.share) {
      const share = node('button', 'plain', say('share'));
      share.addEventListener('click', () => navigator.share({ url: address }).catch(() => null));
      buttons.append(share);
    } else copy.classList.add('wide');
    buttons.append(again());
    if (answer.call) part.append(callOf(answer.call));
    part.append(told, node('p', 'quiet', say('link')), node('code', 'address', address), buttons);
  }

  async function copyOut(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text).catch(() => null);
    const field = node('textarea', 'honey', text);
    document.body.append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }

  function showKept(error) {
    const part = finish('other', error.status === 429 ? say('too_many') : say('kept'));
    const buttons = node('div', 'buttons');
    buttons.append(again());
    part.append(buttons);
  }

  function recall() {
    try {
      return JSON.parse(localStorage.getItem(MINE)) ?? [];
    } catch {
      return [];
    }
  }

  function remember(one) {
    try {
      localStorage.setItem(MINE, JSON.stringify([one, ...recall().filter(each => each.path !== one.path)].slice(0, 20)));
    } catch {
      // A phone that remembers nothing still has the link on its screen.
    }
  }

  async function showWaiting() {
    const waiting = await reports.all(), band = byId('network');
    const still = waiting.filter(item => !item.refused).length;
    band.hidden = navigator.onLine && !still;
    band.textContent = still ? say('waiting', { count: still }) : say('offline');
    const rows = [...waiting.filter(item => item.refused).map(refusedRow), ...recall().map(mineRow)];
    byId('mine').hidden = !rows.length;
    byId('mine').querySelector('ul').replaceChildren(...rows);
  }

  function refusedRow(item) {
    const row = node('li'), button = node('button', 'plain', say('forget'));
    button.type = 'button';
    button.addEventListener('click', async () => { await reports.drop(item.uid); showWaiting(); });
    row.append(node('p', '', `${item.what} · ${say('refused', { why: item.refused })}`), button);
    return row;
  }

  function mineRow(one) {
    const row = node('li'), link = node('a', '', one.what);
    link.href = one.path;
    row.append(link, node('span', 'quiet', moment(new Date(one.at).toISOString())));
    return row;
  }

  // ------------------------------------------------------------ beginning

  function begin() {
    showTiles();
    byId('form').addEventListener('submit', send);
    byId('locate').addEventListener('click', locate);
    byId('photo').addEventListener('change', addPhotos);
    byId('level').addEventListener('change', () => look());
    window.addEventListener('online', showWaiting);
    window.addEventListener('offline', showWaiting);
    if (plate) place([plate.lon, plate.lat], 'plate');
    else if (said.unknown) byId('place').textContent = say('unknown_plate', { code: said.unknown });
    else if (navigator.permissions) navigator.permissions.query({ name: 'geolocation' }).then(found => found.state === 'granted' && !state.at && locate(), () => null);
    const guess = plate && said.tiles.find(tile => tile.choices.some(choice => choice.code === said.guess));
    if (guess) { state.tile = guess; chooseCategory(said.guess); }
    showWaiting();
    reports.go();
    drawMap().catch(() => { byId('map').hidden = true; });
    byId('form').dataset.ready = 'yes';
    keepForLater();
  }

  async function keepForLater() {
    if (!navigator.serviceWorker || !window.isSecureContext) return;
    try {
      await navigator.serviceWorker.register('/report/worker.js', { scope: '/report' });
      const { active } = await navigator.serviceWorker.ready;
      active.postMessage([location.pathname + location.search, `/report/outline?site=${encodeURIComponent(said.site)}`, ...['phone.css', 'report.css', 'phone.js', 'report.js', 'leaflet.js', 'leaflet.css'].map(name => said.files[name])]);
    } catch {
      // Without it the page asks the network each time, as pages do.
    }
  }

  begin();
})();
