/* What is on the map: the open issues and what they ask for, the grids and what stands on them, and which of them is
   meant, pointed at or gone to. */
GridMap.base(g => {
  'use strict';

  const PLAN = ['tier1', 'tier2', 'tier3', 'buildings', 'facilities', 'overlays'];
  const filters = new Map();

  // ------------------------------------------------------------ issues

  /* What an open issue asks for: the rule is Python's (maps/features.py), the clock is the page's. */
  function attention({ status, due_at, held_at, urgency }) {
    const { verify, urgent, begun } = g.config.rules;
    if (verify.includes(status)) return 'verify';
    if (due_at && !held_at && new Date(due_at) < g.now()) return 'overdue';
    if (urgent.includes(urgency)) return 'urgent';
    return begun.includes(status) ? 'doing' : 'new';
  }

  const isOpen = feature => g.config.rules.open.includes(feature.properties.status);
  const shown = feature => [...filters.values()].every(passes => passes(feature));

  function addFilter(name, test) {
    if (test) filters.set(name, test);
    else filters.delete(name);
    for (const feature of g.issues.values()) place(feature);
    g.tell('filter');
  }

  /* Puts one issue onto the map as it is now, or takes it off. */
  function place(feature, changed = false) {
    const { code } = feature.properties;
    const found = g.markers.get(code);
    const wanted = shown(feature) && feature.geometry && !g.config.parts.tiles?.issues;
    if (found) {
      const at = L.GeoJSON.coordsToLatLng(feature.geometry?.coordinates || [0, 0]);
      found.feature = feature;
      if (!found.getLatLng().equals(at)) found.setLatLng(at);
      redress(found, feature);
      if (!wanted && g.layers.issues.hasLayer(found)) g.layers.issues.removeLayer(found);
      if (wanted && !g.layers.issues.hasLayer(found)) g.layers.issues.addLayer(found);
    } else if (wanted) {
      g.layers.issues.addLayer(g.issueMarker(feature, L.GeoJSON.coordsToLatLng(feature.geometry.coordinates)));
    }
    if (changed) ripple(code);
  }

  function redress(marker, feature) {
    const asks = attention(feature.properties);
    if (asks !== marker.asks) {
      marker.asks = asks;
      marker.setIcon(g.issueIcon(asks, feature.properties.code));
      marker.setZIndexOffset((4 - g.config.rules.order.indexOf(asks)) * 300);
    }
    marker.getElement()?.setAttribute('title', g.titleOf(feature));
  }

  function ripple(code) {
    const element = g.markers.get(code)?.getElement();
    if (!element) return;
    element.classList.remove('gm-changed');
    requestAnimationFrame(() => element.classList.add('gm-changed'));
  }

  function drop(code) {
    const found = g.markers.get(code);
    if (found) g.layers.issues.removeLayer(found);
    g.markers.delete(code);
    return g.issues.delete(code);
  }

  function upsert(features, calm = false) {
    const ended = features.filter(feature => !isOpen(feature)).map(feature => feature.properties.code);
    const open = features.filter(isOpen);
    for (const feature of open) {
      g.issues.set(feature.properties.code, feature);
      place(feature, !calm);
    }
    const removed = ended.filter(drop);
    changedIssues({ changed: open.map(feature => feature.properties.code), removed, all: false });
  }

  function remove(codes) {
    changedIssues({ changed: [], removed: codes.filter(drop), all: false });
  }

  function replace(features) {
    const kept = new Set(features.map(feature => feature.properties.code));
    for (const code of [...g.issues.keys()]) if (!kept.has(code)) drop(code);
    for (const feature of features.filter(isOpen)) {
      g.issues.set(feature.properties.code, feature);
      place(feature);
    }
    changedIssues({ changed: [...kept], removed: [], all: true });
  }

  function changedIssues(detail) {
    countOpen();
    g.tell('issues', detail);
  }

  function countOpen() {
    g.openIn.clear();
    for (const { properties } of g.issues.values()) {
      for (const code of new Set([properties.grid, properties.tier1, properties.tier2, properties.tier3])) {
        if (code) g.openIn.set(code, (g.openIn.get(code) || 0) + 1);
      }
    }
    g.repaint();
  }

  // What was in time a moment ago may be late now.
  function watchClock() {
    const turned = [];
    for (const [code, marker] of g.markers) {
      const feature = g.issues.get(code);
      if (feature && attention(feature.properties) !== marker.asks) {
        redress(marker, feature);
        turned.push(code);
      }
    }
    if (turned.length) g.tell('issues', { changed: turned, removed: [], all: false });
  }

  // ------------------------------------------------------------ choosing, pointing, going there

  const chosen = new Set();

  /* Shows which issues are meant, in the list and on the map. */
  function mark(codes) {
    const before = [...chosen];
    g.chosen.clear();
    for (const code of codes) g.chosen.add(code);
    for (const code of new Set([...before, ...chosen])) {
      g.markers.get(code)?.getElement()?.classList.toggle('gm-marked-one', g.chosen.has(code));
    }
    g.tell('meant', [...chosen]);
  }

  function fly(feature, zoom = 18) {
    if (!feature?.geometry) return;
    if (feature.geometry.type === 'Point') {
      const at = L.GeoJSON.coordsToLatLng(feature.geometry.coordinates);
      const { paddingTopLeft: [left, top], paddingBottomRight: [right, bottom] } = g.clearOf();
      const to = Math.max(zoom, g.map.getZoom());
      const centre = g.map.project(at, to).subtract([(left - right) / 2, (top - bottom) / 2]);
      g.map.flyTo(g.map.unproject(centre, to), to, { duration: 0.6, animate: !g.calm() });
    } else {
      g.map.fitBounds(L.geoJSON(feature).getBounds(), { ...g.clearOf(), maxZoom: 19, animate: !g.calm() });
    }
  }

  function pointAt(code) {
    const before = g.pointedAt;
    g.pointedAt = code;
    g.layers[`tier${g.config.leaf}`].eachLayer(layer => {
      const own = layer.feature.properties.code;
      if (own !== before && own !== code) return;
      layer.setStyle(g.cellStyle(g.config.leaf, layer.feature));
      if (own === code) layer.bringToFront();
    });
  }

  function hint(layer) {
    const { code, name, households, owner, use } = layer.feature.properties;
    const box = g.node('div');
    box.append(g.node('b', '', isCell(layer) ? shortCode(code) : name || code));
    if (owner?.name) box.append(g.node('i', '', owner.name));
    const second = [isCell(layer) ? name : g.term('uses', g.useOf(use)), households != null && `${households} ${g.say('labels.households')}`];
    if (isCell(layer)) second.push(`${g.say('labels.open')} ${g.openIn.get(code) || 0}`);
    box.append(g.node('div', '', second.filter(Boolean).join(' · ')));
    return box;
  }

  const isCell = layer => layer.feature.properties.tier !== undefined;
  let beginning = null;

  /* A code without what all of them begin with: the site's own. */
  function shortCode(code) {
    if (beginning === null) {
      const starts = new Set([...g.cells.keys()].map(each => each.split('-')[0]));
      const [first] = starts;
      beginning = starts.size === 1 && [...g.cells.keys()].every(each => each.startsWith(`${first}-`)) ? `${first}-` : '';
    }
    return String(code).slice(beginning && String(code).startsWith(beginning) ? beginning.length : 0);
  }

  function listenToLayers() {
    const leaf = g.layers[`tier${g.config.leaf}`];
    leaf.on('mouseover', event => pointAt((event.propagatedFrom || event.layer).feature.properties.code));
    leaf.on('mouseout', () => pointAt(null));
    const kinds = { [`tier${g.config.leaf}`]: 'grid', buildings: 'building', facilities: 'facility', overlays: 'overlay' };
    for (const [name, kind] of Object.entries(kinds)) {
      g.layers[name].on('click', event => {
        const { code } = (event.propagatedFrom || event.layer).feature.properties;
        if (!event.propagatedFrom?._icon) g.tell('select', { kind, code, at: event.latlng });
        L.DomEvent.stopPropagation(event);
      });
    }
    for (const layer of [leaf, g.layers.buildings]) layer.bindTooltip(hint, { sticky: true, direction: 'top', offset: [0, -10] });
  }

  // ------------------------------------------------------------ what fills the layers

  function fill(name, collection) {
    const features = collection.features.filter(feature => feature.geometry);
    if (name === 'facilities') {
      fillGround(features.filter(feature => g.look().ground[feature.properties.kind]));
      g.layers.facilities.addData({ type: 'FeatureCollection', features: features.filter(feature => !g.look().ground[feature.properties.kind]) });
    } else {
      g.layers[name].addData({ type: 'FeatureCollection', features });
    }
    if (name.startsWith('tier')) {
      for (const feature of features) g.cells.set(feature.properties.code, feature);
      beginning = null;
    }
    if (name === 'tier1') {
      g.layers.casing.addData({ type: 'FeatureCollection', features });
      g.layers.land.addData({ type: 'FeatureCollection', features });
    }
    if (name.startsWith('tier')) raiseTiers();
    g.tell('filled', name);
  }

  // A line of a higher tier lies over those of the lower ones that run along it.
  function raiseTiers() {
    for (const tier of [2, 1]) if (!g.isLeafTier(tier)) g.layers[`tier${tier}`].bringToFront();
  }

  function fillGround(features) {
    const order = feature => g.look().ground[g.kindOfGround(feature)].order;
    const sorted = [...features].sort((a, b) => order(a) - order(b));
    for (const feature of sorted) {
      const kind = g.kindOfGround(feature);
      const isRoad = Boolean(g.look().ground[kind].edge);
      if (isRoad) g.layers.edge.addData(feature);
      g.layers[isRoad ? 'roads' : kind === 'block' ? 'around' : 'on_land'].addData(feature);
    }
  }

  const tiled = name => {
    const tiles = g.config.parts.tiles || {};
    return Boolean(name.startsWith('tier') ? tiles.grids : tiles[name]);
  };

  async function load() {
    if (g.config.data) {
      for (const name of PLAN) if (g.config.data[name]) fill(name, g.config.data[name]);
      replace(g.config.data.issues?.features || []);
      return;
    }
    const wanted = PLAN.filter(name => !tiled(name));
    await Promise.all(wanted.map(async name => fill(name, await g.get(`/layers/${name}.geojson`))));
    // Where nothing lives, the open issues are asked for once.
    if (!g.has('live')) replace((await g.get('/layers/issues.geojson')).features);
    else if (!issuesHaveCome) await new Promise(done => { g.on('issues', done); });
  }

  let issuesHaveCome = false;
  g.on('issues', () => { issuesHaveCome = true; });

  Object.assign(g, {
    attention, shown, addFilter, upsert, remove, replace, watchClock, mark, chosen, fly, pointAt, shortCode, listenToLayers, load,
    raiseTiers,
  });
});
