/* How the page of a day on the ground behaves. What is done without a network is kept, and sent once. */
(() => {
  'use strict';

  const { said, say, node, icon, moment, get, post, Problem } = Phone;
  const FRESH_MS = 30_000;
  const LATER_MS = 120_000;
  const TOAST_MS = 4_000;
  const TRACK_MS = 60_000;
  const DAY_MS = 86_400_000;
  const MOST_PHOTOS = 5;
  const NEXT = { accept: 'accepted', start: 'in_progress', arrive: 'in_progress', control: 'in_progress', resolve: 'resolved', return: 'filed', hold: 'on_hold', resume: 'in_progress', file: 'filed', check: 'checked', close: 'closed' };
  const PLACED = ['arrive', 'resolve', 'control', 'start'];
  const byId = id => document.getElementById(id);
  let day = { issues: [], rounds: [], shift: null, unread: 0 }, ahead = 0, here = null, open = null, sheet = null, watching = null, fixes = [], toasting = 0;
  const details = new Map(), versions = new Map(), waiting = new Map();

  const clock = iso => new Date(iso).toLocaleTimeString(said.language, { timeZone: said.timezone, hour: '2-digit', minute: '2-digit', hour12: false });
  const now = () => Date.now() + ahead;
  const nameOf = issue => said.categories[issue.category] ?? issue.category;

  // ------------------------------------------------------------ spans and ways

  function span(ms) {
    const minutes = Math.floor(Math.abs(ms) / 60_000), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
    if (days) return say('days', { days, hours: hours % 24 });
    return hours ? say('hours', { hours, minutes: minutes % 60 }) : say('minutes', { minutes });
  }

  const dueOf = issue => (issue.next_due_at ?? issue.due_at) && new Date(issue.next_due_at ?? issue.due_at).getTime();

  function clockOf(issue) {
    const due = dueOf(issue);
    if (!due) return say('no_limit');
    return say(due < now() ? 'late_by' : 'left', { span: span(due - now()) });
  }

  function lookOf(issue) {
    const due = dueOf(issue);
    if (due && due < now()) return 'overdue';
    return issue.urgency === 'normal' ? '' : 'urgent';
  }

  // On ground this small the earth is flat.
  function metres(issue) {
    if (!here) return null;
    const east = (issue.lon - here.lon) * Math.cos((here.lat * Math.PI) / 180), north = issue.lat - here.lat;
    return Math.round(Math.hypot(east, north) * 11_132) * 10;
  }

  // ------------------------------------------------------------ the list

  function show() {
    const list = byId('list'), tasks = byId('tab-tasks').querySelector('.count');
    const order = [...day.issues].sort((one, other) => rank(one) - rank(other) || (dueOf(one) ?? Infinity) - (dueOf(other) ?? Infinity));
    tasks.textContent = order.length || '';
    byId('unread').textContent = day.unread || '';
    list.replaceChildren(...(order.length ? order.map(taskOf) : [node('li', 'none', say('nothing'))]));
    showDuty();
    showRounds();
  }

  const rank = issue => (['life', 'emergency'].includes(issue.urgency) ? 0 : 1);

  function taskOf(issue) {
    const row = node('li', `task ${lookOf(issue)}${waiting.has(issue.code) ? ' kept' : ''}`), top = node('header'), clock = node('span', 'clock', clockOf(issue));
    row.dataset.code = issue.code;
    clock.dataset.code = issue.code;
    top.append(node('h2', '', nameOf(issue)), clock);
    row.append(top, marksOf(issue));
    if (issue.text) row.append(node('p', open === issue.code ? 'words' : 'words short', issue.text));
    if (sheet?.code === issue.code) row.append(sheetOf(issue));
    else row.append(thumbOf(issue));
    if (open === issue.code) row.append(...moreOf(issue));
    return row;
  }

  function marksOf(issue) {
    const marks = node('div', 'marks'), kept = waiting.get(issue.code);
    const words = [
      [issue.code, ''],
      [issue.grid ? say('grid', { code: issue.grid }) : null, ''],
      [issue.level ? say('level', { level: issue.level }) : null, ''],
      [issue.urgency === 'normal' ? null : said.urgencies[issue.urgency], issue.urgency],
      [said.statuses[issue.status], kept ? 'kept' : ''],
      [metres(issue) === null ? null : say('away', { metres: metres(issue) }), ''],
    ];
    marks.append(...words.filter(([text]) => text).map(([text, look]) => node('span', `mark ${look}`, text)));
    return marks;
  }

  const known = issue => issue.allowed.filter(action => said.asks[action]);
  const primary = issue => [said.awaited[issue.status], ...known(issue)].find(action => known(issue).includes(action));

  function press(className, words, action) {
    const made = node('button', className, words);
    made.type = 'button';
    made.addEventListener('click', action);
    return made;
  }

  function thumbOf(issue) {
    const row = node('div', 'thumb'), first = primary(issue);
    if (first) row.append(button(issue, first, 'action first'));
    const more = press('plain', say(open === issue.code ? 'less' : 'more'), () => toggle(issue));
    more.setAttribute('aria-expanded', String(open === issue.code));
    row.append(more);
    row.append(wayTo(issue));
    if (open === issue.code) row.append(...known(issue).filter(action => action !== first).map(action => button(issue, action, 'action')));
    return row;
  }

  function button(issue, action, className) {
    const made = press(className, said.actions[action], () => (said.asks[action].length ? ask(issue, action) : act(issue, action, {})));
    made.dataset.action = action;
    return made;
  }

  function wayTo(issue) {
    const way = node('a', 'plain');
    way.href = `geo:${issue.lat.toFixed(6)},${issue.lon.toFixed(6)}?q=${issue.lat.toFixed(6)},${issue.lon.toFixed(6)}`;
    way.append(icon('way'), say('way'));
    return way;
  }

  async function toggle(issue) {
    open = open === issue.code ? null : issue.code;
    show();
    byId('list').querySelector(`[data-code="${CSS.escape(issue.code)}"] [aria-expanded]`)?.focus({ preventScroll: true });
    if (!open || details.has(issue.code)) return;
    try {
      details.set(issue.code, await get(`/issues/${encodeURIComponent(issue.code)}`));
      if (open === issue.code) show();
    } catch {
      // The list says what matters most; the rest comes with the network.
    }
  }

  function moreOf(issue) {
    const found = details.get(issue.code), parts = [];
    if (!found) return parts;
    if (found.call) {
      const call = node('a', 'call', say('call_out', { body: found.call.body, number: found.call.number ?? '' }));
      if (found.call.number) call.href = `tel:${found.call.number}`;
      parts.push(call);
    }
    if (found.photos.length) {
      const shots = node('div', 'shots');
      shots.append(...found.photos.map((photo, place) => Object.assign(node('img'), { src: `/photos/${photo.id}`, alt: say('photo_of', { number: place + 1 }), loading: 'lazy' })));
      parts.push(shots);
    }
    if (found.supporters?.length) parts.push(node('p', 'quiet', say('seen_by', { count: found.supporters.length })));
    const ways = node('div', 'ways');
    if (found.reporter?.phone) {
      const call = node('a', 'plain');
      call.href = `tel:${found.reporter.phone.replace(/[^+\d]/g, '')}`;
      call.append(icon('phone'), say('call_reporter', { name: found.reporter.name ?? say('reporter') }));
      ways.append(call);
    }
    const map = node('a', 'plain');
    map.href = `/map#card=issue:${encodeURIComponent(issue.code)}`;
    map.append(icon('map'), say('on_map'));
    ways.append(map);
    parts.push(ways);
    return parts;
  }

  // ------------------------------------------------------------ what has to be said with it

  function ask(issue, action) {
    sheet = { code: issue.code, action, photos: [], note: '', complaint: null };
    show();
    byId('list').querySelector('.sheet textarea')?.focus();
  }

  function sheetOf(issue) {
    const form = node('form', 'sheet'), asks = said.asks[sheet.action], words = node('label', 'field'), text = node('textarea');
    form.append(node('h3', '', said.actions[sheet.action]));
    words.append(node('span', '', say('note')), text);
    text.rows = 2;
    text.maxLength = 2000;
    text.value = sheet.note;
    text.addEventListener('input', () => { sheet.note = text.value; });
    form.append(words);
    if (asks.includes('photos')) form.append(...photosOf(sheet, show));
    if (sheet.complaint) form.append(Object.assign(node('p', 'complaint', sheet.complaint), { role: 'alert' }));
    const row = node('div', 'thumb');
    row.append(press('plain', say('cancel'), () => { sheet = null; show(); }), ...submitsOf(asks));
    form.append(row);
    form.addEventListener('submit', event => {
      event.preventDefault();
      const { action, note, photos } = sheet;
      const passed = asks.includes('passed') ? event.submitter?.value !== 'failed' : undefined;
      if (asks.includes('note!') && !note.trim()) {
        sheet.complaint = say('note_needed');
        return show();
      }
      sheet = null;
      act(issue, action, { note: note.trim() || undefined, passed }, photos);
    });
    return form;
  }

  function submitsOf(asks) {
    const submit = (className, words, value) => Object.assign(node('button', className, words), { value });
    if (!asks.includes('passed')) return [submit('action first alone', say('do_it'), 'do')];
    return [submit('action', say('failed'), 'failed'), submit('action first alone wide', say('passed'), 'passed')];
  }

  function photosOf(kept, shown) {
    const list = node('ul', 'photos'), pick = node('label', 'plain pick'), input = node('input');
    list.append(...kept.photos.map((photo, place) => {
      const row = node('li'), image = node('img'), drop = press('', null, () => { kept.photos.splice(place, 1); shown(); });
      image.src = URL.createObjectURL(Phone.blobOf(photo));
      image.alt = '';
      drop.setAttribute('aria-label', say('drop_photo', { number: place + 1 }));
      drop.append(node('span', '', '×'));
      row.append(image, drop);
      return row;
    }));
    input.type = 'file';
    input.accept = 'image/*';
    input.multiple = true;
    input.addEventListener('change', async () => {
      for (const file of [...input.files].slice(0, MOST_PHOTOS - kept.photos.length)) {
        try {
          kept.photos.push(await Phone.picture(file));
        } catch {
          toast(say('photo_bad'));
        }
      }
      shown();
    });
    pick.append(icon('camera'), say('add_photo'), input);
    return [list, pick];
  }

  // ------------------------------------------------------------ doing it

  // What he did himself meanwhile is no surprise to him.
  const seen = issue => Math.max(issue.version, versions.get(issue.code) ?? 0);

  async function act(issue, action, body, photos = []) {
    const chained = waiting.has(issue.code);
    const placed = PLACED.includes(action) && here ? { lon: here.lon, lat: here.lat } : {};
    const item = {
      uid: Phone.uid(), kind: 'action', code: issue.code, what: said.actions[action], photos, done: now(), chained,
      body: { action, ...body, ...placed, ...(chained ? {} : { version: seen(issue) }) },
    };
    waiting.set(issue.code, (waiting.get(issue.code) ?? 0) + 1);
    issue.status = body.passed === false ? 'in_progress' : NEXT[action] ?? issue.status;
    issue.allowed = said.steps[issue.status];
    show();
    await doings.put(item);
  }

  async function numbers(item, path, field) {
    const found = [];
    for (const photo of item.photos) {
      const form = new FormData();
      form.append('file', Phone.blobOf(photo), 'photo.jpg');
      if (field) form.append('sort', field);
      found.push((await post(path, form)).id);
    }
    return found;
  }

  // What was told later says when it was done; what was taken, but never answered, is not done twice.
  async function sendAction(item) {
    const path = `/issues/${encodeURIComponent(item.code)}`, body = { ...item.body };
    if (item.chained && versions.has(item.code)) body.version = versions.get(item.code);
    if (now() - item.done > LATER_MS) body.at = new Date(item.done).toISOString();
    if (item.photos.length) body.photos = await numbers(item, `${path}/photos`, body.action === 'resolve' ? 'after' : 'near');
    try {
      return await post(`${path}/actions`, body);
    } catch (error) {
      const last = error.answer?.issue?.history?.at(-1);
      if (item.tried && error.status === 409 && last?.action === body.action && (last.note ?? '') === (body.note ?? '')) return error.answer.issue;
      item.tried = error instanceof TypeError;
      throw error;
    }
  }

  async function sendCheckIn(item) {
    const photo = item.photos.length ? (await numbers(item, '/work/photos'))[0] : undefined;
    const { results: [result] } = await post('/check-ins', { check_ins: [{ ...item.body, uid: item.uid, photo }] });
    if (result.errors) throw new Problem({ detail: result.errors[0].message }, 422);
    return result;
  }

  const sendOne = item => (item.kind === 'action' ? sendAction(item) : sendCheckIn(item));

  async function became(what, item, answer) {
    if (what === 'waiting') {
      item.tried ||= answer instanceof TypeError;
      toast(say('kept', { what: item.what }));
      return showWaiting();
    }
    if (item.kind === 'action') {
      waiting.set(item.code, waiting.get(item.code) - 1);
      if (!(waiting.get(item.code) > 0)) waiting.delete(item.code);
      details.delete(item.code);
    }
    if (what === 'sent' && item.kind === 'action') versions.set(item.code, answer.version);
    if (what === 'sent') toast(told(item, answer));
    await showWaiting();
    await refresh();
  }

  function told(item, answer) {
    if (item.kind === 'action') return say('done', { what: item.what });
    const why = (answer.reasons ?? []).map(reason => reason.text).join(' · ');
    return { accepted: say('checked_in', { name: item.what }), doubtful: say('doubtful', { why }), refused: say('not_counted', { why }) }[answer.verdict];
  }

  const doings = Phone.box('doings', sendOne, became);

  async function showWaiting() {
    const kept = await doings.all(), still = kept.filter(item => !item.refused), band = byId('network');
    waiting.clear();
    for (const item of still) if (item.kind === 'action') waiting.set(item.code, (waiting.get(item.code) ?? 0) + 1);
    band.hidden = navigator.onLine && !still.length;
    band.textContent = still.length ? say('waiting', { count: still.length }) : say('offline');
    byId('refused').replaceChildren(...kept.filter(item => item.refused).map(refusalOf));
  }

  // What could not be done is not lost: whoever did it says whether it is done as things are now, or left.
  function refusalOf(item) {
    const part = node('div', 'refusal'), row = node('div', 'thumb');
    part.append(node('p', '', say(item.kind === 'action' ? 'conflict' : 'refused', { code: item.code ?? item.what, what: item.what, why: item.refused })));
    const again = press('plain', say('again'), async () => {
      const { version, ...body } = item.body;
      await doings.put({ ...item, body, refused: undefined, chained: false });
    });
    row.append(again, press('plain', say('forget'), async () => { await doings.drop(item.uid); await showWaiting(); }));
    part.append(row);
    return part;
  }

  function toast(words) {
    const line = byId('toast');
    line.textContent = words;
    line.hidden = false;
    clearTimeout(toasting);
    toasting = setTimeout(() => { line.hidden = true; }, TOAST_MS);
  }

  // ------------------------------------------------------------ the patrol

  function showRounds() {
    const part = byId('patrol');
    if (!part) return;
    const left = day.rounds.reduce((sum, round) => sum + round.stops.filter(stop => !stop.visited_at).length, 0);
    byId('tab-patrol').querySelector('.count').textContent = left || '';
    part.replaceChildren(...(day.rounds.length ? day.rounds.map(roundOf) : [node('p', 'none', say('no_rounds'))]));
  }

  function roundOf(round) {
    const part = node('div', 'card round'), top = node('header'), bar = node('progress');
    // A round that has the whole day says no hours.
    const hours = new Date(round.ends) - new Date(round.starts) < DAY_MS;
    top.append(node('h2', '', round.name), node('span', 'quiet', hours ? `${clock(round.starts)} – ${clock(round.ends)}` : ''));
    bar.max = Math.max(1, round.stops.length);
    bar.value = round.stops.filter(stop => stop.visited_at).length;
    const visited = say('visited', { visited: bar.value, due: round.stops.length });
    bar.setAttribute('aria-label', visited);
    part.append(top, bar, node('p', 'quiet', visited), ...round.stops.map(stop => stopOf(round, stop)));
    return part;
  }

  function stopOf(round, stop) {
    const row = node('div', 'stop'), name = node('div');
    name.append(node('p', '', stop.name));
    if (stop.level) name.append(node('p', 'quiet', say('level', { level: stop.level })));
    row.append(name);
    if (stop.visited_at) {
      const ok = node('span', 'ok');
      ok.append(icon('tick'), moment(stop.visited_at, new Date(now())));
      row.append(ok);
    } else if (stop.photo) row.append(withPhoto(round, stop));
    else row.append(press('plain', say('check_in'), event => checkIn(round, stop, [], event.target)));
    return row;
  }

  // A checkpoint that wants a photo opens the camera first.
  function withPhoto(round, stop) {
    const pick = node('label', 'plain pick'), input = node('input');
    input.type = 'file';
    input.accept = 'image/*';
    input.setAttribute('capture', 'environment');
    input.setAttribute('aria-label', `${say('check_in')}: ${stop.name}. ${say('photo_first')}`);
    input.addEventListener('change', async () => {
      try {
        checkIn(round, stop, [await Phone.picture(input.files[0])], input);
      } catch {
        toast(say('photo_bad'));
      }
    });
    pick.append(icon('camera'), say('check_in'), input);
    return pick;
  }

  async function checkIn(round, stop, photos, pressed) {
    pressed.disabled = true;
    let place;
    try {
      place = await Phone.whereAmI();
    } catch (error) {
      pressed.disabled = false;
      return toast(say(error.message));
    }
    stop.visited_at = new Date(now()).toISOString();
    showRounds();
    const body = { at: stop.visited_at, method: 'gps', round: round.number, checkpoint: stop.code, lon: place.lon, lat: place.lat, accuracy_m: Math.min(place.accuracy, 100_000) };
    await doings.put({ uid: Phone.uid(), kind: 'check_in', what: stop.name, photos, body });
  }

  // ------------------------------------------------------------ on duty, and where

  function showDuty() {
    const button = byId('duty');
    if (!button) return;
    button.setAttribute('aria-checked', String(Boolean(day.shift)));
    button.textContent = say(day.shift ? 'on_duty' : 'off_duty');
    button.title = day.shift ? say('until', { time: moment(day.shift.until, new Date(now())) }) : '';
    if (day.shift) follow();
    else unfollow();
  }

  async function changeDuty() {
    try {
      day.shift = (await post('/work/shift', { on: !day.shift })).shift;
      showDuty();
    } catch (error) {
      toast(error instanceof Problem ? error.message : say('offline'));
    }
  }

  // On duty, and only then, the phone says where it is: once a minute, several places at once.
  function follow() {
    if (watching !== null || !navigator.geolocation || !window.isSecureContext) return;
    watching = navigator.geolocation.watchPosition(place => {
      here = { lon: place.coords.longitude, lat: place.coords.latitude };
      const last = fixes.at(-1), at = now();
      if (!last || at - Date.parse(last.at) > 10_000) fixes.push({ at: new Date(at).toISOString(), ...here, accuracy_m: Math.min(place.coords.accuracy, 100_000) });
    }, () => null, { enableHighAccuracy: true, maximumAge: 10_000 });
  }

  function unfollow() {
    if (watching !== null) navigator.geolocation.clearWatch(watching);
    watching = null;
  }

  async function sendTrack() {
    if (!fixes.length) return;
    const points = fixes.splice(0, 500);
    try {
      await post('/tracks', { points });
    } catch (error) {
      if (!(error instanceof Problem)) fixes.unshift(...points);
    }
  }

  async function findMe() {
    byId('near').disabled = true;
    try {
      here = await Phone.whereAmI();
      byId('near').hidden = true;
      show();
    } catch (error) {
      toast(say(error.message));
    }
    byId('near').disabled = false;
  }

  // ------------------------------------------------------------ beginning

  async function refresh() {
    if (document.hidden) return;
    try {
      const found = await get('/work/day', { site: said.site });
      ahead = new Date(found.now).getTime() - Date.now();
      if (!waiting.size) day = found;
      // Nobody's words are taken from under his thumb.
      if (!sheet) show();
    } catch (error) {
      if (error.status === 401) location.assign('/sign-in?next=/work');
      else await showWaiting();
    }
  }

  function tick() {
    for (const clock of document.querySelectorAll('.clock')) {
      const issue = day.issues.find(each => each.code === clock.dataset.code), words = issue && clockOf(issue);
      if (!issue || clock.textContent === words) continue;
      clock.textContent = words;
      clock.closest('.task').classList.toggle('overdue', lookOf(issue) === 'overdue');
    }
  }

  function choose(tab) {
    for (const each of document.querySelectorAll('[role=tab]')) {
      const chosen = each === tab;
      each.setAttribute('aria-selected', String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      byId(each.getAttribute('aria-controls')).hidden = !chosen;
    }
    tab.focus({ preventScroll: true });
  }

  function begin() {
    const tabs = [...document.querySelectorAll('[role=tab]')];
    tabs.forEach((tab, place) => {
      tab.addEventListener('click', () => choose(tab));
      tab.addEventListener('keydown', event => ['ArrowLeft', 'ArrowRight'].includes(event.key) && choose(tabs[(place + 1) % tabs.length]));
    });
    byId('duty')?.addEventListener('click', changeDuty);
    byId('near').addEventListener('click', findMe);
    window.addEventListener('online', () => showWaiting().then(refresh));
    window.addEventListener('offline', showWaiting);
    document.addEventListener('visibilitychange', refresh);
    setInterval(tick, 1_000);
    setInterval(refresh, FRESH_MS);
    setInterval(sendTrack, TRACK_MS);
    showWaiting().then(() => doings.go()).then(refresh).then(() => { byId('list').dataset.ready = 'yes'; });
  }

  begin();
})();
