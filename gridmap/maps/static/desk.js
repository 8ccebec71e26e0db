/* The desk: the card of whatever is chosen, what one may do to an issue from there, several handed out at once, and files
   of what is seen. Here are the card's frame and clock, and what all cards are made of; the desk's other scripts are begun
   with it, and all of them share `desk`. Text of the data is set as text, never as markup. */
GridMap.base(g => { g.desk = { begins: [] }; });
GridMap.part('desk', g => {
  'use strict';
  const { desk } = g;
  const box = document.getElementById('gm-card');
  if (!box || g.config.data) return;

  const say = (key, values) => g.say(`desk.${key}`, values);
  const has = key => key in (g.config.words.desk || {});
  const TICK_MS = 1000;

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

  desk.view = null;
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
    if (!back) trail = !box.hidden && desk.view && box.contains(document.activeElement) && !same(desk.view, next) ? [...trail, desk.view] : same(desk.view, next) ? trail : [];
    const again = same(desk.view, next) && !box.hidden;
    desk.view = next;
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
    // What was drawn anew under him let go of the keyboard: he was within as well.
    const within = box.contains(document.activeElement) || document.activeElement === document.body;
    const { code } = desk.view || {};
    box.hidden = true;
    desk.view = null;
    trail = [];
    g.remember('card', null);
    if (!within) return;
    const row = code && document.querySelector(`#gm-list [data-code="${CSS.escape(code)}"] button`);
    const home = opener?.isConnected && !opener.closest('[hidden]') ? opener : row || g.map.getContainer();
    home.focus({ preventScroll: true });
  }

  // kind: what asks for it and draws it
  const shows = {};

  /* Asks for what the view shows, and draws it, if it still is what is looked at. */
  async function show() {
    const asked = desk.view;
    turn += 1;
    const mine = turn;
    try {
      await shows[asked.kind]?.(asked, () => mine === turn && desk.view === asked);
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

  Object.assign(desk, {
    box, say, has, there, given, el, button, drawing, icon, section, unfolded, folded, facts, link, phone, roleOf,
    actionOf, together, percent, send, issuePath, lang, once, people, top, foot, head, named, fillBody, open, close,
    shows, show, running,
  });

  for (const start of desk.begins) start(desk);

  g.on('select', next => {
    if (desk.isOfSeveral(next)) return;
    if (!next) close();
    else if (shows[next.kind]) open({ kind: next.kind, code: next.code });
  });

  g.on('ready', () => {
    const [kind, ...code] = (g.recall('card') || '').split(':');
    if (shows[kind] && code.length && kind !== 'several') open({ kind, code: code.join(':') }, { focus: false });
  });
});
