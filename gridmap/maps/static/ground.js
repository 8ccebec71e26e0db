/* Who is out on the ground: staff on duty where they were last, the ways they walked in a day, how much of the cells
   they saw, and the checkpoints. Each is a row of the legend; what is shown is asked for again every half minute. */
GridMap.part('ground', g => {
  'use strict';

  if (!g.can('rounds') || !g.can('people')) return;

  const REFRESH_MS = 30_000;
  // Coverage is counted anew, which takes the database a while.
  const COVERAGE_MS = 120_000;
  const PALE_MS = 4 * 3_600_000;
  const UNSEEN = 0.01;
  const SHADES = [0, 0.25, 0.5, 0.75, 0.9];
  const COLOURS = { light: ['#e9e4da', '#dfe3bd', '#a9d3b0', '#5fb59a', '#1f8f7f'], dark: ['#3a2c17', '#3a4026', '#2c5a44', '#2a7f6a', '#35b79b'] };
  const WALKED = { light: '#7a3fb5', dark: '#c79bff' };
  const PERSON = '<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><circle cx="12" cy="12" r="10.5" fill="#fff" stroke="#7a3fb5" stroke-width="2.5"/><circle cx="12" cy="9.3" r="3.1" fill="#7a3fb5"/><path d="M5.9 17.6a6.3 6.3 0 0 1 12.2 0z" fill="#7a3fb5"/></svg>';
  const WAY = '<svg viewBox="0 0 26 18" aria-hidden="true"><path d="M2 14C7 3 12 16 17 7s5-3 7-4" fill="none" stroke="#7a3fb5" stroke-width="2.6" stroke-linecap="round"/></svg>';
  const SEEN = '<svg viewBox="0 0 26 18" aria-hidden="true"><rect x="3" y="3" width="9" height="12" rx="2" fill="#dfe3bd"/><rect x="14" y="3" width="9" height="12" rx="2" fill="#1f8f7f"/></svg>';
  const POST = '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M8 1.2l6.8 6.8L8 14.8 1.2 8z" fill="#fff" stroke="#7a3fb5" stroke-width="2"/><circle cx="8" cy="8" r="2" fill="#7a3fb5"/></svg>';
  const dayWords = new Intl.DateTimeFormat('sv-SE', { timeZone: g.config.timezone });
  const today = () => dayWords.format(g.now());
  let day = g.recall('day') || null;

  // ------------------------------------------------------------ what is shown, and how often it is asked for

  const rows = {};

  function row(name, { on = false, every = REFRESH_MS, symbol, load }) {
    const layer = L.layerGroup();
    rows[name] = { layer, load, timer: null, isOn: false, every, told: false };
    g.legend({
      name: `ground_${name}`, group: 'day', label: g.say(`ground.${name}`), symbol, on,
      toggle: isOn => {
        rows[name].isOn = isOn;
        clearTimeout(rows[name].timer);
        if (isOn) layer.addTo(g.map);
        else layer.remove();
        if (isOn) refresh(name);
        showChoices();
      },
    });
  }

  async function refresh(name) {
    const shown = rows[name];
    clearTimeout(shown.timer);
    if (!shown.isOn) return;
    if (!document.hidden) {
      try {
        await shown.load(shown.layer);
        shown.told = false;
      } catch (error) {
        if (!shown.told && error.status !== 401) g.toast(g.say('ground.failed', { reason: error.message }), 'bad');
        shown.told = true;
      }
    }
    clearTimeout(shown.timer);
    if (shown.isOn) shown.timer = setTimeout(refresh, shown.every, name);
  }

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) for (const name of Object.keys(rows)) refresh(name);
  });

  // ------------------------------------------------------------ staff

  const staff = new Map();
  const ago = iso => g.now() - new Date(iso);
  const paleness = iso => Math.max(0.35, 1 - 0.65 * Math.min(1, ago(iso) / PALE_MS));
  const agoWords = iso => (ago(iso) < 60_000 ? g.say('ground.just_now') : g.say('ground.ago', { span: g.span(ago(iso)) }));

  function staffIcon() {
    return L.divIcon({ className: 'gm-staff', html: PERSON, iconSize: [44, 44], iconAnchor: [22, 22] });
  }

  function personCard({ name, role, phone, at, until, accuracy_m: accuracy }) {
    const box = g.node('div', 'gm-person');
    box.append(g.node('b', '', name), g.node('span', '', g.term('roles', role)));
    const where = [agoWords(at), accuracy && g.say('ground.within', { metres: Math.round(accuracy) })];
    box.append(g.node('span', '', where.filter(Boolean).join(' · ')));
    if (until) box.append(g.node('span', '', g.say('ground.until', { moment: g.moment(until) })));
    if (phone) {
      const call = g.node('a', '', phone);
      call.href = `tel:${phone.replace(/[^\d+]/g, '')}`;
      box.append(call);
    }
    return box;
  }

  function newcomer(feature, layer) {
    const [lon, lat] = feature.geometry.coordinates;
    const made = L.marker([lat, lon], { icon: staffIcon(), keyboard: true, riseOnHover: true, zIndexOffset: 200 });
    made.bindPopup(() => personCard(made.said), { closeButton: true, autoPan: true });
    made.bindTooltip(() => made.said.name, { direction: 'top', offset: [0, -12] });
    staff.set(feature.properties.code, made);
    return made.addTo(layer);
  }

  function moveTo(marker, [lon, lat]) {
    if (marker.getLatLng().equals([lat, lon])) return;
    const element = marker.getElement();
    if (element && !g.calm()) {
      element.classList.add('gm-moving');
      setTimeout(() => element.classList.remove('gm-moving'), 700);
    }
    marker.setLatLng([lat, lon]);
  }

  async function loadStaff(layer) {
    const { features } = await g.get('/staff');
    const present = new Set(features.map(feature => feature.properties.code));
    for (const [code, marker] of staff) {
      if (!present.has(code)) {
        layer.removeLayer(marker);
        staff.delete(code);
      }
    }
    for (const feature of features) {
      const marker = staff.get(feature.properties.code) || newcomer(feature, layer);
      marker.said = feature.properties;
      moveTo(marker, feature.geometry.coordinates);
      marker.setOpacity(paleness(feature.properties.at));
      const said = `${feature.properties.name} · ${g.term('roles', feature.properties.role)} · ${agoWords(feature.properties.at)}`;
      marker.getElement()?.setAttribute('aria-label', said);
    }
  }

  // ------------------------------------------------------------ ways

  const wayStyle = () => ({ color: WALKED[g.theme()], weight: 2.6, opacity: 0.8, lineCap: 'round', lineJoin: 'round' });

  function roundCard({ name, person, begins, ends, due, visited }) {
    const box = g.node('div', 'gm-person');
    box.append(g.node('b', '', name), g.node('span', '', person.name), g.node('span', '', `${g.moment(begins)} – ${g.moment(ends)}`));
    box.append(g.node('span', '', g.say('ground.visited', { visited, due })));
    return box;
  }

  async function loadTracks(layer) {
    const found = await g.get('/tracks', { day });
    layer.clearLayers();
    const ways = L.geoJSON(found, { style: wayStyle, renderer: g.canvas('lines'), pane: 'lines' });
    ways.eachLayer(way => {
      const ends = way.getLatLngs().at(-1)?.at(-1);
      const starts = way.getLatLngs()[0]?.[0];
      for (const [at, filled] of [[starts, false], [ends, true]]) {
        if (at) layer.addLayer(L.circleMarker(at, { ...wayStyle(), radius: 3.4, weight: 2, fill: true, fillColor: filled ? WALKED[g.theme()] : '#fff', fillOpacity: 1, pane: 'lines', renderer: g.canvas('lines'), interactive: false }));
      }
    });
    ways.bindTooltip(way => roundCard(way.feature.properties), { sticky: true, direction: 'top' });
    layer.addLayer(ways);
    count.textContent = found.features.length ? g.say('ground.rounds', { count: found.features.length }) : g.say('ground.none');
  }

  // ------------------------------------------------------------ coverage

  // Just above the cells, and nothing there is pointed at.
  const walked = g.map.createPane('walked');
  walked.style.zIndex = Number(getComputedStyle(g.pane('cells')).zIndex) + 1;
  walked.style.pointerEvents = 'none';
  const walkedCanvas = L.canvas({ pane: 'walked', padding: 0.25 });

  const shade = share => COLOURS[g.theme()][SHADES.filter(each => share >= each).length - 1];

  /* Midnight of a day by the site's clock. */
  function midnight(date) {
    const guess = new Date(`${date}T00:00:00Z`);
    const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: g.config.timezone, dateStyle: 'short', timeStyle: 'medium' }).format(guess);
    return new Date(guess.getTime() - (new Date(`${parts.replace(' ', 'T')}Z`) - guess));
  }

  async function loadCoverage(layer) {
    const since = midnight(day || today());
    const next = new Date(since.getTime() + 24 * 3_600_000);
    const until = next < g.now() ? next : g.now();
    const found = await g.get('/coverage', { since: since.toISOString(), until: until.toISOString() });
    const shares = new Map(found.filter(each => each.share != null).map(each => [each.grid, each.share]));
    const cells = [...g.cells.values()].filter(cell => shares.has(cell.properties.code));
    layer.clearLayers();
    layer.addLayer(L.geoJSON({ type: 'FeatureCollection', features: cells }, {
      pane: 'walked', renderer: walkedCanvas, interactive: false,
      style: cell => {
        const share = shares.get(cell.properties.code);
        return { stroke: false, fillColor: shade(share), fillOpacity: share < UNSEEN ? 0.35 : 0.72 };
      },
    }));
  }

  // ------------------------------------------------------------ checkpoints

  async function loadCheckpoints(layer) {
    const found = await g.get('/checkpoints');
    layer.clearLayers();
    for (const point of found) {
      const visited = point.last_visit && dayWords.format(new Date(point.last_visit)) === (day || today());
      const made = L.marker([point.lat, point.lon], {
        icon: L.divIcon({ className: `gm-checkpoint ${visited ? '' : 'gm-unseen'}`, html: POST, iconSize: [16, 16], iconAnchor: [8, 8] }),
        pane: 'facilities', keyboard: false, title: point.name || point.code,
      });
      made.bindTooltip(() => {
        const box = g.node('div', 'gm-person');
        box.append(g.node('b', '', point.name || point.code));
        box.append(g.node('span', '', point.last_visit ? g.say('ground.last_visit', { moment: g.moment(point.last_visit) }) : g.say('ground.never')));
        return box;
      }, { direction: 'top', offset: [0, -8] });
      layer.addLayer(made);
    }
  }

  // ------------------------------------------------------------ choices

  const choices = g.panel('ground', g.say('ground.day'));
  const input = g.node('input');
  const count = g.node('span', 'gm-count');
  const ramp = g.node('div', 'gm-ramp gm-shades');
  input.type = 'date';
  input.max = today();
  input.value = day || today();
  input.setAttribute('aria-label', g.say('ground.day'));
  input.addEventListener('change', () => {
    day = input.value && input.value !== today() ? input.value : null;
    g.remember('day', day);
    for (const name of ['tracks', 'coverage', 'checkpoints']) refresh(name);
  });
  choices.append(input, count, ramp);

  function showChoices() {
    const isOn = name => Boolean(rows[name]?.isOn);
    choices.hidden = !isOn('tracks') && !isOn('coverage');
    count.hidden = !isOn('tracks');
    ramp.hidden = !isOn('coverage');
    ramp.replaceChildren(...['0 %', '25', '50', '75', '90'].map((said, step) => {
      const cell = g.node('div', '', said);
      const colour = g.node('i');
      colour.style.background = COLOURS[g.theme()][step];
      cell.prepend(colour);
      return cell;
    }));
  }

  g.on('theme', () => {
    showChoices();
    refresh('tracks');
    refresh('coverage');
  });
  g.on('ready', () => refresh('coverage'));

  row('staff', { on: true, symbol: PERSON, load: loadStaff });
  row('tracks', { symbol: WAY, load: loadTracks });
  row('coverage', { symbol: SEEN, every: COVERAGE_MS, load: loadCoverage });
  row('checkpoints', { symbol: POST, load: loadCheckpoints });
  showChoices();
});
