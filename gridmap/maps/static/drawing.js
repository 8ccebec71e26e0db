/* Grids are drawn anew: a draft is opened, its cells are edited corner by corner with their neighbours, and the server
   says at once what its checks find and what moves to whom. Saving keeps the draft; publishing is a second step. */
GridMap.part('drawing', g => {
  'use strict';

  if (!g.can('draw') || !window.L?.PM || !document.getElementById('gm-tools')) return;
  // Only what is drawn here is edited and snapped to: not houses, nor labels.
  L.PM.setOptIn(true);

  const ICON = '<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M4 20l1-4.5L16 4.5l3.5 3.5L8.500 19z M13.500 7l3.500 3.500" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/></svg>';
  const QUIET_MS = 350;
  const SNAP_PX = 14;
  const HIDDEN = ['tier1', 'tier2', 'tier3', 'casing'];
  const MOST_UNDONE = 100;
  const say = (key, values) => g.say(`drawing.${key}`, values);
  // `grids` are records {code, name, tier, parent, households, parts}: parts of rings of [lng, lat], not closed; a
  // record is never changed, only replaced, so that what was before can be kept.
  let draft = null, base = new Map(), grids = new Map(), own = new Set(), leafTier = 3;
  let chosen = [], undone = [], done = [], gesture = false, asked = 0, answer = null, wait = null, hint = '', held = null;
  const shapes = new Map();

  // ------------------------------------------------------------ records and GeoJSON

  const open = ring => ring.slice(0, -1).map(([lng, lat]) => [lng, lat]);
  const closed = ring => [...ring, ring[0]];
  const isLeaf = record => record.tier === leafTier;

  function recordOf({ properties, geometry }) {
    const many = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
    return { ...properties, parts: many.map(rings => rings.map(open)) };
  }

  function featureOf(record) {
    const many = record.parts.map(rings => rings.map(closed));
    const geometry = many.length === 1 ? { type: 'Polygon', coordinates: many[0] } : { type: 'MultiPolygon', coordinates: many };
    const { code, name, tier, parent } = record;
    return { type: 'Feature', geometry, properties: { code, name, tier, ...(parent && { parent }) } };
  }

  const same = (one, other) => one === other || (one.name === other.name && one.parent === other.parent && JSON.stringify(one.parts) === JSON.stringify(other.parts));
  const changed = () => [...grids.values()].filter(each => isLeaf(each) && !(base.has(each.code) && same(base.get(each.code), each)));
  const gone = () => [...base.values()].filter(each => isLeaf(each) && !grids.has(each.code)).map(each => each.code);
  const count = () => changed().length + gone().length;
  const changes = () => ({ grids: { type: 'FeatureCollection', features: changed().map(featureOf) }, removed: gone() });

  // ------------------------------------------------------------ corners move together

  const equal = (a, b) => a[0] === b[0] && a[1] === b[1];

  /* A record with its rings passed through a function, or the same if none has changed. */
  function reshaped(record, fn) {
    let touched = false;
    const parts = record.parts.map(rings => rings.map(ring => {
      const next = fn(ring);
      if (next !== ring) touched = true;
      return next;
    }));
    return touched ? { ...record, parts } : record;
  }

  /* What one edit did to a ring: a corner moved, put in between two, or taken away. */
  function editOf(before, after) {
    const n = after.findIndex((corner, at) => !before[at] || !equal(corner, before[at]));
    if (after.length === before.length) return n < 0 ? null : { start: before[n], end: after[n] };
    if (after.length > before.length) return { first: before.at(n - 1), last: before[n % before.length], between: after[n] };
    return { away: before[n < 0 ? before.length - 1 : n] };
  }

  const edits = {
    start: ({ start, end }) => ring => (ring.some(each => equal(each, start)) ? ring.map(each => (equal(each, start) ? end : each)) : ring),
    away: ({ away }) => ring => (ring.length > 3 && ring.some(each => equal(each, away)) ? ring.filter(each => !equal(each, away)) : ring),
    between: ({ first, last, between }) => ring => {
      const n = ring.findIndex((each, at) => {
        const next = ring[(at + 1) % ring.length];
        return (equal(each, first) && equal(next, last)) || (equal(each, last) && equal(next, first));
      });
      return n < 0 ? ring : [...ring.slice(0, n + 1), between, ...ring.slice(n + 1)];
    },
  };

  /* The neighbours do what was done to a grid under the pen. */
  function follow(code) {
    const record = grids.get(code);
    const parts = ringsOf(shapes.get(code));
    const found = [];
    record.parts.forEach((rings, p) => rings.forEach((ring, r) => {
      const edit = parts[p]?.[r] && editOf(ring, parts[p][r]);
      if (edit) found.push(edit);
    }));
    if (!found.length) return;
    begun();
    grids.set(code, { ...record, parts });
    for (const edit of found) {
      const act = edits[Object.keys(edits).find(name => name in edit)](edit);
      for (const each of grids.values()) {
        if (each.code === code || !isLeaf(each)) continue;
        const next = reshaped(each, act);
        if (next !== each) {
          grids.set(each.code, next);
          shapes.get(each.code)?.setLatLngs(latLngs(next));
        }
      }
    }
    restyle();
    later();
  }

  function ringsOf(shape) {
    const deep = shape.getLatLngs();
    const many = Array.isArray(deep[0][0]) ? deep : [deep];
    return many.map(rings => rings.map(ring => ring.map(({ lng, lat }) => [lng, lat])));
  }

  function latLngs(record) {
    const many = record.parts.map(rings => rings.map(ring => ring.map(([lng, lat]) => [lat, lng])));
    return many.length === 1 ? many[0] : many;
  }

  /* Neighbours that go along are nothing to snap to: the corner would stick to itself. */
  function ignoreThose(code, isIgnored) {
    const corners = new Set(grids.get(code)?.parts.flat(2).map(String));
    for (const [other, shape] of shapes) {
      if (other === code) continue;
      const near = isIgnored && grids.get(other).parts.flat(2).some(corner => corners.has(String(corner)));
      if (near) shape.options.snapIgnore = true;
      else delete shape.options.snapIgnore;
    }
  }

  // ------------------------------------------------------------ undo

  function begun() {
    if (gesture) return;
    gesture = true;
    done = [...done.slice(-MOST_UNDONE), new Map(grids)];
    undone = [];
  }

  function ended() {
    gesture = false;
    tools();
  }

  function step(from, to) {
    if (!from.length) return;
    to.push(grids);
    grids = from.pop();
    chosen = chosen.filter(code => grids.has(code));
    redraw();
    later();
  }

  /* Takes what the server drew as the new state: all that differs from the draft as it is saved. */
  function become({ grids: features, removed }, byHand) {
    if (byHand) begun();
    grids = new Map(base);
    for (const code of removed) grids.delete(code);
    for (const feature of features.features) grids.set(feature.properties.code, recordOf(feature));
    ended();
    chosen = chosen.filter(code => grids.has(code));
    redraw();
  }

  // ------------------------------------------------------------ on the map

  function panes() {
    for (const [name, z] of [['drawing', 550], ['drawing-finds', 555]]) {
      if (!g.map.getPane(name)) {
        g.map.createPane(name).style.zIndex = z;
        if (name !== 'drawing') g.map.getPane(name).style.pointerEvents = 'none';
      }
    }
  }

  const cells = L.layerGroup();
  const upper = L.layerGroup();
  const finds = L.layerGroup();
  let renderer = null;

  const colours = () => (g.theme() === 'dark'
    ? { line: '#8ea6cc', mine: '#6aa5ff', changed: '#ffb020', bad: '#ff6f89', upper: '#e8eef8' }
    : { line: '#7d8fa9', mine: '#1f5fd0', changed: '#b45f00', bad: '#b3123a', upper: '#16233d' });

  function styleOf(record) {
    const hue = colours();
    const isChanged = !(base.has(record.code) && same(base.get(record.code), record));
    const isChosen = chosen.includes(record.code);
    const isBad = answer?.findings.some(each => each.severity === 'error' && each.codes.includes(record.code));
    const colour = isBad ? hue.bad : isChanged ? hue.changed : isChosen ? hue.mine : hue.line;
    return {
      color: colour, weight: isChosen ? 3 : isChanged ? 2.2 : 1.2, opacity: own.has(record.code) || isChanged ? 1 : 0.5,
      fillColor: isChosen ? hue.mine : colour, fillOpacity: isChosen ? 0.22 : isChanged || isBad ? 0.16 : 0.02,
      dashArray: own.has(record.code) || isChanged ? null : '4 4',
    };
  }

  function draw(record) {
    const shape = L.polygon(latLngs(record), { ...styleOf(record), pane: 'drawing', renderer, pmIgnore: false, bubblingMouseEvents: true });
    const { code } = record;
    shape.bindTooltip(() => `${g.shortCode(code)} · ${grids.get(code)?.name ?? ''}`.replace(/[<>&]/g, ' '), { sticky: true });
    shape.on('click', event => {
      if (g.map.pm.globalDrawModeEnabled()) return;
      L.DomEvent.stopPropagation(event);
      choose(code, event.originalEvent.shiftKey || event.originalEvent.ctrlKey);
    });
    for (const name of ['pm:markerdrag', 'pm:vertexadded', 'pm:vertexremoved']) shape.on(name, () => follow(code));
    shape.on('pm:markerdragstart pm:vertexadded', () => ignoreThose(code, true));
    shape.on('pm:markerdragend pm:vertexremoved', () => {
      follow(code);
      ignoreThose(code, false);
      ended();
    });
    return shape;
  }

  function redraw() {
    const codes = new Set([...grids.values()].filter(isLeaf).map(each => each.code));
    for (const [code, shape] of shapes) {
      if (codes.has(code)) continue;
      shape.pm.disable();
      cells.removeLayer(shape);
      shapes.delete(code);
    }
    for (const code of codes) {
      const record = grids.get(code);
      const shape = shapes.get(code);
      if (!shape) {
        shapes.set(code, draw(record));
        cells.addLayer(shapes.get(code));
      } else if (JSON.stringify(ringsOf(shape)) !== JSON.stringify(record.parts)) {
        shape.pm.disable();
        shape.setLatLngs(latLngs(record));
      }
    }
    drawUpper();
    penOn();
    restyle();
    tools();
    fields();
  }

  function drawUpper() {
    upper.clearLayers();
    for (const record of grids.values()) {
      if (isLeaf(record)) continue;
      upper.addLayer(L.polygon(latLngs(record), { pane: 'drawing', renderer, interactive: false, pmIgnore: true, fill: false, color: colours().upper, weight: record.tier === 1 ? 2.6 : 1.6, opacity: 0.55 }));
    }
  }

  /* Only the chosen grid has corners to take hold of. */
  function penOn() {
    for (const [code, shape] of shapes) {
      const wanted = chosen.length === 1 && chosen[0] === code && own.has(code) && grids.get(code);
      if (wanted && !shape.pm.enabled()) {
        shape.pm.enable({ snappable: true, snapDistance: SNAP_PX, draggable: false, allowSelfIntersection: true, removeLayerBelowMinVertexCount: false });
        shape.bringToFront();
      } else if (!wanted && shape.pm.enabled()) shape.pm.disable();
    }
  }

  function restyle() {
    for (const [code, shape] of shapes) shape.setStyle(styleOf(grids.get(code)));
  }

  function choose(code, isMore) {
    if (!code) chosen = [];
    else if (!isMore) chosen = [code];
    else chosen = chosen.includes(code) ? chosen.filter(each => each !== code) : [...chosen, code];
    chosen = chosen.filter(each => own.has(each) || !base.has(each));
    penOn();
    restyle();
    tools();
    fields();
  }

  // ------------------------------------------------------------ the server looks

  function later() {
    tools();
    clearTimeout(wait);
    wait = setTimeout(look, QUIET_MS);
  }

  async function look() {
    const number = draft?.number;
    if (!number) return;
    asked += 1;
    const mine = asked;
    parts.findings.setAttribute('aria-busy', 'true');
    parts.state.textContent = say('checking');
    try {
      const said = await g.post(`/drafts/${number}/checks`, changes());
      if (mine !== asked || draft?.number !== number) return;
      answer = said;
      if (!gesture) become(said, false);
    } catch (error) {
      if (mine === asked) fail(error);
    }
    if (mine === asked) report();
  }

  function fail(error) {
    answer = null;
    parts.failed.textContent = error.message;
    parts.failed.hidden = false;
    report(true);
  }

  /* What is drawn by the server: a grid divided, grids joined, ground taken from others. */
  async function ask(what, body) {
    try {
      become(await g.post(`/drafts/${draft.number}/${what}`, { ...changes(), ...body }), true);
      later();
      return true;
    } catch (error) {
      g.toast(error.message, 'bad');
      return false;
    }
  }

  function pen(name, shape, words, fn) {
    const isOver = held === name;
    stopPen();
    if (isOver) return;
    held = name;
    if (name === 'new') choose(null);
    for (const each of shapes.values()) each.pm.disable();
    hint = words;
    g.map.pm.enableDraw(shape, { snappable: true, snapDistance: SNAP_PX, tooltips: false, allowSelfIntersection: true, finishOn: shape === 'Line' ? 'dblclick' : null, pathOptions: { pmIgnore: false }, templineStyle: { color: colours().mine }, hintlineStyle: { color: colours().mine, dashArray: '5 5' } });
    g.map.once('pm:create', ({ layer }) => {
      layer.remove();
      stopPen();
      fn(layer.toGeoJSON().geometry);
    });
    tools();
  }

  function stopPen() {
    g.map.off('pm:create');
    g.map.pm.disableDraw();
    hint = '';
    held = null;
    penOn();
    tools();
  }

  const acts = {
    async new() {
      pen('new', 'Polygon', say('new_hint'), async area => {
        const before = new Set(grids.keys());
        if (await ask('carve', { area })) choose([...grids.keys()].find(code => !before.has(code)));
      });
    },
    split() {
      const [code] = chosen;
      pen('split', 'Line', say('split_hint', { grid: g.shortCode(code) }), line => ask('split', { code, line }));
    },
    async merge() {
      if (chosen.length < 2) g.toast(say('merge_hint'));
      // A grid that has an owner keeps its code, so that he keeps it.
      else await ask('merge', { codes: [...chosen].sort((a, b) => base.has(b) - base.has(a)) });
    },
    remove() {
      begun();
      for (const code of chosen) grids.delete(code);
      ended();
      chosen = [];
      redraw();
      later();
    },
    undo: () => step(done, undone),
    redo: () => step(undone, done),
  };
  const may = {
    new: () => true, split: () => chosen.length === 1, merge: () => chosen.length > 1, remove: () => chosen.length > 0,
    undo: () => done.length > 0, redo: () => undone.length > 0,
  };

  // ------------------------------------------------------------ the panel

  const panel = g.node('section', 'gm-box gm-drawing');
  panel.setAttribute('aria-label', say('tool'));
  panel.hidden = true;
  (document.querySelector('.gm-side') || document.body).after(panel);
  const parts = {};

  function button(text, className, press) {
    const made = g.node('button', className, text);
    made.type = 'button';
    made.addEventListener('click', press);
    return made;
  }

  function header(title) {
    const box = g.node('header');
    const shut = button('×', 'gm-icon', leave);
    shut.title = say('close');
    shut.setAttribute('aria-label', say('close'));
    parts.title = g.node('h2', '', title);
    box.append(parts.title, shut);
    return box;
  }

  function part(name, title, tag = 'div') {
    const box = g.node('section');
    const head = g.node('h3', '', title);
    head.id = `gm-drawing-${name}`;
    parts[name] = g.node(tag);
    parts[name].setAttribute('aria-labelledby', head.id);
    box.append(head, parts[name]);
    return box;
  }

  async function chooseDraft() {
    panel.replaceChildren(header(say('tool')), part('drafts', say('drafts'), 'ul'), beginning());
    try {
      listDrafts(await g.get('/drafts'));
    } catch (error) {
      g.toast(error.message, 'bad');
    }
    // Whoever has begun to write is not interrupted.
    if (!panel.contains(document.activeElement)) panel.querySelector('li button, input')?.focus();
  }

  function listDrafts(found) {
    parts.drafts.replaceChildren(...found.map(each => {
      const row = g.node('li');
      const enter = button('', 'gm-plain', () => openDraft(each.number));
      enter.append(g.node('b', '', say('draft', each)), g.node('span', '', each.note || ''));
      if (each.saved_by) enter.append(g.node('small', '', say('by', { name: each.saved_by, moment: g.moment(each.saved_at) })));
      const away = button('×', 'gm-icon', () => throwAway(each));
      away.title = say('delete_draft', each);
      away.setAttribute('aria-label', away.title);
      row.append(enter, away);
      return row;
    }));
    if (!found.length) parts.drafts.append(g.node('li', 'gm-none', say('no_drafts')));
  }

  function beginning() {
    const form = g.node('form');
    const label = g.node('label', '', say('note'));
    const note = g.node('input');
    note.maxLength = 200;
    label.append(note);
    const enter = g.node('button', 'gm-plain gm-main', say('begin'));
    form.append(label, enter);
    form.addEventListener('submit', async event => {
      event.preventDefault();
      try {
        const { number } = await g.post('/drafts', { note: note.value.trim() || null });
        await openDraft(number);
      } catch (error) {
        g.toast(error.message, 'bad');
      }
    });
    return form;
  }

  async function throwAway({ number }) {
    if (!(await sure(say('delete_draft', { number }), say('delete_sure', { number }), say('delete_draft', { number })))) return;
    try {
      await g.delete(`/drafts/${number}`);
    } catch (error) {
      g.toast(error.message, 'bad');
    }
    chooseDraft();
  }

  function sheet() {
    const head = header('');
    parts.status = g.node('p', 'gm-sub');
    parts.warn = g.node('p', 'gm-warn');
    parts.tools = g.node('div', 'gm-pens');
    parts.tools.setAttribute('role', 'toolbar');
    parts.tools.setAttribute('aria-label', say('tools'));
    parts.hint = g.node('p', 'gm-hint');
    parts.hint.setAttribute('role', 'status');
    parts.fields = g.node('div', 'gm-fields');
    parts.state = g.node('p', 'gm-state');
    parts.state.setAttribute('role', 'status');
    parts.failed = g.node('p', 'gm-failed');
    parts.failed.setAttribute('role', 'alert');
    const scroll = g.node('div', 'gm-scroll');
    scroll.tabIndex = 0;
    scroll.setAttribute('role', 'group');
    scroll.setAttribute('aria-label', say('findings'));
    const findings = part('findings', say('findings'), 'ul');
    findings.insertBefore(parts.state, parts.findings);
    findings.insertBefore(parts.failed, parts.findings);
    scroll.append(findings, part('moving', say('moving'), 'ul'), part('balance', say('balance')));
    const foot = g.node('footer');
    parts.save = button(say('save'), 'gm-plain gm-main', save);
    parts.publish = button(say('publish'), 'gm-plain', publish);
    parts.others = button(say('other_draft'), 'gm-plain', async () => (await mayLeave()) && (close(), chooseDraft()));
    foot.append(parts.save, ...(g.can('publish') ? [parts.publish] : []), parts.others);
    panel.replaceChildren(head, parts.status, parts.warn, parts.tools, parts.hint, parts.fields, scroll, foot);
    for (const name of Object.keys(acts)) {
      const made = button(say(name), 'gm-plain', () => acts[name]());
      made.dataset.act = name;
      parts.tools.append(made);
    }
  }

  function tools() {
    if (!draft || !parts.tools) return;
    for (const each of parts.tools.children) {
      each.disabled = !may[each.dataset.act]();
      if (['new', 'split'].includes(each.dataset.act)) each.setAttribute('aria-pressed', held === each.dataset.act);
    }
    const many = count();
    parts.title.textContent = say('draft', draft);
    parts.status.textContent = many ? say('unsaved', { count: many }) : say('saved', draft);
    parts.status.classList.toggle('gm-unsaved', many > 0);
    parts.save.disabled = many === 0;
    parts.warn.textContent = draft.outdated ? say('outdated', { number: draft.in_force }) : '';
    parts.hint.textContent = hint || (chosen.length === 1 ? say('edit_hint') : chosen.length ? say('chosen', { count: chosen.length, grids: chosen.map(g.shortCode).join(', ') }) : '');
  }

  function option(value, text, isChosen) {
    const made = g.node('option', '', text);
    made.value = value;
    made.selected = isChosen;
    return made;
  }

  function labelled(text, field) {
    const label = g.node('label', '', text);
    label.append(field);
    return label;
  }

  /* Which grid is meant, what it is called and whom it belongs to. */
  function fields() {
    if (!draft) return;
    const hadFocus = parts.fields.contains(document.activeElement) && document.activeElement.name;
    const mine = [...grids.values()].filter(each => isLeaf(each) && (own.has(each.code) || !base.has(each.code)));
    const picker = g.node('select');
    picker.name = 'grid';
    picker.append(option('', say('choose'), !chosen.length), ...mine.sort((a, b) => (a.code < b.code ? -1 : 1)).map(each => option(each.code, `${g.shortCode(each.code)} · ${each.name}`, chosen[0] === each.code)));
    picker.addEventListener('change', () => {
      choose(picker.value);
      if (picker.value) g.fly(featureOf(grids.get(picker.value)));
    });
    parts.fields.replaceChildren(labelled(say('grid'), picker));
    const record = chosen.length === 1 && grids.get(chosen[0]);
    if (record) {
      const name = g.node('input');
      name.name = 'name';
      name.value = record.name;
      name.maxLength = 200;
      name.addEventListener('change', () => rewrite(record.code, { name: name.value.trim() || record.code }));
      parts.fields.append(labelled(say('name'), name));
      const above = [...grids.values()].filter(each => each.tier === leafTier - 1);
      if (above.length) {
        const parent = g.node('select');
        parent.name = 'parent';
        parent.append(...above.map(each => option(each.code, `${g.shortCode(each.code)} · ${each.name}`, each.code === record.parent)));
        parent.addEventListener('change', () => rewrite(record.code, { parent: parent.value }));
        parts.fields.append(labelled(say('above'), parent));
      }
    }
    if (hadFocus) parts.fields.querySelector(`[name=${hadFocus}]`)?.focus();
  }

  function rewrite(code, said) {
    begun();
    grids.set(code, { ...grids.get(code), ...said });
    ended();
    redraw();
    later();
  }

  // ------------------------------------------------------------ what is told

  function report(isFailed = false) {
    parts.findings.removeAttribute('aria-busy');
    if (!isFailed) parts.failed.hidden = true;
    const said = answer || { findings: [], moving: [], balance: [], checked: {}, ground: {} };
    const of = severity => said.findings.filter(each => each.severity === severity).length;
    parts.state.textContent = !answer ? '' : `${of('error') + of('warning') ? say('summary', { errors: of('error'), warnings: of('warning') }) : say('clean')} · ${say('looked_at', said.checked)}`;
    parts.state.dataset.errors = of('error');
    parts.findings.replaceChildren(...said.findings.map(finding));
    parts.moving.replaceChildren(...said.moving.map(move));
    if (answer && !said.moving.length) parts.moving.append(g.node('li', 'gm-none', say('nothing_moves')));
    parts.balance.replaceChildren(...(said.balance.length ? [balance(said)] : []));
    finds.clearLayers();
    for (const each of said.findings) {
      if (!each.geometry || each.severity === 'note') continue;
      finds.addLayer(L.geoJSON(each.geometry, { pane: 'drawing-finds', interactive: false, style: { color: colours().bad, weight: 2, fillOpacity: 0.45 }, pointToLayer: (_, at) => L.circleMarker(at, { pane: 'drawing-finds', radius: 8 }) }));
    }
    restyle();
    tools();
  }

  function finding(each) {
    const row = g.node('li', `gm-finding gm-is-${each.severity}`);
    const enter = button('', '', () => {
      if (each.geometry) g.fly({ type: 'Feature', geometry: each.geometry });
      else if (grids.has(each.codes[0])) g.fly(featureOf(grids.get(each.codes[0])));
      if (grids.get(each.codes[0]) && isLeaf(grids.get(each.codes[0]))) choose(each.codes[0]);
    });
    enter.append(g.node('b', '', say(each.severity === 'note' ? 'remark' : each.severity)), g.node('span', '', each.text));
    row.append(enter);
    return row;
  }

  const placeOf = side => [side.grid ? g.shortCode(side.grid) : say('nowhere'), side.person?.name || say('nobody')].join(' ');

  function move(each) {
    const row = g.node('li', 'gm-moving');
    const [from, to] = [placeOf(each.from), placeOf(each.to)];
    // The same grid and person in another post.
    row.append(g.node('b', '', from === to ? to : `${from} → ${to}`));
    const what = [];
    if (each.issues.length) what.push(say('issues', { count: each.issues.length }));
    if (each.buildings.length) what.push(say('buildings', { count: each.buildings.length, households: each.households }));
    row.append(g.node('span', '', what.join(' · ')));
    row.title = [...each.issues, ...each.buildings].slice(0, 40).join(', ');
    return row;
  }

  function balance(said) {
    const box = g.node('div');
    const table = g.node('table');
    const head = g.node('tr');
    for (const name of ['who', 'households', 'open_issues']) {
      const cell = g.node('th', '', say(name));
      cell.scope = 'col';
      head.append(cell);
    }
    table.append(head, ...said.balance.map(({ person, before, after }) => {
      const row = g.node('tr');
      row.append(g.node('td', '', person?.name || say('nobody')));
      for (const name of ['households', 'issues']) {
        const cell = g.node('td', before[name] === after[name] ? '' : 'gm-shifted', before[name] === after[name] ? after[name] : `${before[name]} → ${after[name]}`);
        row.append(cell);
      }
      return row;
    }));
    box.append(table);
    if (said.ground.gained_m2 >= 1 || said.ground.lost_m2 >= 1) {
      box.append(g.node('p', 'gm-sub', say('ground', { gained: Math.round(said.ground.gained_m2), lost: Math.round(said.ground.lost_m2) })));
    }
    return box;
  }

  // ------------------------------------------------------------ asked before something is done

  function dialog(title, content, press) {
    const box = g.node('dialog', 'gm-ask');
    const head = g.node('h2', '', title);
    head.id = 'gm-ask-title';
    box.setAttribute('aria-labelledby', head.id);
    const foot = g.node('footer');
    box.append(head, ...content, foot);
    document.body.append(box);
    box.addEventListener('close', () => box.remove());
    for (const [text, className, fn] of press) foot.append(button(text, className, () => fn(box)));
    box.showModal();
    return box;
  }

  const sure = (title, text, yes) => new Promise(answered => {
    const end = value => box => {
      box.close();
      answered(value);
    };
    const box = dialog(title, [g.node('p', '', text)], [[say('stay'), 'gm-plain', end(false)], [yes, 'gm-plain gm-main', end(true)]]);
    box.addEventListener('cancel', () => answered(false));
  });

  const mayLeave = async () => count() === 0 || sure(say('leave_title'), say('leave_text'), say('leave'));

  async function save() {
    try {
      const { version } = await g.put(`/drafts/${draft.number}`, { ...changes(), version: draft.version });
      g.toast(say('save_done', draft));
      await openDraft(draft.number, version);
      return true;
    } catch (error) {
      g.toast(error.message, 'bad');
      return false;
    }
  }

  async function publish() {
    if (count() && !(await save())) return;
    if (!answer) await look();
    if (!answer) return;
    const errors = answer.findings.filter(each => each.severity === 'error');
    const total = name => answer.moving.reduce((sum, each) => sum + (each[name].length ?? each[name]), 0);
    const content = [g.node('p', '', say('publish_text', { issues: total('issues'), buildings: total('buildings'), households: total('households') }))];
    const from = g.node('input');
    from.type = 'datetime-local';
    content.push(labelled(say('publish_from'), from));
    if (errors.length) content.push(g.node('p', 'gm-warn', say('accept')));
    const ticks = errors.map(each => tick(each.text, each.accept));
    if (draft.outdated) ticks.push(tick(say('over_newer', { number: draft.in_force }), ''));
    const box = dialog(say('publish_title', draft), [...content, ...ticks.map(each => each.label)], [
      [say('stay'), 'gm-plain', opened => opened.close()],
      [say('publish_now'), 'gm-plain gm-main', opened => putInForce(opened, from.value, ticks)],
    ]);
    const now = box.querySelector('footer .gm-main');
    const allow = () => { now.disabled = !ticks.every(each => each.field.checked); };
    for (const each of ticks) each.field.addEventListener('change', allow);
    allow();
  }

  function tick(text, accepts) {
    const field = g.node('input');
    field.type = 'checkbox';
    const label = g.node('label', 'gm-tick');
    label.append(field, g.node('span', '', text));
    return { field, label, accepts };
  }

  async function putInForce(box, from, ticks) {
    const body = { version: draft.version, accept: ticks.map(each => each.accepts).filter(Boolean), over_newer: draft.outdated };
    if (from) body.from = new Date(from).toISOString();
    try {
      const said = await g.post(`/drafts/${draft.number}/publish`, body);
      box.close();
      base = grids;
      dialog(say('published', { number: said.edition, moved: said.moved }), [], [[say('show'), 'gm-plain gm-main', () => location.reload()]]);
    } catch (error) {
      box.close();
      g.toast(error.message, 'bad');
    }
  }

  // ------------------------------------------------------------ in and out

  async function openDraft(number) {
    let said;
    try {
      said = await g.get(`/drafts/${number}`);
    } catch (error) {
      g.toast(error.message, 'bad');
      return;
    }
    const isNew = draft?.number !== said.number;
    draft = said;
    leafTier = said.leaf_tier;
    own = new Set(said.own);
    base = new Map(said.grids.features.map(each => [each.properties.code, recordOf(each)]));
    grids = new Map(base);
    [done, undone, gesture] = [[], [], false];
    if (isNew) [chosen, answer] = [[], null];
    if (isNew) sheet();
    redraw();
    clearTimeout(wait);
    await look();
    if (isNew && !panel.contains(document.activeElement)) panel.querySelector('[data-act]')?.focus();
  }

  /* The draft is off the table; the mode goes on. */
  function close() {
    stopPen();
    clearTimeout(wait);
    asked += 1;
    [draft, answer, base, grids, chosen] = [null, null, new Map(), new Map(), []];
    for (const shape of shapes.values()) shape.pm.disable();
    shapes.clear();
    for (const group of [cells, upper, finds]) group.clearLayers();
  }

  function enter() {
    panes();
    renderer = renderer || L.svg({ pane: 'drawing', padding: 0.3 });
    g.select(null);
    document.documentElement.classList.add('gm-is-drawing');
    panel.hidden = false;
    opener.setAttribute('aria-pressed', 'true');
    for (const name of HIDDEN) if (g.layer(name)) g.map.removeLayer(g.layer(name));
    for (const group of [upper, cells, finds]) group.addTo(g.map);
    g.map.doubleClickZoom.disable();
    chooseDraft();
  }

  async function leave() {
    if (!(await mayLeave())) return;
    close();
    document.documentElement.classList.remove('gm-is-drawing');
    panel.hidden = true;
    opener.setAttribute('aria-pressed', 'false');
    for (const group of [upper, cells, finds]) group.remove();
    const isOn = name => document.querySelector(`[data-layer="${name === 'casing' ? 'tier1' : name}"]`)?.getAttribute('aria-pressed') !== 'false';
    for (const name of [...HIDDEN].reverse()) if (g.layer(name) && isOn(name)) g.map.addLayer(g.layer(name));
    g.map.doubleClickZoom.enable();
    opener.focus();
  }

  const opener = g.tool({ name: 'draw', label: say('tool'), icon: ICON, press: () => (panel.hidden ? enter() : leave()) });
  opener.setAttribute('aria-pressed', 'false');
  g.on('theme', () => { if (draft) redraw(); });
  window.addEventListener('beforeunload', event => {
    if (draft && count()) event.preventDefault();
  });
  document.addEventListener('keydown', event => {
    if (!draft || event.target.closest?.('input, select, textarea, dialog')) return;
    if (event.key === 'Escape' && g.map.pm.globalDrawModeEnabled()) stopPen();
    if (!(event.ctrlKey || event.metaKey)) return;
    if (event.key === 'z') acts[event.shiftKey ? 'redo' : 'undo']();
    else if (event.key === 'y') acts.redo();
    else if (event.key === 's' && count()) save();
    else return;
    event.preventDefault();
  });
});
