/* The shapes under the pen: corners that move together, grids divided, joined and taken away, and every step back. */
GridMap.base(g => g.drawing.begins.push(drawing => {
  'use strict';
  const { say, tools, fields } = drawing;

  const SNAP_PX = 14;
  const MOST_UNDONE = 100;
  const shapes = new Map();

  // ------------------------------------------------------------ records and GeoJSON

  const open = ring => ring.slice(0, -1).map(([lng, lat]) => [lng, lat]);
  const closed = ring => [...ring, ring[0]];
  const isLeaf = record => record.tier === drawing.leafTier;

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
  const changed = () => [...drawing.grids.values()].filter(each => isLeaf(each) && !(drawing.base.has(each.code) && same(drawing.base.get(each.code), each)));
  const gone = () => [...drawing.base.values()].filter(each => isLeaf(each) && !drawing.grids.has(each.code)).map(each => each.code);
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
    const record = drawing.grids.get(code);
    const parts = ringsOf(shapes.get(code));
    const found = [];
    record.parts.forEach((rings, p) => rings.forEach((ring, r) => {
      const edit = parts[p]?.[r] && editOf(ring, parts[p][r]);
      if (edit) found.push(edit);
    }));
    if (!found.length) return;
    begun();
    drawing.grids.set(code, { ...record, parts });
    for (const edit of found) {
      const act = edits[Object.keys(edits).find(name => name in edit)](edit);
      for (const each of drawing.grids.values()) {
        if (each.code === code || !isLeaf(each)) continue;
        const next = reshaped(each, act);
        if (next !== each) {
          drawing.grids.set(each.code, next);
          shapes.get(each.code)?.setLatLngs(latLngs(next));
        }
      }
    }
    restyle();
    drawing.later();
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
    const corners = new Set(drawing.grids.get(code)?.parts.flat(2).map(String));
    for (const [other, shape] of shapes) {
      if (other === code) continue;
      const near = isIgnored && drawing.grids.get(other).parts.flat(2).some(corner => corners.has(String(corner)));
      if (near) shape.options.snapIgnore = true;
      else delete shape.options.snapIgnore;
    }
  }

  // ------------------------------------------------------------ undo

  let undone = [];
  let done = [];
  drawing.gesture = false;

  function begun() {
    if (drawing.gesture) return;
    drawing.gesture = true;
    done = [...done.slice(-MOST_UNDONE), new Map(drawing.grids)];
    undone = [];
  }

  function ended() {
    drawing.gesture = false;
    tools();
  }

  function step(from, to) {
    if (!from.length) return;
    to.push(drawing.grids);
    drawing.grids = from.pop();
    drawing.chosen = drawing.chosen.filter(code => drawing.grids.has(code));
    redraw();
    drawing.later();
  }

  /* Takes what the server drew as the new state: all that differs from the draft as it is saved. */
  function become({ grids: features, removed }, byHand) {
    if (byHand) begun();
    drawing.grids = new Map(drawing.base);
    for (const code of removed) drawing.grids.delete(code);
    for (const feature of features.features) drawing.grids.set(feature.properties.code, recordOf(feature));
    ended();
    drawing.chosen = drawing.chosen.filter(code => drawing.grids.has(code));
    redraw();
  }

  function forgetSteps() {
    [done, undone, drawing.gesture] = [[], [], false];
  }

  function rewrite(code, said) {
    begun();
    drawing.grids.set(code, { ...drawing.grids.get(code), ...said });
    ended();
    redraw();
    drawing.later();
  }

  // ------------------------------------------------------------ on the map

  function panes() {
    for (const [name, z] of [['drawing', 550], ['drawing-finds', 555]]) {
      if (!g.map.getPane(name)) {
        g.map.createPane(name).style.zIndex = z;
        if (name !== 'drawing') g.map.getPane(name).style.pointerEvents = 'none';
      }
    }
    renderer = renderer || L.svg({ pane: 'drawing', padding: 0.3 });
  }

  const cells = L.layerGroup();
  const upper = L.layerGroup();
  const finds = L.layerGroup();
  const groups = [upper, cells, finds];
  let renderer = null;

  const colours = () => (g.theme() === 'dark'
    ? { line: '#8ea6cc', mine: '#6aa5ff', changed: '#ffb020', bad: '#ff6f89', upper: '#e8eef8' }
    : { line: '#7d8fa9', mine: '#1f5fd0', changed: '#b45f00', bad: '#b3123a', upper: '#16233d' });

  function styleOf(record) {
    const hue = colours();
    const isChanged = !(drawing.base.has(record.code) && same(drawing.base.get(record.code), record));
    const isChosen = drawing.chosen.includes(record.code);
    const isBad = drawing.answer?.findings.some(each => each.severity === 'error' && each.codes.includes(record.code));
    const colour = isBad ? hue.bad : isChanged ? hue.changed : isChosen ? hue.mine : hue.line;
    return {
      color: colour, weight: isChosen ? 3 : isChanged ? 2.2 : 1.2, opacity: drawing.own.has(record.code) || isChanged ? 1 : 0.5,
      fillColor: isChosen ? hue.mine : colour, fillOpacity: isChosen ? 0.22 : isChanged || isBad ? 0.16 : 0.02,
      dashArray: drawing.own.has(record.code) || isChanged ? null : '4 4',
    };
  }

  function draw(record) {
    const shape = L.polygon(latLngs(record), { ...styleOf(record), pane: 'drawing', renderer, pmIgnore: false, bubblingMouseEvents: true });
    const { code } = record;
    shape.bindTooltip(() => `${g.shortCode(code)} · ${drawing.grids.get(code)?.name ?? ''}`.replace(/[<>&]/g, ' '), { sticky: true });
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
    const codes = new Set([...drawing.grids.values()].filter(isLeaf).map(each => each.code));
    for (const [code, shape] of shapes) {
      if (codes.has(code)) continue;
      shape.pm.disable();
      cells.removeLayer(shape);
      shapes.delete(code);
    }
    for (const code of codes) {
      const record = drawing.grids.get(code);
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
    for (const record of drawing.grids.values()) {
      if (isLeaf(record)) continue;
      upper.addLayer(L.polygon(latLngs(record), { pane: 'drawing', renderer, interactive: false, pmIgnore: true, fill: false, color: colours().upper, weight: record.tier === 1 ? 2.6 : 1.6, opacity: 0.55 }));
    }
  }

  /* Only the chosen grid has corners to take hold of. */
  function penOn() {
    for (const [code, shape] of shapes) {
      const wanted = drawing.chosen.length === 1 && drawing.chosen[0] === code && drawing.own.has(code) && drawing.grids.get(code);
      if (wanted && !shape.pm.enabled()) {
        shape.pm.enable({ snappable: true, snapDistance: SNAP_PX, draggable: false, allowSelfIntersection: true, removeLayerBelowMinVertexCount: false });
        shape.bringToFront();
      } else if (!wanted && shape.pm.enabled()) shape.pm.disable();
    }
  }

  function restyle() {
    for (const [code, shape] of shapes) shape.setStyle(styleOf(drawing.grids.get(code)));
  }

  function choose(code, isMore) {
    if (!code) drawing.chosen = [];
    else if (!isMore) drawing.chosen = [code];
    else drawing.chosen = drawing.chosen.includes(code) ? drawing.chosen.filter(each => each !== code) : [...drawing.chosen, code];
    drawing.chosen = drawing.chosen.filter(each => drawing.own.has(each) || !drawing.base.has(each));
    penOn();
    restyle();
    tools();
    fields();
  }

  function clear() {
    for (const shape of shapes.values()) shape.pm.disable();
    shapes.clear();
    for (const group of groups) group.clearLayers();
  }

  // ------------------------------------------------------------ pens

  drawing.hint = '';
  drawing.held = null;

  function pen(name, shape, words, fn) {
    const isOver = drawing.held === name;
    stopPen();
    if (isOver) return;
    drawing.held = name;
    if (name === 'new') choose(null);
    for (const each of shapes.values()) each.pm.disable();
    drawing.hint = words;
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
    drawing.hint = '';
    drawing.held = null;
    penOn();
    tools();
  }

  const acts = {
    async new() {
      pen('new', 'Polygon', say('new_hint'), async area => {
        const before = new Set(drawing.grids.keys());
        if (await drawing.ask('carve', { area })) choose([...drawing.grids.keys()].find(code => !before.has(code)));
      });
    },
    split() {
      const [code] = drawing.chosen;
      pen('split', 'Line', say('split_hint', { grid: g.shortCode(code) }), line => drawing.ask('split', { code, line }));
    },
    async merge() {
      if (drawing.chosen.length < 2) g.toast(say('merge_hint'));
      // A grid that has an owner keeps its code, so that he keeps it.
      else await drawing.ask('merge', { codes: [...drawing.chosen].sort((a, b) => drawing.base.has(b) - drawing.base.has(a)) });
    },
    remove() {
      begun();
      for (const code of drawing.chosen) drawing.grids.delete(code);
      ended();
      drawing.chosen = [];
      redraw();
      drawing.later();
    },
    undo: () => step(done, undone),
    redo: () => step(undone, done),
  };
  const may = {
    new: () => true, split: () => drawing.chosen.length === 1, merge: () => drawing.chosen.length > 1, remove: () => drawing.chosen.length > 0,
    undo: () => done.length > 0, redo: () => undone.length > 0,
  };

  Object.assign(drawing, {
    isLeaf, recordOf, featureOf, count, changes, become, forgetSteps, rewrite, panes, finds, groups, colours, redraw,
    restyle, choose, clear, stopPen, acts, may,
  });
}));
