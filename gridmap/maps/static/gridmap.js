/* How the grid map behaves: its heart. Folium composes the map and hands over empty layers; what fills them comes from
   the service, or lies in the page. What a map stands on (looks, things, legend) is laid by `GridMap.base`; the parts of
   the page (labels, list, card, live, slider …) register by `GridMap.part` and begin once the map stands. All of them
   share `g`. Text of the data is set as text, never as markup. */
const GridMap = (() => {
  'use strict';

  const NARROW = 820;
  const WATCH_MS = 20_000;
  const LONGEST_WAIT_MS = 2_000;
  const FACILITIES_FROM_ZOOM = 17;
  const registered = new Map();
  const heard = new EventTarget();
  let clockAhead = 0;

  const g = { map: null, config: null, layers: null, issues: new Map(), cells: new Map(), markers: new Map(), plates: [], openIn: new Map() };

  // ------------------------------------------------------------ words, moments, elements

  const lookUp = path => path.split('.').reduce((found, name) => found?.[name], g.config.words);

  function say(path, values = {}) {
    const sentence = lookUp(path) ?? lookUp(`screen.${path}`) ?? path;
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  }

  const term = (table, code) => g.config.terms[table]?.[code] ?? code ?? '';

  function node(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text != null) made.textContent = text;
    return made;
  }

  // Only for pictures of ours, which the configuration carries.
  function drawn(svg) {
    const holder = document.createElement('template');
    holder.innerHTML = svg || '<svg viewBox="0 0 26 18" aria-hidden="true"></svg>';
    return holder.content.firstElementChild;
  }

  const symbol = attention => drawn(g.config.symbols[attention]);
  const now = () => new Date(Date.now() + clockAhead);

  function setClock(iso) {
    clockAhead = new Date(iso).getTime() - Date.now();
  }

  let byClock;

  /* A moment by the site's clock: its parts by name. */
  function partsOf(time) {
    byClock = byClock || new Intl.DateTimeFormat('en-GB', { timeZone: g.config.timezone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });
    return Object.fromEntries(byClock.formatToParts(new Date(time)).map(({ type, value }) => [type, value]));
  }

  function moment(time) {
    if (time == null || time === '') return '';
    const { month, day, hour, minute } = partsOf(time);
    return `${month}-${day} ${hour}:${minute}`;
  }

  function dayOf(time) {
    const { year, month, day } = partsOf(time);
    return `${year}-${month}-${day}`;
  }

  function span(ms) {
    const minutes = Math.floor(Math.abs(ms) / 60_000);
    const said = { days: Math.floor(minutes / 1440), hours: Math.floor((minutes % 1440) / 60), minutes: minutes % 60 };
    if (said.days) return say('spans.days', said);
    return said.hours ? say('spans.hours', said) : say('spans.minutes', said);
  }

  /* How late an issue is, or how long is left. */
  function late({ due_at, held_at, status }) {
    if (!due_at || g.config.rules.verify.includes(status)) return '';
    if (held_at) return say('spans.held');
    const left = new Date(due_at) - now();
    return say(left < 0 ? 'spans.late' : 'spans.left', { span: span(left) });
  }

  // ------------------------------------------------------------ the service

  async function ask(method, path, values, body) {
    const address = new URL(path, location.href);
    if (g.config.site) address.searchParams.set('site', g.config.site);
    for (const [name, value] of Object.entries(values || {})) {
      for (const each of [value].flat()) if (each != null && each !== '') address.searchParams.append(name, each);
    }
    const asked = { method, headers: { Accept: 'application/json, application/geo+json' }, credentials: 'same-origin' };
    if (body !== undefined) {
      asked.body = JSON.stringify(body);
      asked.headers['Content-Type'] = 'application/json';
    }
    const answer = await fetch(address, asked);
    const said = answer.headers.get('Content-Type')?.includes('json') ? await answer.json() : null;
    if (answer.ok) return said;
    if (answer.status === 401) toast(say('signed_out'), 'bad');
    throw Object.assign(new Error(said?.detail || `${answer.status} ${answer.statusText}`), { status: answer.status, problem: said });
  }

  const get = (path, values) => ask('GET', path, values);
  const post = (path, body, values) => ask('POST', path, values, body);
  const put = (path, body, values) => ask('PUT', path, values, body);
  const remove_ = (path, values) => ask('DELETE', path, values);
  const can = right => (g.config.rights || []).includes(right);

  let silence;

  function toast(text, kind = '') {
    const place = document.getElementById('gm-toast');
    place.replaceChildren(node('p', `gm-box ${kind && `gm-${kind}`}`, text));
    clearTimeout(silence);
    silence = setTimeout(() => place.replaceChildren(), kind === 'bad' ? 9000 : 5000);
  }

  // ------------------------------------------------------------ who hears of what, and what the address holds

  const on = (event, fn) => heard.addEventListener(event, told => fn(told.detail));
  const tell = (event, detail) => heard.dispatchEvent(new CustomEvent(event, { detail }));

  const kept = () => new URLSearchParams(location.hash.slice(1));
  const recall = key => kept().get(key);

  function remember(key, value) {
    const held = kept();
    if (value == null || value === '') held.delete(key);
    else held.set(key, value);
    const said = held.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
    history.replaceState(history.state, '', said ? `#${said}` : location.pathname + location.search);
  }

  function stored(key, value) {
    try {
      if (value === undefined) return localStorage.getItem(key);
      localStorage.setItem(key, value);
    } catch { /* a page in a notebook has none */ }
    return null;
  }

  const gathered = new Map();

  /* Does something once before the next picture, however often it is asked for. */
  function soon(name, fn) {
    if (!gathered.has(name)) {
      requestAnimationFrame(() => {
        const last = gathered.get(name);
        gathered.delete(name);
        last();
      });
    }
    gathered.set(name, fn);
  }

  // ------------------------------------------------------------ opening

  function configure(opened, given) {
    g.map = opened;
    g.config = { rights: [], parts: {}, counts: {}, ...given };
    g.config.style = g.config.styles.light;
    Object.assign(g.config.terms.categories, g.config.ownCategories);
    setClock(g.config.at);
    const wish = recall('theme') || (g.config.hasPage && (stored('gridmap-theme') || (matchMedia('(prefers-color-scheme: dark)').matches && 'dark')));
    g.setTheme(wish === 'dark' ? 'dark' : 'light');
  }

  const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
  const small = () => innerWidth < NARROW;

  // What lies under the panels is not in view.
  function clearOf() {
    if (!g.config.hasPage) return { paddingTopLeft: [16, 16], paddingBottomRight: [g.small() ? 16 : 240, 16] };
    if (g.small()) return { paddingTopLeft: [8, 76], paddingBottomRight: [8, innerHeight * 0.46] };
    const card = document.getElementById('gm-card');
    const beside_ = card.hidden ? 244 : innerWidth >= 1280 ? 244 + 392 : 400;
    return { paddingTopLeft: [346, 80], paddingBottomRight: [beside_, document.getElementById('gm-slider').hidden ? 24 : 108] };
  }

  function whole() {
    if (g.config.bounds) g.map.fitBounds(g.config.bounds, { ...clearOf(), animate: false, maxZoom: 19 });
  }

  function onZoom() {
    g.restyle('edge', 'roads', 'on_land', 'tier3', 'tier2', 'tier1', 'casing');
    g.map.getContainer().classList.toggle('gm-far', g.map.getZoom() < FACILITIES_FROM_ZOOM);
  }

  function openView() {
    const [lat, lng, zoom] = (recall('at') || '').split(',').map(Number);
    if (zoom) g.map.setView([lat, lng], zoom, { animate: false });
    else whole();
    // What is changed here does not fire; a link that is pasted over this one does.
    addEventListener('hashchange', () => location.reload());
    g.map.on('moveend', () => {
      const { lat: y, lng: x } = g.map.getCenter();
      remember('at', `${y.toFixed(5)},${x.toFixed(5)},${Math.round(g.map.getZoom() * 10) / 10}`);
      tell('view');
    });
  }

  function addControls() {
    const container = g.map.getContainer();
    container.setAttribute('role', 'application');
    container.setAttribute('aria-label', say('screen.map'));
    L.control.zoom({ position: 'bottomright', zoomInTitle: say('screen.zoom_in'), zoomOutTitle: say('screen.zoom_out') }).addTo(g.map);
    L.control.scale({ imperial: false, position: 'bottomright' }).addTo(g.map);
    g.map.on('click', () => tell('select', null));
    g.map.on('zoomend', onZoom);
    g.addThemeTool();
  }

  function start(given) {
    g.layers = given;
    g.setTheme(g.theme());
    openView();
    addControls();
    onZoom();
    g.listenToLayers();
    g.addLegend();
    const parts = Object.keys(g.config.parts);
    // What comes as tiles is asked for first, and nothing takes part in it until it is painted.
    if (!parts.includes('tiles')) begin(parts);
    else {
      let rest = parts.filter(name => name !== 'tiles');
      const beginRest = () => { begin(rest); rest = null; };
      on('painted', () => rest && beginRest());
      setTimeout(() => rest && beginRest(), LONGEST_WAIT_MS);
      beginPart('tiles');
    }
  }

  function begin(parts) {
    for (const name of parts) beginPart(name);
    setInterval(g.watchClock, WATCH_MS);
    g.load().then(ready, error => {
      toast(say('screen.failed', { reason: error.message }), 'bad');
      ready();
    });
  }

  // A part that fails keeps no other from its work; what it says is still an error of the page.
  function beginPart(name) {
    try {
      registered.get(name)?.(g);
    } catch (error) {
      setTimeout(() => { throw error; });
    }
  }

  function ready() {
    onZoom();
    g.repaint();
    tell('ready');
    g.map.getContainer().classList.add('gm-ready');
  }

  const base = lay => lay(g);
  const part = (name, begin) => registered.set(name, begin);

  Object.assign(g, {
    say, term, node, drawn, symbol, now, setClock, moment, dayOf, span, late,
    get, post, put, delete: remove_, ask, can, toast, on, tell, recall, remember, stored, soon,
    whole, clearOf, calm, small, has: name => registered.has(name),
    layer: name => g.layers[name], pane: name => g.map.getPane(name), select: what => tell('select', what),
  });

  // What Folium's own script calls, by then everything is laid.
  const later = name => (...given) => g[name](...given);
  return {
    configure, start, part, base, style: later('style'), canvas: later('canvas'), issueMarker: later('issueMarker'),
    facilityMarker: later('facilityMarker'), clusterIcon: later('clusterIcon'),
  };
})();
