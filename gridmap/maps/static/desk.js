/* The desk: the card of whatever is chosen, what one may do to an issue from there, several handed out at once, and files
   of what is seen. Text of the data is set as text, never as markup. */
GridMap.part('desk', g => {
  'use strict';
  const box = document.getElementById('gm-card');
  if (!box || g.config.data) return;

  const say = (key, values) => g.say(`desk.${key}`, values);
  const has = key => key in (g.config.words.desk || {});
  const TICK_MS = 1000;
  const AGAIN_MS = 4000;
  const FIRST_LINES = 6;

  // ------------------------------------------------------------ elements

  const there = value => value != null && value !== '' && value !== false;
  const given = value => value != null && value !== '';

  function el(tag, className, ...children) {
    const made = g.node(tag, className);
    made.append(...children.flat().filter(there));
    return made;
  }

  function button(className, label, press, ...children) {
    const made = el('button', className, ...(children.length ? children : [label]));
    made.type = 'button';
    if (children.length) { made.setAttribute('aria-label', label); made.title = label; }
    made.addEventListener('click', press);
    return made;
  }

  const ICONS = {
    close: '<path d="M6 6l12 12M18 6L6 18"/>', back: '<path d="M14.5 5.5L8 12l6.5 6.5"/>',
    show: '<circle cx="12" cy="12" r="3.4"/><path d="M12 2.5v4M12 17.5v4M2.5 12h4M17.5 12h4"/>',
    phone: '<path d="M6 3.8h3.2l1.5 4-2 1.5a12 12 0 0 0 6 6l1.5-2 4 1.5V18a2.2 2.2 0 0 1-2.4 2.2A16.8 16.8 0 0 1 3.8 6.2 2.2 2.2 0 0 1 6 3.8z"/>',
    export: '<path d="M12 3.5v11M7.5 10.5L12 15l4.5-4.5M4.5 17v3.5h15V17"/>',
    several: '<path d="M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4"/><path d="M8.5 12.2l2.4 2.4 4.6-5"/>',
  };
  const drawing = (name, size = 20) => `<svg viewBox="0 0 24 24" width="${size}" height="${size}" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${ICONS[name]}</svg>`;
  const icon = (name, size) => g.drawn(drawing(name, size));

  function section(name, title, ...children) {
    const made = el('section', `gm-part gm-part-${name}`, title && g.node('h3', '', title), ...children);
    return made;
  }

  const unfolded = new Set();

  /* What can be folded keeps how it stood while the card is drawn anew. */
  function folded(name, title, ...children) {
    const made = el('details', `gm-part gm-part-${name}`, g.node('summary', '', title), ...children);
    made.open = unfolded.has(name);
    made.addEventListener('toggle', () => (made.open ? unfolded.add(name) : unfolded.delete(name)));
    return made;
  }

  function facts(rows) {
    const list = el('dl', 'gm-facts');
    for (const [name, value] of rows) if (there(value) && !(Array.isArray(value) && !value.length)) list.append(g.node('dt', '', name), el('dd', '', value));
    return list;
  }

  function link(kind, code, text) {
    const made = button('gm-link', text || code, () => g.select({ kind, code }));
    made.dataset.at = `${kind}:${code}`;
    return made;
  }

  function phone(number) {
    const made = el('a', 'gm-phone', icon('phone', 15), number);
    made.href = `tel:${number.replace(/[^0-9+]/g, '')}`;
    return made;
  }

  const roleOf = role => (role && (g.config.terms.roles[role] || (has(`role_${role}`) ? say(`role_${role}`) : role))) || '';
  const actionOf = action => (has(`act_${action}`) ? say(`act_${action}`) : g.term('actions', action));
  const together = words => words.join(g.config.language === 'en' ? ', ' : '、');
  const percent = value => `${(100 * value).toFixed(value === 1 || value === 0 ? 0 : 1)}%`;

  // ------------------------------------------------------------ the service

  async function send(method, path, body) {
    const asked = { method, headers: { Accept: 'application/json' }, credentials: 'same-origin' };
    if (body instanceof FormData) asked.body = body;
    else if (body) {
      asked.body = JSON.stringify(body);
      asked.headers['Content-Type'] = 'application/json';
    }
    const answer = await fetch(`${path}?lang=${g.config.language}`, asked);
    const said = answer.headers.get('Content-Type')?.includes('json') ? await answer.json() : null;
    if (answer.ok) return said;
    throw Object.assign(new Error(said?.detail || `${answer.status} ${answer.statusText}`), { status: answer.status, problem: said });
  }

  const issuePath = (code, rest = '') => `/issues/${encodeURIComponent(code)}${rest}`;
  const lang = () => ({ lang: g.config.language });

  const remembered = new Map();

  /* What hardly changes is asked for once in a while. */
  function once(path) {
    const known = remembered.get(path);
    if (known && Date.now() - known.at < 300_000) return known.promise;
    const promise = g.get(path, lang()).catch(error => { remembered.delete(path); throw error; });
    remembered.set(path, { at: Date.now(), promise });
    return promise;
  }

  async function people() {
    if (!g.can('people')) return new Map();
    try {
      return new Map((await once('/people')).map(person => [person.code, person]));
    } catch { return new Map(); }
  }

  // ------------------------------------------------------------ the frame

  let view = null;
  let trail = [];
  let opener = null;
  let turn = 0;
  const top = el('header', 'gm-card-top');
  const body = el('div', 'gm-card-body');
  const foot = el('footer', 'gm-card-foot');
  box.append(top, body, foot);
  box.setAttribute('role', 'region');

  function head({ kicker, title, symbol, feature }) {
    const name = el('h2', '', title);
    name.tabIndex = -1;
    name.id = 'gm-card-name';
    box.setAttribute('aria-labelledby', name.id);
    const had = top.contains(document.activeElement) && document.activeElement;
    const at = had && (had.dataset.at || had.tagName);
    top.replaceChildren(
      ...[trail.length ? named(button('gm-icon', say('back'), goBack, icon('back')), 'back') : null, symbol && el('span', 'gm-card-symbol', symbol),
        el('div', 'gm-card-title', name, kicker && el('p', '', kicker)),
        feature && named(button('gm-icon', say('show'), () => g.fly(feature), icon('show')), 'show'),
        named(button('gm-icon gm-card-close', say('close'), () => close(), icon('close')), 'close')].filter(Boolean),
    );
    if (had) (top.querySelector(`[data-at="${CSS.escape(at)}"]`) || name).focus({ preventScroll: true });
  }

  function named(made, at) {
    made.dataset.at = at;
    return made;
  }

  /* Draws the body anew: whoever reads or stands in it stays where he is. */
  function fillBody(...children) {
    const held = body.contains(document.activeElement) && document.activeElement.dataset.at;
    const scrolled = body.scrollTop;
    body.replaceChildren(...children.filter(Boolean));
    body.scrollTop = scrolled;
    if (held) (body.querySelector(`[data-at="${CSS.escape(held)}"]`) || top.querySelector('h2')).focus({ preventScroll: true });
    tick();
  }

  function open(next, { focus = true, back = false } = {}) {
    if (box.hidden) opener = document.activeElement === document.body ? null : document.activeElement;
    if (!back) trail = !box.hidden && view && box.contains(document.activeElement) && !same(view, next) ? [...trail, view] : same(view, next) ? trail : [];
    const again = same(view, next) && !box.hidden;
    view = next;
    box.hidden = false;
    box.dataset.kind = next.kind;
    if (next.kind !== 'several') g.remember('card', `${next.kind}:${next.code}`);
    if (!again) {
      unfolded.clear();
      head({ title: next.code || '' });
      body.replaceChildren(g.node('p', 'gm-quiet', say('loading')));
      body.scrollTop = 0;
      foot.replaceChildren();
    }
    if (focus) top.querySelector('h2')?.focus({ preventScroll: true });
    show();
  }

  const same = (one, other) => Boolean(one && other) && one.kind === other.kind && one.code === other.code;

  function goBack() {
    const before = trail.pop();
    if (before) open(before, { back: true });
  }

  function close() {
    if (box.hidden) return;
    const within = box.contains(document.activeElement);
    const { code } = view || {};
    box.hidden = true;
    view = null;
    trail = [];
    g.remember('card', null);
    if (!within) return;
    const row = code && document.querySelector(`#gm-list [data-code="${CSS.escape(code)}"] button`);
    const home = opener?.isConnected && !opener.closest('[hidden]') ? opener : row || g.map.getContainer();
    home.focus({ preventScroll: true });
  }

  const SHOW = { grid: showGrid, building: showBuilding, facility: showFacility, overlay: showOverlay, issue: showIssue, several: showSeveral };

  /* Asks for what the view shows, and draws it, if it still is what is looked at. */
  async function show() {
    const asked = view;
    turn += 1;
    const mine = turn;
    try {
      await SHOW[asked.kind]?.(asked, () => mine === turn && view === asked);
    } catch (error) {
      if (mine !== turn) return;
      head({ title: asked.code });
      fillBody(el('p', 'gm-quiet', error.status === 404 ? say('gone') : error.message));
      foot.replaceChildren();
    }
  }

  document.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || event.defaultPrevented || box.hidden || event.target.closest?.('dialog, [role=combobox], .gm-export')) return;
    event.preventDefault();
    close();
  });

  // ------------------------------------------------------------ clocks

  const pad = number => String(number).padStart(2, '0');

  function countdown(ms) {
    const seconds = Math.floor(Math.abs(ms) / 1000);
    const days = Math.floor(seconds / 86_400);
    const clock = `${pad(Math.floor((seconds % 86_400) / 3600))}:${pad(Math.floor((seconds % 3600) / 60))}:${pad(seconds % 60)}`;
    return days ? say('days', { days, clock }) : clock;
  }

  function running(due) {
    const made = el('time', 'gm-running');
    made.dateTime = due;
    made.dataset.due = due;
    made.setAttribute('role', 'timer');
    return made;
  }

  function tick() {
    for (const each of box.querySelectorAll('[data-due]')) {
      const left = new Date(each.dataset.due) - g.now();
      each.textContent = `${say(left < 0 ? 'late' : 'left')} ${countdown(left)}`;
      each.closest('.gm-due')?.classList.toggle('gm-late', left < 0);
    }
  }
  setInterval(() => box.hidden || tick(), TICK_MS);

  // ------------------------------------------------------------ a grid

  let counted = {};

  /* Drawn at once; the figures of the month, which take longest to count, come after. */
  async function showGrid({ code }, still) {
    const path = `/grids/${encodeURIComponent(code)}/card`;
    const draw = card => {
      if (!still()) return;
      head({ title: card.name || card.code, kicker: `${say(`tier${card.tier}`)} · ${card.code}`, feature: g.cells.get(code) });
      const month = card.figures || (counted.code === code && counted.figures);
      const waiting = !month && card.own && g.can('figures') && !('figures' in card);
      fillBody(chainOf(card), gridTiles(card), card.owner !== undefined && ownerPart(card.owner), card.issues && pressing(card.issues), month ? figures(month) : waiting && section('figures', say('this_month'), el('p', 'gm-quiet', say('loading'))), facilities(card.facilities), card.rounds && rounds(card.rounds));
      foot.replaceChildren();
    };
    draw(await g.get(path, { ...lang(), figures: false }));
    if (!g.can('figures') || !still()) return;
    const whole = await g.get(path, lang());
    counted = { code, figures: whole.figures };
    draw({ figures: null, ...whole });
  }

  function chainOf({ chain, own }) {
    if (!chain.length && own) return null;
    const steps = chain.flatMap((each, n) => [n ? el('span', 'gm-sep', '›') : null, link('grid', each.code, each.name || each.code)]);
    return el('nav', 'gm-chain', steps, !own && el('span', 'gm-tag', say('part')));
  }

  function gridTiles({ issues, households, buildings }) {
    const tiles = [['open', issues?.open], ['overdue', issues?.overdue], ['households', households], ['buildings', buildings]];
    return el('dl', 'gm-numbers', tiles.filter(([, value]) => value != null).map(([name, value]) => {
      const made = el('div', name === 'overdue' && value ? 'gm-late' : '', g.node('dt', '', say(name)), g.node('dd', '', value.toLocaleString(g.config.language)));
      return made;
    }));
  }

  function personLine({ name, role, phone: number, away_until: away }, label) {
    return el('div', 'gm-person', el('div', '', g.node('b', '', name), g.node('small', '', label || roleOf(role))), number && phone(number), away && el('span', 'gm-tag gm-away', say('away', { until: g.moment(away) })));
  }

  function ownerPart(owner) {
    if (!owner) return section('owner', say('in_charge'), el('p', 'gm-quiet', say('vacant')));
    return section('owner', say('in_charge'), personLine(owner), owner.deputy && personLine(owner.deputy, say('deputy')));
  }

  function pressing({ most_urgent: rows, by_attention: mix, open: count }) {
    const order = g.config.rules.order.filter(name => mix[name]);
    const bar = el('div', 'gm-bar', order.map(name => {
      const part = el('i', `gm-fill-${name}`);
      part.style.flexGrow = mix[name];
      return part;
    }));
    const signs = el('ul', 'gm-mixed', order.map(name => el('li', '', g.symbol(name), `${g.term('attentions', name)} ${mix[name]}`)));
    return section('pressing', say('pressing'), count ? [bar, signs] : el('p', 'gm-quiet', say('calm')), el('ol', 'gm-issues', rows.map(issueRow)));
  }

  function issueRow(said) {
    const press = () => g.select({ kind: 'issue', code: said.code });
    const made = button('', '', press);
    made.dataset.at = `issue:${said.code}`;
    made.append(g.symbol(said.attention || g.attention(said)), el('b', '', g.categoryOf(said)), el('span', '', [said.grid && g.shortCode(said.grid), said.text || said.code].filter(Boolean).join(' · ')), el('time', '', g.late(said) || g.moment(said.reported_at)));
    return el('li', `gm-is-${said.attention || g.attention(said)}`, made);
  }

  function figures({ reported, indicators }) {
    const list = el('ul', 'gm-figures', indicators.map(figure));
    return section('figures', say('this_month'), el('p', 'gm-aside', say('reported', { count: reported })), indicators.length ? list : el('p', 'gm-quiet', say('no_figures')));
  }

  const written = ({ sort }, value) => (sort === 'share' ? percent(value) : value.toFixed(2));
  const ARROWS = { up: '↑', down: '↓', same: '=' };

  function figure(each) {
    const good = each.better === 'low' ? 'down' : 'up';
    const change = each.before != null && each.direction && el('span', `gm-change${each.sure && each.direction !== 'same' ? (each.direction === good ? ' gm-good' : ' gm-bad') : ''}`, `${ARROWS[each.direction]} ${say('before', { value: written(each, each.before) })}`);
    const made = el('li', each.few ? 'gm-few' : '', el('span', 'gm-name', each.name), el('b', '', written(each, each.value)), each.sort === 'share' && each.low != null && whisker(each), el('small', '', say('of', { counted: each.counted, n: each.n }), change && [' · ', change], each.few && [' · ', say('few')]));
    made.title = `${each.counts} / ${each.of}`;
    return made;
  }

  /* The value on its interval: how much the number may be relied on is seen before it is read. */
  function whisker(each) {
    const said = say('interval', { low: percent(each.low), high: percent(each.high) });
    const made = el('span', 'gm-whisker', el('i'), el('b'));
    made.setAttribute('role', 'img');
    made.setAttribute('aria-label', said);
    made.title = said;
    made.style.setProperty('--low', each.low);
    made.style.setProperty('--high', each.high);
    made.style.setProperty('--at', each.value);
    return made;
  }

  function facilities(rows) {
    if (!rows.length) return null;
    const bad = rows.filter(row => row.state !== 'in_order');
    const fine = rows.filter(row => row.state === 'in_order');
    const broken = el('ul', 'gm-broken', bad.flatMap(row => row.which.map(({ code, name }) => {
      const made = link('facility', code);
      made.replaceChildren(plate(row), el('b', '', name || code), el('span', `gm-tag gm-state-${row.state}`, g.term('states', row.state)));
      return el('li', '', made);
    })));
    const rest = el('ul', 'gm-plates', fine.map(row => el('li', '', plate(row), `${g.term('facilities', row.kind)} ${row.count}`)));
    return section('facilities', say('facilities'), bad.length ? broken : el('p', 'gm-quiet', say('all_work')), rest);
  }

  function plate({ kind, state }) {
    const drawings = g.config.plates[kind] || g.config.plates[''];
    return g.drawn(drawings[state] || drawings.in_order);
  }

  function rounds({ next, last }) {
    const rows = [...next.map(each => round(each, 'next_round')), last && round(last, 'last_round')].filter(Boolean);
    return section('rounds', say('rounds'), rows.length ? el('ul', 'gm-rounds', rows) : el('p', 'gm-quiet', say('no_round')));
  }

  function round(each, when) {
    const state = el('span', `gm-tag gm-round-${each.status}`, say(`round_${each.status}`));
    const visited = each.status !== 'planned' && each.due ? say('visited', { visited: each.visited, due: each.due }) : '';
    return el('li', '', el('span', 'gm-when', say(when)), el('time', '', g.moment(each.starts)), el('b', '', each.name), el('small', '', [each.person?.name || roleOf(each.role), visited].filter(Boolean).join(' · ')), state);
  }

  // ------------------------------------------------------------ a building, a facility, an overlay

  const featureIn = (name, code) => {
    let found = null;
    g.layer(name)?.eachLayer?.(layer => { if (layer.feature?.properties.code === code) found = layer.feature; });
    return found;
  };
  const asFeature = said => said.geometry && { type: 'Feature', geometry: said.geometry, properties: said };
  const gridLinks = codes => (codes || []).filter(Boolean).map(code => link('grid', code, g.shortCode(code)));

  async function showBuilding({ code }, still) {
    const said = await g.get(`/buildings/${encodeURIComponent(code)}`, lang());
    if (!still()) return;
    head({ title: said.name || said.code, kicker: [g.term('uses', g.useOf(said.use)), said.code].join(' · '), feature: asFeature(said) });
    fillBody(section('facts', '', facts([
      [say('grids'), gridLinks(said.grids)], [say('floors'), said.floors], [say('households'), said.households], [say('use'), said.use],
      [say('grade'), said.grade], [say('risk'), said.risk], [say('built'), said.built], [say('delivered'), said.delivered], [say('warranty'), ended(said.warranty_until)],
    ])), openHere(feature => within(said.geometry, feature)));
    foot.replaceChildren();
  }

  function ended(day) {
    if (!day) return null;
    return new Date(day) < g.now() ? [day, ' ', el('span', 'gm-tag', say('expired'))] : day;
  }

  /* Whether an issue lies in a shape, by its outer rings: good enough for a list. */
  function within(geometry, { geometry: point }) {
    if (!geometry || !point) return false;
    const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.type === 'MultiPolygon' ? geometry.coordinates : [];
    const [x, y] = point.coordinates;
    return polygons.some(([ring]) => ring.reduce((inside, [x1, y1], n) => {
      const [x2, y2] = ring[(n || ring.length) - 1];
      return (y1 > y) !== (y2 > y) && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1 ? !inside : inside;
    }, false));
  }

  function openHere(test) {
    const rows = [...g.issues.values()].filter(test).map(feature => feature.properties);
    const rank = said => g.config.rules.order.indexOf(g.attention(said));
    rows.sort((one, other) => rank(one) - rank(other));
    return rows.length ? section('pressing', say('pressing'), el('ol', 'gm-issues', rows.slice(0, 10).map(issueRow))) : null;
  }

  async function showFacility({ code }, still) {
    const path = `/facilities/${encodeURIComponent(code)}`;
    const [said, states] = await Promise.all([g.get(path, lang()), g.can('inspections') ? g.get(`${path}/states`, lang()).catch(() => []) : []]);
    if (!still()) return;
    head({ title: said.name || said.code, kicker: [g.term('facilities', said.kind), said.code].join(' · '), symbol: plate(said), feature: asFeature(said) });
    const state = el('p', 'gm-state', el('span', `gm-tag gm-state-${said.state}`, g.term('states', said.state)));
    fillBody(state, section('facts', '', facts([
      [say('grids'), gridLinks([said.grid])], [say('level'), said.level], [say('maker'), said.maker], [say('in_use'), said.in_use],
      [say('warranty'), ended(said.warranty_until)], [say('inspection'), ended(said.inspection_due)],
    ])), states.length ? section('history', say('states'), el('ol', 'gm-story', states.slice(0, 12).map(stateLine))) : null, openHere(feature => feature.properties.facility === said.code));
    foot.replaceChildren();
  }

  function stateLine({ at, state, person, note, issue }) {
    return el('li', '', el('time', '', g.moment(at)), el('b', '', g.term('states', state)), person && el('span', '', person), note && el('blockquote', '', note), issue && link('issue', issue));
  }

  async function showOverlay({ code }, still) {
    const feature = featureIn('overlays', code);
    if (!feature) throw Object.assign(new Error(say('gone')), { status: 404 });
    const said = feature.properties;
    if (!still()) return;
    head({ title: said.name || said.code, kicker: [g.term('overlays', said.kind), said.code].join(' · '), feature });
    fillBody(section('facts', '', facts([[say('keeper'), said.role && roleOf(said.role)], [say('level'), said.level]])));
    foot.replaceChildren();
  }

  // ------------------------------------------------------------ an issue

  const STAMPS = ['first_answer', 'accepted', 'on_site', 'under_control', 'resolved'];
  let issue = null;
  let known = new Map();

  async function showIssue({ code }, still) {
    const [found, staff] = await Promise.all([send('GET', issuePath(code)), people()]);
    if (!still()) return;
    known = staff;
    drawIssue(found);
    drawActions();
  }

  const personName = code => known.get(code)?.name || code;
  const isOpen = said => g.config.rules.open.includes(said.status);
  const pointOf = said => ({ type: 'Feature', id: said.code, geometry: { type: 'Point', coordinates: [said.lon, said.lat] }, properties: said });

  function drawIssue(found) {
    issue = found;
    const asks = isOpen(found) ? g.attention(found) : null;
    const kicker = [found.code, say(`kind_${found.kind}`), g.term('urgencies', found.urgency), g.term('statuses', found.status)];
    head({ title: g.categoryOf(found), kicker: kicker.join(' · '), symbol: asks && g.symbol(asks), feature: pointOf(found) });
    fillBody(call(found), clocks(found), report(found), where(found), who(found), photos(found), story(found), why(found), belongs(found));
  }

  function call({ call: outside }) {
    if (!outside) return null;
    return el('p', 'gm-call', icon('phone', 16), outside.number ? say('call', outside) : say('call_body', outside));
  }

  function clocks(found) {
    const rows = STAMPS.map(stamp => [stamp, found.deadlines[stamp]]).filter(([, due]) => due?.due_at);
    if (!rows.some(([stamp]) => stamp === 'resolved') && found.due_at) rows.push(['resolved', { due_at: found.due_at }]);
    if (!rows.length) return null;
    const waiting = isOpen(found) && !found.resolved_at;
    const next = rows.filter(([stamp]) => waiting && !found[`${stamp}_at`]).sort((one, other) => one[1].due_at.localeCompare(other[1].due_at))[0];
    return section('clocks', say('clocks'), el('ul', 'gm-dues', rows.map(([stamp, due]) => clock(found, stamp, due, next?.[0] === stamp, waiting))));
  }

  function clock(found, stamp, { due_at: due, provisional }, isNext, waiting) {
    const reached = found[`${stamp}_at`];
    const late = reached ? new Date(reached) > new Date(due) : new Date(due) < g.now();
    const made = el('li', `gm-due${isNext ? ' gm-next' : ''}${late ? ' gm-late' : ''}${reached ? ' gm-met' : ''}`, el('span', '', say(`stamp_${stamp}`)));
    if (reached) made.append(el('b', '', say(late ? 'met_late' : 'met', { moment: g.moment(reached) })));
    else if (found.held_at && waiting) made.append(el('b', 'gm-paused', say('paused', { moment: g.moment(found.held_at) })));
    else if (waiting) made.append(running(due));
    made.append(el('small', '', say('by', { moment: g.moment(due) })));
    if (provisional) made.append(el('em', '', say('provisional')));
    return made;
  }

  function report(found) {
    const others = found.supporters || [];
    const said = others.filter(each => each.text || each.name || each.phone).map(each => el('li', '', el('time', '', g.moment(each.at)), each.name && el('span', '', each.name), each.text && el('blockquote', '', each.text), each.phone && phone(each.phone)));
    return section('report', say('text'), found.text && el('p', 'gm-words', found.text), el('p', 'gm-aside', [say('reported_at', { moment: g.moment(found.reported_at) }), others.length && say('supported', { count: others.length })].filter(Boolean).join(' · ')), said.length ? el('ol', 'gm-story', said) : null);
  }

  function where(found) {
    const codes = [found.tier1, found.tier2, found.tier3].filter(there);
    const steps = (codes.length ? codes : [found.grid].filter(there)).flatMap((code, n) => [n ? el('span', 'gm-sep', '›') : null, link('grid', code, g.cells.get(code)?.properties.name || g.shortCode(code))]);
    const tags = [found.level && say('floor', { level: found.level }), has(`position_${found.position}`) && say(`position_${found.position}`)].filter(Boolean);
    return section('where', say('where'), el('nav', 'gm-chain', steps, tags.map(tag => el('span', 'gm-tag', tag))), found.facility && el('p', '', link('facility', found.facility)));
  }

  function who(found) {
    const line = (holder, label) => {
      if (!holder) return null;
      const name = holder.person?.name || roleOf(holder.role) || say('nobody');
      const under = [label, holder.person && roleOf(holder.role), holder.grid && g.shortCode(holder.grid)].filter(Boolean).join(' · ');
      const number = g.can('phones') && known.get(holder.person?.code)?.phone;
      return el('div', 'gm-person', el('div', '', g.node('b', '', name), g.node('small', '', under)), number && phone(number));
    };
    const reporter = found.reporter && el('div', 'gm-person', el('div', '', g.node('b', '', found.reporter.name || say('reporter')), g.node('small', '', say('reporter'))), found.reporter.phone && phone(found.reporter.phone));
    return section('who', say('people'), line(found.owner, say('owner')), line(found.handler, say('handler')), reporter);
  }

  // ------------------------------------------------------------ photos

  function photos(found) {
    if (!found.photos.length || !g.can('words')) return null;
    const grid = el('div', 'gm-photos', found.photos.map((photo, n) => thumbnail(found, photo, n)));
    send('GET', issuePath(found.code, '/photos')).then(rows => {
      for (const row of rows) {
        const doubt = [row.from_issue_m > 100 && say('far_off', { metres: Math.round(row.from_issue_m) }), row.elsewhere > 0 && say('elsewhere')].filter(Boolean).join(' · ');
        const made = grid.querySelector(`[data-photo="${row.id}"]`);
        if (doubt && made) made.append(el('span', 'gm-doubt', doubt));
      }
    }, () => {});
    return section('photos', say('photos'), grid);
  }

  function thumbnail(found, { id, sort, at, taken_at: taken }, n) {
    const picture = g.node('img');
    picture.loading = 'lazy';
    picture.alt = '';
    picture.src = `/photos/${Number(id)}`;
    const label = say('photo', { number: n + 1, sort: say(`sort_${sort}`) });
    const made = el('figure', '', named(button('', label, () => enlarge(found, n), picture), `photo:${id}`), el('figcaption', '', `${say(`sort_${sort}`)} · ${g.moment(taken || at)}`));
    made.dataset.photo = id;
    return made;
  }

  const light = el('dialog', 'gm-light');
  document.body.append(light);
  light.addEventListener('click', event => event.target === light && light.close());

  function enlarge(found, start) {
    const step = by => enlarge(found, (start + by + found.photos.length) % found.photos.length);
    const { id, sort } = found.photos[start];
    const picture = g.node('img');
    picture.src = `/photos/${Number(id)}`;
    picture.alt = say('photo', { number: start + 1, sort: say(`sort_${sort}`) });
    light.replaceChildren(picture, button('gm-icon', say('close'), () => light.close(), icon('close')));
    light.onkeydown = event => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (by) step(by);
    };
    if (!light.open) light.showModal();
  }

  // ------------------------------------------------------------ what has happened

  function story(found) {
    const lines = [...found.history].reverse();
    const list = el('ol', 'gm-story', lines.map(historyLine));
    if (lines.length > FIRST_LINES && !unfolded.has('story')) {
      [...list.children].slice(FIRST_LINES).forEach(each => { each.hidden = true; });
      const more = named(button('gm-plain', say('more', { count: lines.length }), () => {
        unfolded.add('story');
        [...list.children].forEach(each => { each.hidden = false; });
        more.remove();
      }), 'story');
      return section('history', say('history'), list, more);
    }
    return section('history', say('history'), list);
  }

  function historyLine(line) {
    const by = line.person || roleOf(line.role);
    const details = [...detailsOf(line)];
    return el('li', `gm-line-${line.action}`, el('time', '', g.moment(line.at)), el('b', '', say(`event_${line.action}`)), by && el('span', '', by), details.length ? el('small', '', details.join(' · ')) : null, line.note && el('blockquote', '', line.note));
  }

  function* detailsOf({ data }) {
    if (!data) return;
    if (data.to && typeof data.to === 'string') yield say('to_whom', { person: personName(data.to) });
    if (has(`stamp_${data.stamp}`)) yield say(`stamp_${data.stamp}`);
    if (Array.isArray(data.to) && data.to.length) yield say('to_whom', { person: together(data.to.map(personName)) });
    if (data.passed != null) yield say(data.passed ? 'passed' : 'failed');
    if (data.satisfaction) yield say('rated', { stars: data.satisfaction });
    if (data.no_answer) yield say('unanswered');
    if (data.via) yield say(`via_${data.via}`);
    if (data.as) yield say(`closed_${data.as}`);
    if (data.body) yield say(data.reference ? 'referred_as' : 'referred_to', data);
    if (data.look_at) yield say('look_again', { moment: g.moment(data.look_at) });
    if (data.parent) yield say('into', { code: data.parent });
    if (data.child) yield data.child;
    if (Array.isArray(data.category)) yield say('was_now', { was: g.term('categories', data.category[0]), now: g.term('categories', data.category[1]) });
    if (Array.isArray(data.urgency)) yield say('was_now', { was: g.term('urgencies', data.urgency[0]), now: g.term('urgencies', data.urgency[1]) });
    if (data.complex) yield say('complex');
    if (data.photos?.length) yield say('with_photos', { count: data.photos.length });
    for (const { what, due } of data.steps || []) yield say('plan_step', { what, moment: g.moment(due) });
    for (const [stamp, moved] of Object.entries(data.deadlines || {})) {
      const [was, now] = Array.isArray(moved) ? moved : [null, moved];
      if (STAMPS.includes(stamp)) yield say(now == null ? 'no_due' : was ? 'moved_due' : 'new_due', { stamp: say(`stamp_${stamp}`), was: g.moment(was), now: g.moment(now) });
    }
    for (const reason of data.reasons || []) if (reason?.text) yield reason.text;
  }

  function why({ reasons }) {
    return reasons.length ? folded('reasons', say('reasons'), el('ol', 'gm-reasons', reasons.map(({ text }) => el('li', '', text)))) : null;
  }

  function belongs({ parent, children }) {
    if (!parent && !children.length) return null;
    return section('links', say('links'), facts([[say('parent'), parent && link('issue', parent)], [say('children'), children.map(code => link('issue', code))]]));
  }

  // ------------------------------------------------------------ what one may do

  // action: what can be said with it; what has no question mark it cannot do without (domain/commands.py)
  const FORMS = {
    file: 'category? urgency? complex? note?',
    verify: 'category? urgency? complex? note? photos?',
    dispatch: 'to? due? note?',
    accept: '',
    return: 'note',
    transfer: 'to due? note?',
    start: '',
    arrive: '',
    control: 'note? photos?',
    hold: 'note look_at?',
    resume: '',
    support: 'note',
    refer: 'body reference? look_at? note?',
    resolve: 'note? photos?',
    check: 'passed note? photos?',
    answer: 'note',
    follow_up: 'via satisfaction? words? no_answer?',
    close: 'note? no_answer?',
    reopen: 'note',
    void: 'note',
    merge: 'parent note?',
    supervise: 'note?',
    plan: 'steps note?',
    sign: 'note?',
  };
  // status: what it waits for, of whoever has it or hands it out
  const AWAITED = { reported: 'dispatch', filed: 'dispatch', dispatched: 'accept', accepted: 'start', in_progress: 'resolve', on_hold: 'resume', referred: 'refer', resolved: 'check', checked: 'close' };
  const OF_HANDLER = ['accept', 'start', 'arrive', 'control', 'resolve', 'resume', 'hold', 'support', 'answer', 'return', 'transfer', 'refer', 'plan'];
  const OF_OTHERS = ['dispatch', 'check', 'close', 'supervise', 'follow_up', 'answer', 'verify', 'file', 'reopen', 'sign'];
  const MOST_SHOWN = 3;
  const AFTER = ['resolve', 'check'];
  // issue: what is being written to it; it outlives the card
  const forms = new Map();

  const isMine = ({ handler }) => Boolean(handler?.person) && handler.person.code === g.config.person;

  function inOrder({ status, allowed, handler }) {
    const mine = isMine({ handler });
    const words = mine || !g.can('dispatch') ? [...OF_HANDLER, ...OF_OTHERS] : [...OF_OTHERS, ...OF_HANDLER];
    const awaited = AWAITED[status];
    const first = mine || OF_OTHERS.includes(awaited) || !g.can('dispatch') ? awaited : null;
    const rank = action => (action === first ? -1 : words.includes(action) ? words.indexOf(action) : words.length);
    return allowed.filter(action => action in FORMS).sort((one, other) => rank(one) - rank(other));
  }

  function drawActions() {
    const written = forms.get(issue.code);
    if (written) {
      written.check();
      if (written.element.parentElement !== foot) foot.replaceChildren(written.element);
      return;
    }
    const actions = inOrder(issue);
    if (!actions.length) {
      foot.replaceChildren();
      return;
    }
    const held = foot.contains(document.activeElement);
    const buttons = actions.map((action, n) => named(button(n ? 'gm-act' : 'gm-act gm-first', actionOf(action), () => begin(action)), `act:${action}`));
    // Whoever hands out is offered what is his own first; what the handler does he may do, too, but seldom does.
    const own = action => !g.can('dispatch') || isMine(issue) || OF_OTHERS.includes(action);
    const count = Math.max(1, actions.slice(0, MOST_SHOWN).filter(own).length);
    const rest = buttons.slice(count);
    const bar = el('div', 'gm-acts', buttons.slice(0, count));
    bar.setAttribute('role', 'group');
    bar.setAttribute('aria-label', say('actions'));
    foot.replaceChildren(bar);
    if (rest.length) {
      const more = el('details', 'gm-more-acts', g.node('summary', 'gm-act', say('other_actions')), el('div', 'gm-acts', rest));
      bar.append(more);
    }
    if (held) top.querySelector('h2')?.focus({ preventScroll: true });
  }

  function begin(action) {
    const asked = FORMS[action];
    const form = formOf(issue, action, asked);
    if (!asked) {
      for (const each of foot.querySelectorAll('button')) each.disabled = true;
      form.submit();
      return;
    }
    forms.set(issue.code, form);
    drawActions();
    form.first()?.focus({ preventScroll: true });
  }

  function formOf(about, action, asked) {
    const { code } = about;
    const fields = asked.split(' ').filter(Boolean).map(said => fieldOf(said.replace('?', ''), { needed: !said.endsWith('?'), action, about }));
    const wrong = el('p', 'gm-wrong');
    wrong.setAttribute('role', 'alert');
    const send_ = el('button', 'gm-act gm-first', say('do'));
    send_.type = 'submit';
    const element = el('form', 'gm-form', g.node('h3', '', actionOf(action)), fields.map(field => field.element), wrong,
      el('div', 'gm-acts', send_, button('gm-act', say('cancel'), () => drop())));
    element.noValidate = true;
    element.setAttribute('aria-label', actionOf(action));
    let photosSent = null;

    function drop() {
      forms.delete(code);
      if (issue?.code !== code || view?.code !== code) return;
      drawActions();
      (foot.querySelector(`[data-at="act:${action}"]`) || foot.querySelector('button') || top.querySelector('h2')).focus({ preventScroll: true });
    }

    function tell(text) {
      wrong.textContent = text || '';
    }

    /* Whether it still can be done, now that the issue is what it is. */
    function check() {
      const may = issue.allowed.includes(action);
      send_.disabled = !may;
      if (!may) tell(say('no_longer', { action: actionOf(action) }));
    }

    async function photoNumbers(field) {
      const files = field?.files() || [];
      if (!files.length) return [];
      photosSent = photosSent || [];
      for (const [n, file] of files.entries()) {
        if (photosSent[n]?.file === file) continue;
        send_.textContent = say('sending_photo', { number: n + 1, count: files.length });
        const sent = new FormData();
        sent.append('file', file);
        sent.append('sort', field.sort());
        photosSent[n] = { file, id: (await send('POST', issuePath(code, '/photos'), sent)).id };
      }
      return photosSent.slice(0, files.length).map(({ id }) => id);
    }

    async function submit(event) {
      event?.preventDefault();
      fields.forEach(field => field.wrong(''));
      tell('');
      const missing = fields.filter(field => field.needed && !given(field.read()));
      missing.forEach(field => field.wrong(say('needed')));
      if (missing.length) {
        missing[0].focus();
        return;
      }
      send_.disabled = true;
      send_.textContent = say('sending');
      try {
        const said = { action, version: issue.code === code ? issue.version : about.version };
        for (const field of fields) if (field.name !== 'photos' && given(field.read())) said[field.name] = field.read();
        const numbers = await photoNumbers(fields.find(field => field.name === 'photos'));
        if (numbers.length) said.photos = numbers;
        done(await send('POST', issuePath(code, '/actions'), said));
      } catch (error) {
        refused(error);
      } finally {
        send_.disabled = false;
        send_.textContent = say('do');
      }
    }

    function done(answer) {
      forms.delete(code);
      const away = !answer.history;
      g.toast(away ? say('given_away') : say('done', { code, status: g.term('statuses', answer.status) }), 'good');
      if (!away && answer.lon != null) g.upsert([asListed(answer)]);
      if (view?.kind !== 'issue' || view.code !== code) return;
      if (away) {
        close();
        return;
      }
      drawIssue(answer);
      drawActions();
      (foot.querySelector('button') || top.querySelector('h2')).focus({ preventScroll: true });
    }

    function refused(error) {
      const changed = error.status === 409 && error.problem?.issue;
      if (changed && issue?.code === code) {
        const before = issue.version;
        drawIssue(changed);
        check();
        tell(changed.version === before ? error.message : say('stale', { code, status: g.term('statuses', changed.status) }));
        if (!element.isConnected) g.toast(error.message, 'bad');
        if (!forms.has(code)) drawActions();
        return;
      }
      let placed = false;
      for (const each of error.problem?.errors || []) {
        const field = fields.find(one => one.name === each.field.split('.')[0]);
        if (!field) continue;
        field.wrong(each.message);
        if (!placed) field.focus();
        placed = true;
      }
      if (!placed) tell(error.message);
      if (element.isConnected) return;
      g.toast(error.message, 'bad');
      if (issue?.code === code && view?.code === code) drawActions();
    }

    element.addEventListener('submit', submit);
    return { element, check, submit, action, first: () => element.querySelector('textarea, input, select, button') };
  }

  /* An issue as the list and the map have it. */
  function asListed(answer) {
    const { history: _, reasons: __, answers: ___, ...kept } = answer;
    return { ...pointOf(answer), properties: kept };
  }

  // ------------------------------------------------------------ what is said with an action

  let numbered = 0;

  function fieldOf(name, { needed, action, about }) {
    const label = { parent: 'merge_into', complex: 'is_complex', passed: 'check_passed', photos: 'add_photos' }[name] || name;
    const control = CONTROLS[name]({ action, about });
    numbered += 1;
    const id = `gm-field-${numbered}`;
    const wrong = el('p', 'gm-wrong');
    wrong.id = `${id}-wrong`;
    wrong.setAttribute('role', 'alert');
    const grouped = Boolean(control.group);
    const name_ = el(grouped ? 'legend' : 'label', '', say(label), !needed && !control.box && el('small', '', say('optional')));
    const element = el(grouped ? 'fieldset' : 'div', `gm-field gm-field-${name}${control.box ? ' gm-box-field' : ''}`, control.box ? [control.element, name_] : [name_, control.element], wrong);
    const input = control.input || control.element;
    if (!grouped) {
      input.id = id;
      name_.htmlFor = id;
    }
    input.setAttribute?.('aria-describedby', wrong.id);
    if (needed) input.required = true;
    return {
      name, element, needed, read: control.read, files: control.files, sort: control.sort, focus: () => input.focus(),
      wrong: text => {
        wrong.textContent = text;
        input.setAttribute?.('aria-invalid', Boolean(text));
      },
    };
  }

  function input(type, more = {}) {
    const made = Object.assign(g.node('input'), { type, ...more });
    return { element: made, read: () => made.value.trim() || null };
  }

  function writing() {
    const made = Object.assign(g.node('textarea'), { rows: 2, maxLength: 2000 });
    return { element: made, read: () => made.value.trim() || null };
  }

  function select(options, empty) {
    const made = g.node('select');
    const option = ([value, text]) => Object.assign(g.node('option', '', text), { value });
    made.append(...[empty != null && ['', empty], ...options].filter(Boolean).map(option));
    return { element: made, read: () => made.value || null };
  }

  function ticked() {
    const made = Object.assign(g.node('input'), { type: 'checkbox' });
    return { element: made, box: true, read: () => made.checked || null };
  }

  function radios(options, chosen) {
    numbered += 1;
    const name = `gm-choice-${numbered}`;
    const inputs = options.map(([value]) => Object.assign(g.node('input'), { type: 'radio', name, value, checked: value === chosen }));
    const element = el('div', 'gm-choices', options.map(([, text, more], n) => el('label', '', inputs[n], el('span', '', text), more)));
    return { element, group: true, input: inputs[0], value: () => inputs.find(each => each.checked)?.value ?? null, read: () => inputs.find(each => each.checked)?.value || null };
  }

  /* A moment by the site's clock, whatever the clock of this machine says. */
  function momentField() {
    const { element } = input('datetime-local');
    return { element, read: () => (element.value ? new Date(instantOf(element.value)).toISOString() : null) };
  }

  function instantOf(wall) {
    const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: g.config.timezone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' });
    const wallOf = ms => Date.parse(`${parts.format(ms).replace(' ', 'T')}Z`);
    const wanted = Date.parse(`${wall}Z`);
    const guess = wanted - (wallOf(wanted) - wanted);
    return guess - (wallOf(guess) - wanted);
  }

  function categoryField() {
    const made = select([], say('unchanged'));
    once('/categories').then(rows => {
      const groups = new Map();
      for (const row of rows) {
        if (!groups.has(row.group)) groups.set(row.group, Object.assign(g.node('optgroup'), { label: row.group_name }));
        groups.get(row.group).append(Object.assign(g.node('option', '', row.name), { value: row.code }));
      }
      made.element.append(...groups.values());
    }, () => {});
    return made;
  }

  function photoField({ action }) {
    const { element: file } = input('file', { accept: 'image/jpeg,image/png,image/webp', multiple: true });
    const kinds = select(['near', 'far', 'before', 'after', 'reference'].map(sort => [sort, say(`sort_${sort}`)]));
    kinds.element.value = AFTER.includes(action) ? 'after' : 'near';
    kinds.element.setAttribute('aria-label', say('photo_kind'));
    return { element: el('div', 'gm-two', file, kinds.element), input: file, read: () => file.files.length || null, files: () => [...file.files], sort: kinds.read };
  }

  function stepsField() {
    const rows = el('div', 'gm-steps');
    const add = () => {
      const number = rows.children.length + 1;
      const what = input('text', { maxLength: 200 }).element;
      what.setAttribute('aria-label', say('step', { number }));
      const when = momentField();
      when.element.setAttribute('aria-label', say('due'));
      const row = el('div', 'gm-two', what, when.element);
      row.read = () => (what.value.trim() && when.read() ? { what: what.value.trim(), due: when.read() } : null);
      rows.append(row);
      return what;
    };
    add();
    const read = () => {
      const steps = [...rows.children].map(row => row.read()).filter(Boolean);
      return steps.length ? steps : null;
    };
    return { element: el('div', '', rows, button('gm-plain', say('add_step'), () => add().focus())), group: true, input: rows.querySelector('input'), read };
  }

  function listed(options) {
    numbered += 1;
    const list = Object.assign(g.node('datalist'), { id: `gm-known-${numbered}` });
    list.append(...options.map(([value, text]) => Object.assign(g.node('option', '', text), { value })));
    return list;
  }

  function parentField({ about }) {
    const { element, read } = input('text', { autocomplete: 'off' });
    const far = ({ geometry: { coordinates: [lon, lat] } }) => g.map.distance([lat, lon], [about.lat, about.lon]);
    const near = [...g.issues.values()].filter(feature => feature.geometry && feature.properties.code !== about.code).sort((one, other) => far(one) - far(other)).slice(0, 12);
    const list = listed(near.map(({ properties: each }) => [each.code, `${g.categoryOf(each)} · ${each.text || ''}`]));
    element.setAttribute('list', list.id);
    return { element: el('div', '', element, list), input: element, read };
  }

  /* Whoever of the site is meant, found by name or code. */
  function personInput() {
    const { element, read } = input('text', { autocomplete: 'off', placeholder: say('find_person') });
    const list = listed([]);
    element.setAttribute('list', list.id);
    element.setAttribute('aria-label', say('find_person'));
    let staff = new Map();
    people().then(found => {
      staff = found;
      list.append(...[...found.values()].map(each => Object.assign(g.node('option', '', [each.name, together([...new Set(each.posts.map(post => roleOf(post.role)))])].join(' · ')), { value: each.code })));
    });
    const code = () => {
      const asked = read();
      if (!asked || staff.has(asked)) return asked;
      const found = [...staff.values()].filter(each => each.name === asked);
      return found.length === 1 ? found[0].code : asked;
    };
    return { element: el('div', 'gm-person-input', element, list), input: element, read: code };
  }

  function standing({ on_duty: onDuty, open_work: work, distance_m: metres }) {
    const said = [say(onDuty ? 'on_duty' : 'off_duty'), say('load', { count: work }), metres != null && say('metres_off', { metres: Math.round(metres) })];
    return said.filter(Boolean).join(' · ');
  }

  const ELSE = 'somebody else';

  /* Who gets it: as the rules choose, one of those whose work it is, or somebody else. */
  function toField({ action, about }) {
    const other = personInput();
    if (!g.can('dispatch')) return other;
    const holder = el('div', 'gm-who');
    let choice = null;
    const draw = (rules, rows) => {
      const options = [
        ...(action === 'dispatch' ? [['', rules]] : []),
        ...rows.map(each => [each.person.code, each.person.name, el('small', '', [roleOf(each.role), standing(each)].join(' · '))]),
        [ELSE, say('somebody_else')],
      ];
      choice = radios(options, action === 'dispatch' ? '' : null);
      holder.replaceChildren(choice.element, other.element);
      other.element.hidden = true;
      choice.element.addEventListener('change', () => {
        other.element.hidden = choice.value() !== ELSE;
        if (choice.value() === ELSE) other.input.focus();
      });
    };
    draw(say('by_rules'), []);
    send('GET', issuePath(about.code, '/candidates')).then(found => {
      const name = found.person ? say('by_rules_to', { person: found.person.name }) : say('by_rules');
      draw(name, found.candidates);
      if (action === 'dispatch') holder.append(el('ul', 'gm-reasons', found.reasons.map(({ text }) => el('li', '', text))));
    }, () => {});
    return { element: holder, group: true, input: holder, read: () => (choice.value() === ELSE ? other.read() : choice.read()) };
  }

  const CONTROLS = {
    note: writing, words: writing, due: momentField, look_at: momentField, photos: photoField, steps: stepsField, parent: parentField, to: toField,
    body: () => input('text', { maxLength: 200 }), reference: () => input('text', { maxLength: 200 }),
    complex: ticked, no_answer: ticked, category: categoryField,
    urgency: () => select(Object.entries(g.config.terms.urgencies), say('unchanged')),
    via: () => select(['phone', 'visit', 'link', 'page'].map(via => [via, say(`via_${via}`)])),
    passed: () => {
      const made = radios([['yes', say('yes')], ['no', say('no')]]);
      return { ...made, read: () => ({ yes: true, no: false })[made.value()] ?? null };
    },
    satisfaction: () => {
      const made = radios(['1', '2', '3', '4', '5'].map(each => [each, each]));
      return { ...made, read: () => (made.value() ? Number(made.value()) : null) };
    },
  };

  // ------------------------------------------------------------ several at once

  const MOST_ASKED = 60;
  const AT_ONCE = 6;
  let chosen = [];
  let outcome = null;
  let manyForm = null;
  const bar = document.getElementById('gm-marked');
  const candidatesOf = new Map();

  function onMarked(codes) {
    chosen = codes;
    drawBar();
    for (const tick_ of document.querySelectorAll('#gm-list [data-code] input')) tick_.checked = codes.includes(tick_.closest('[data-code]').dataset.code);
    if (view?.kind === 'several') {
      if (codes.length || outcome) g.soon('several', () => view?.kind === 'several' && show());
      else close();
    } else if (codes.length && box.hidden && !g.small()) open({ kind: 'several', code: '' }, { focus: false });
  }

  function drawBar() {
    if (!bar) return;
    bar.hidden = !chosen.length;
    bar.replaceChildren(
      g.node('b', '', say('chosen', { count: chosen.length })),
      button('gm-plain', say('hand_out', { count: chosen.length }), () => { outcome = null; open({ kind: 'several', code: '' }); }),
      button('gm-plain', say('drop_all'), () => g.unmark?.()),
    );
  }

  const turnMark = code => g.select({ kind: 'issue', code, several: true });

  async function showSeveral(asked, still) {
    const features = chosen.map(code => g.issues.get(code)).filter(Boolean);
    head({ title: say('chosen', { count: chosen.length }) });
    manyForm = manyForm || severalForm();
    fillBody(outcome && outcomePart(), features.length ? el('ol', 'gm-issues gm-chosen', features.map(chosenRow)) : null, features.length ? manyForm.element : null);
    foot.replaceChildren(...(features.length ? [manyForm.foot] : []));
    manyForm.count();
    if (features.length) await manyForm.offer(features, still);
  }

  function chosenRow(feature) {
    const { properties: said_ } = feature;
    const made = issueRow({ ...said_, attention: g.attention(said_) });
    made.append(named(button('gm-icon', say('drop', { code: said_.code }), () => turnMark(said_.code), icon('close', 16)), `drop:${said_.code}`));
    return made;
  }

  /* What one says once for all of them; it stays while issues are added and left out. */
  function severalForm() {
    const note = fieldOf('note', { needed: false, action: 'dispatch' });
    note.element.querySelector('label').firstChild.textContent = say('tell_all');
    const due = fieldOf('due', { needed: false, action: 'dispatch' });
    const other = personInput();
    const holder = el('div', 'gm-who');
    const wrong = el('p', 'gm-wrong');
    wrong.setAttribute('role', 'alert');
    const element = el('form', 'gm-form', el('fieldset', 'gm-field', g.node('legend', '', say('all_to')), holder), due.element, note.element, wrong);
    element.noValidate = true;
    element.id = 'gm-many';
    const press = Object.assign(el('button', 'gm-act gm-first'), { type: 'submit' });
    press.setAttribute('form', element.id);
    const foot_ = el('div', 'gm-acts', press, button('gm-act', say('drop_all'), () => g.unmark?.()));
    let choice = null;
    let asked = '';

    function draw(rows, quiet) {
      const before = choice?.value() ?? '';
      const options = [['', say('each_by_rules')], ...rows.map(each => [each.person.code, each.person.name, el('small', '', [roleOf(each.role), standing(each), each.fits === chosen.length ? say('fits_all') : say('fits', { count: each.fits, all: chosen.length })].join(' · '))]), [ELSE, say('somebody_else')]];
      choice = radios(options, options.some(([value]) => value === before) ? before : '');
      other.element.hidden = choice.value() !== ELSE;
      choice.element.addEventListener('change', () => { other.element.hidden = choice.value() !== ELSE; });
      holder.replaceChildren(...[choice.element, other.element, quiet && el('p', 'gm-quiet', quiet)].filter(Boolean));
    }

    async function offer(features, still) {
      const wanted = features.map(feature => `${feature.properties.code}/${feature.properties.version}`).join(' ');
      if (wanted === asked) return;
      if (!choice) draw([]);
      if (features.length > MOST_ASKED) {
        draw([], say('too_many', { most: MOST_ASKED }));
        return;
      }
      const found = await allCandidates(features);
      if (!still()) return;
      asked = wanted;
      draw(found, found.some(each => each.fits === features.length) ? '' : say('no_common'));
    }

    async function submit(event) {
      event.preventDefault();
      wrong.textContent = '';
      const to = choice?.value() === ELSE ? other.read() : choice?.read();
      if (choice?.value() === ELSE && !to) {
        wrong.textContent = say('needed');
        other.input.focus();
        return;
      }
      press.disabled = true;
      press.textContent = say('sending');
      try {
        await handOut({ to, note: note.read(), due: due.read() });
        note.element.querySelector('textarea').value = '';
        asked = '';
      } catch (error) {
        wrong.textContent = error.message;
      } finally {
        press.disabled = false;
        count();
      }
    }

    const count = () => { press.textContent = say('hand_out', { count: chosen.length }); };
    element.addEventListener('submit', submit);
    draw([]);
    return { element, foot: foot_, offer, count };
  }

  /* Who could have them, those first whose work most of them are, then by the order of the rules. */
  async function allCandidates(features) {
    const waiting = [...features];
    const counted = new Map();
    const next = async () => {
      for (let feature = waiting.shift(); feature; feature = waiting.shift()) {
        const { code, version } = feature.properties;
        const key = `${code}/${version}`;
        if (!candidatesOf.has(key)) candidatesOf.set(key, send('GET', issuePath(code, '/candidates')).then(said_ => said_.candidates, () => []));
        for (const each of await candidatesOf.get(key)) {
          const known_ = counted.get(each.person.code);
          counted.set(each.person.code, { ...each, fits: (known_?.fits || 0) + 1 });
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    return [...counted.values()].sort((one, other) => other.fits - one.fits || other.on_duty - one.on_duty || one.open_work - other.open_work || one.person.code.localeCompare(other.person.code)).slice(0, 12);
  }

  async function handOut(how) {
    const wanted = Object.fromEntries(Object.entries(how).filter(([, value]) => given(value)));
    const actions = chosen.map(code => ({ issue: code, action: 'dispatch', version: g.issues.get(code)?.properties.version, ...wanted }));
    const answer = await send('POST', '/issues/actions', { actions });
    candidatesOf.clear();
    const staff = await people();
    const rows = answer.results.map(each => ({ ...each, name: staff.get(each.handler)?.name || each.handler }));
    outcome = { done: answer.done, refused: rows.length - answer.done, rows };
    await refresh(rows.map(each => each.issue));
    // What was refused stays chosen.
    for (const each of rows) if (!each.error && chosen.includes(each.issue)) turnMark(each.issue);
    g.toast(say('handed_out', outcome), outcome.refused ? 'bad' : 'good');
    if (view?.kind !== 'several') return;
    show();
    top.querySelector('h2')?.focus({ preventScroll: true });
  }

  /* The issues as they are now, for a map that nothing tells. */
  async function refresh(codes) {
    const found = await Promise.all(codes.slice(0, MOST_ASKED).map(code => send('GET', issuePath(code)).catch(() => null)));
    g.upsert(found.filter(Boolean).map(asListed));
  }

  function outcomePart() {
    const rows = outcome.rows.map(each => el('li', each.error ? 'gm-refused' : 'gm-done-one', link('issue', each.issue), el('span', '', each.error ? say('refused', { reason: each.error }) : each.name || g.term('statuses', each.status))));
    const made = section('outcome', say('handed_out', outcome), el('ul', 'gm-outcome', rows));
    made.setAttribute('role', 'status');
    return made;
  }

  // ------------------------------------------------------------ choosing on the map

  let choosing = false;
  let lasso = null;
  let boxed = false;

  function addChoosing() {
    if (!g.can('dispatch')) return;
    const press = g.tool({ name: 'several', label: say('several'), icon: drawing('several'), press: () => setChoosing(!choosing) });
    press?.setAttribute('aria-pressed', 'false');

    function setChoosing(isOn) {
      choosing = isOn;
      press.setAttribute('aria-pressed', isOn);
      g.map.getContainer().classList.toggle('gm-choosing', isOn);
      if (isOn) {
        g.map.dragging.disable();
        g.toast(say('several_on'));
      } else g.map.dragging.enable();
    }

    const container = g.map.getContainer();
    const at = event => g.map.mouseEventToLatLng(event);

    container.addEventListener('pointerdown', event => {
      if (choosing && !event.button && !event.target.closest('.leaflet-control')) lasso = { from: at(event), x: event.clientX, y: event.clientY, shape: null };
    }, true);
    document.addEventListener('pointermove', event => {
      if (!lasso) return;
      const far = Math.hypot(event.clientX - lasso.x, event.clientY - lasso.y) > 6;
      if (!lasso.shape && far) lasso.shape = L.rectangle([lasso.from, at(event)], { className: 'gm-lasso', interactive: false }).addTo(g.map);
      lasso.shape?.setBounds([lasso.from, at(event)]);
    });
    document.addEventListener('pointerup', () => {
      const shape = lasso?.shape;
      lasso = null;
      if (!shape) return;
      const bounds = shape.getBounds();
      shape.remove();
      // The click that follows is the end of the drawing.
      boxed = true;
      setTimeout(() => { boxed = false; }, 0);
      for (const code of shownIn(bounds)) if (!chosen.includes(code)) turnMark(code);
    });
    container.addEventListener('keydown', event => event.key === 'Escape' && choosing && setChoosing(false));
  }

  function shownIn(bounds) {
    const found = [...g.issues.values()].filter(feature => feature.geometry && g.shown(feature) && bounds.contains([feature.geometry.coordinates[1], feature.geometry.coordinates[0]]));
    return found.map(feature => feature.properties.code);
  }

  // ------------------------------------------------------------ taken along

  const DAY_MS = 86_400_000;
  const MOST_NAMED = 400;
  const PICTURED = ['grids', 'buildings', 'facilities', 'overlays', 'issues', 'heat'];
  const drawable = pixels => Math.round(Math.max(200, Math.min(4000, pixels)));

  function addExport() {
    if (!g.can('issues')) return;
    const press = g.tool({ name: 'export', label: say('export'), icon: drawing('export'), press: () => turnMenu(menu.hidden) });
    if (!press) return;
    const menu = el('div', 'gm-export gm-box');
    menu.id = 'gm-export';
    menu.hidden = true;
    menu.setAttribute('role', 'group');
    menu.setAttribute('aria-label', say('export'));
    press.setAttribute('aria-expanded', 'false');
    press.setAttribute('aria-controls', menu.id);
    press.after(menu);

    function turnMenu(isOn, back = true) {
      menu.hidden = !isOn;
      press.setAttribute('aria-expanded', isOn);
      if (isOn) {
        drawMenu();
        menu.querySelector('button')?.focus({ preventScroll: true });
      } else if (back) press.focus({ preventScroll: true });
    }

    function drawMenu() {
      const count = shownIn(g.map.getBounds()).length;
      const files = ['geojson', 'csv', 'xlsx'].map(kind => button('', say(`export_${kind}`), () => take(`/export.${kind}`, wanted())));
      const pictures = ['png', 'svg', 'pdf'].map(kind => button('', say(`picture_${kind}`), () => take(`/picture.${kind}`, pictured())));
      const only = chosen.length && Object.assign(g.node('input'), { type: 'checkbox', id: 'gm-only-chosen', checked: false });
      menu.replaceChildren(...[g.node('h3', '', say('export_count', { count })), only && el('label', 'gm-box-field', only, say('export_chosen', { count: chosen.length })), ...files, g.node('h3', '', say('picture')), ...pictures].filter(Boolean));
    }

    const onlyChosen = () => menu.querySelector('#gm-only-chosen')?.checked;

    /* What is seen, by code, as long as an address can hold it and the page has all of it; else by the list's filters. */
    function wanted() {
      if (onlyChosen()) return { codes: chosen.join(',') };
      const seen = shownIn(g.map.getBounds());
      const exact = seen.length && seen.length <= MOST_NAMED && !g.config.parts.tiles?.issues;
      return exact ? { open: true, codes: seen.join(',') } : { open: true, bbox: boxOf(), attention: g.asked?.only, under: g.asked?.under, ...filters() };
    }

    function filters() {
      const { since, category, status, owner } = g.asked || {};
      return { since: since && new Date(g.now() - Number(since) * DAY_MS).toISOString(), category, status, owner };
    }

    const boxOf = () => {
      const view_ = g.map.getBounds();
      return [view_.getWest(), view_.getSouth(), view_.getEast(), view_.getNorth()].map(each => each.toFixed(6)).join(',');
    };

    /* The same for the picture of it: the service draws all tiers as one layer. */
    function pictured() {
      const names = [...document.querySelectorAll('[data-layer][aria-pressed="true"]')].map(each => (each.dataset.layer.startsWith('tier') ? 'grids' : each.dataset.layer));
      const { x, y } = g.map.getSize();
      return { ...filters(), grid: g.asked?.under, bbox: boxOf(), layers: [...new Set(names)].filter(name => PICTURED.includes(name)).join(','), theme: g.theme(), width: drawable(x), height: drawable(y), keep: true };
    }

    async function take(path, values) {
      const address = new URL(path, location.href);
      for (const [name, value] of Object.entries({ site: g.config.site, lang: g.config.language, ...values })) if (given(value) && value !== undefined) address.searchParams.set(name, value);
      try {
        const answer = await fetch(address, { credentials: 'same-origin' });
        if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.detail || `${answer.status} ${answer.statusText}`);
        const name = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') || '')?.[1] || path.slice(1);
        save(await answer.blob(), name);
        g.toast(say('taken', { name }), 'good');
        turnMenu(false);
      } catch (error) {
        g.toast(say('refused_export', { reason: error.message }), 'bad');
      }
    }

    menu.addEventListener('keydown', event => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      turnMenu(false);
    });
    document.addEventListener('click', event => menu.hidden || menu.contains(event.target) || press.contains(event.target) || turnMenu(false, false));
  }

  function save(blob, name) {
    const made = Object.assign(g.node('a'), { href: URL.createObjectURL(blob), download: name });
    document.body.append(made);
    made.click();
    made.remove();
    setTimeout(() => URL.revokeObjectURL(made.href), 60_000);
  }

  // ------------------------------------------------------------ together

  g.on('select', next => {
    if (boxed && !next?.several) return;
    if (!next) {
      if (!choosing) close();
      return;
    }
    if (next.several && g.can('dispatch')) return;
    if (choosing && next.kind === 'issue' && !next.byList && !box.contains(document.activeElement)) {
      turnMark(next.code);
      return;
    }
    if (SHOW[next.kind]) open({ kind: next.kind, code: next.code });
  });

  g.on('marked', onMarked);

  let again = null;

  /* Something has changed: whoever reads its card reads it as it is now, and keeps what he is writing. */
  g.on('issues', ({ changed, removed, all }) => {
    if (!view || box.hidden) return;
    if (view.kind === 'issue') {
      const feature = g.issues.get(view.code);
      const moved = removed.includes(view.code) || ((all || changed.includes(view.code)) && (!feature || feature.properties.version !== issue?.version));
      if (moved && issue?.code === view.code) reread();
    } else if (view.kind === 'grid' && !again) {
      again = setTimeout(() => { again = null; if (view?.kind === 'grid') show(); }, AGAIN_MS);
    }
  });

  async function reread() {
    const asked = view;
    try {
      const found = await send('GET', issuePath(asked.code));
      if (view !== asked || issue?.code !== asked.code || found.version === issue.version) return;
      drawIssue(found);
      drawActions();
    } catch (error) {
      if (view === asked && error.status === 404) show();
    }
  }

  g.on('ready', () => {
    const [kind, ...code] = (g.recall('card') || '').split(':');
    if (SHOW[kind] && code.length && kind !== 'several') open({ kind, code: code.join(':') }, { focus: false });
  });

  addChoosing();
  addExport();
});
