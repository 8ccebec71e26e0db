/* Draws what is too large to be sent whole: grids, buildings, facilities and issues come as vector tiles and are painted
   over the map in the colours and lines of the rest. Here is what hears and what is chosen; the part's other scripts are
   begun first, and all of them share `tiled`. Tiles meet on whole pixels, so that no seam is seen. */
GridMap.base(g => { g.tiled = { begins: [] }; });
GridMap.part('tiles', g => {
  'use strict';
  const { tiled } = g;
  // A change is told a moment before it can be read, and many come together.
  const GATHER_MS = 400;
  const REFRESH_MS = 2_000;
  Object.assign(tiled, { on: g.config.parts.tiles, look: g.look, isOn: name => g.map.hasLayer(g.layer(name)), isPainted: false });
  for (const begin of tiled.begins) begin(tiled);
  const { on, isOn, UNITS, tilesIn, isComing, pathOf, deepest, groundOf, openOf, shortOf, placeLabels, PLATES_FROM } = tiled;

  let lastRefresh = 0;
  let waiting = null;

  async function readLoads() {
    try {
      tiled.load(await g.get('/tiles/loads'));
      g.repaint();
    } catch { /* the next change asks again */ }
  }

  /* Looks again at what has been changed, at most so often. */
  function refresh() {
    if (waiting) return;
    waiting = setTimeout(async () => {
      waiting = null;
      lastRefresh = Date.now();
      tiled.anew();
      tiled.redrawIssues();
      await readLoads();
    }, Math.max(GATHER_MS, lastRefresh + REFRESH_MS - Date.now()));
  }

  // ------------------------------------------------------------ pointing and choosing

  const tester = document.createElement('canvas').getContext('2d');

  /* What lies under a position of the map's layers: an issue, else what stands there, else the grid. */
  function under(point) {
    const spot = [...tiled.spots()].reverse().find(({ said, x, y }) => Math.hypot(x - point.x, y - point.y) <= tiled.reachOf(said) + 3);
    if (spot) return { kind: 'issue', said: spot.said, x: spot.x, y: spot.y };
    const kinds = { facilities: 'facility', buildings: 'building', grids: 'grid' };
    for (const [layer, kind] of Object.entries(kinds)) {
      if (!on[layer] || (layer !== 'grids' && !isOn(layer))) continue;
      const found = hit(layer, point);
      if (found) return { kind, said: found.said };
    }
    return null;
  }

  function hit(layer, point) {
    for (const { features, left, top, size } of tilesIn(layer, L.bounds(point, point))) {
      const [x, y] = [((point.x - left) * UNITS) / size, ((point.y - top) * UNITS) / size];
      const tier = layer === 'grids' ? deepest(features) : null;
      const reach = (9 * UNITS) / size;
      const found = [...features].reverse().find(feature => {
        if (tier !== null) return feature.said.tier === tier && tester.isPointInPath(pathOf(feature), x, y, 'evenodd');
        if (layer === 'facilities' && groundOf(feature.said)) return false;
        if (feature.kind === 1) return g.map.getZoom() >= PLATES_FROM && Math.hypot(feature.parts[0][0] - x, feature.parts[0][1] - y) < reach;
        return feature.kind === 3 && tester.isPointInPath(pathOf(feature), x, y, 'evenodd');
      });
      if (found) return found;
    }
    return null;
  }

  const hint = L.tooltip({ direction: 'top', offset: [0, -10] });

  function hintOf({ kind, said }) {
    const box = g.node('div');
    if (kind === 'issue') {
      box.append(g.node('b', '', said.count > 1 ? `${g.say('labels.open')} ${said.count}` : g.categoryOf(said)));
      box.append(g.node('i', '', g.term('attentions', said.attention)));
      return box;
    }
    box.append(g.node('b', '', kind === 'grid' ? shortOf(said.code) : said.name || said.code));
    const open = kind === 'grid' ? `${g.say('labels.open')} ${openOf(said.code)}` : '';
    const households = said.households != null && `${said.households} ${g.say('labels.households')}`;
    box.append(g.node('div', '', [kind === 'grid' && said.name, households, open].filter(Boolean).join(' · ')));
    return box;
  }

  let isMoving = false;

  function pointAt(event) {
    const found = event && !isMoving ? under(event.layerPoint) : null;
    const code = found?.kind === 'grid' ? found.said.code : null;
    g.map.getContainer().classList.toggle('gm-tiles-hot', Boolean(found));
    tiled.point(code);
    if (!found) hint.remove();
    else hint.setContent(hintOf(found)).setLatLng(event.latlng).addTo(g.map);
  }

  function choose({ layerPoint, latlng, originalEvent }) {
    const found = under(layerPoint);
    if (!found) return;
    if (found.kind === 'issue' && found.said.count > 1 && !found.said.code) {
      const zoom = Math.min(g.map.getMaxZoom(), g.map.getZoom() + 2);
      g.map.flyTo(g.map.layerPointToLatLng([found.x, found.y]), zoom, { animate: !g.calm(), duration: 0.4 });
      return;
    }
    g.tell('select', { kind: found.kind, code: found.said.code, at: latlng, several: originalEvent?.shiftKey });
  }

  // ------------------------------------------------------------ beginning

  const FIRST = ['grids', 'buildings', 'facilities', 'issues'];

  /* Once all that is in view stands, the rest of the page may begin: what is measured is the picture after that. */
  tiled.checkPainted = () => {
    if (tiled.isPainted || isComing(...FIRST)) return;
    tiled.isPainted = true;
    requestAnimationFrame(() => setTimeout(() => {
      performance.mark('gridmap-tiles-ready');
      g.tell('painted');
      again();
      if (on.grids || on.issues) readLoads();
      g.map.getContainer().classList.add('gm-tiles-ready');
    }));
  };

  function again() {
    tiled.redraw();
    if (on.grids) placeLabels();
  }

  g.on('repaint', tiled.redrawCells);
  g.on('theme', () => {
    tiled.forgetStamps();
    again();
  });
  g.on('switched', () => g.soon('tiles switched', again));
  g.on('issues', refresh);
  g.map.on('movestart zoomstart', () => {
    isMoving = true;
    pointAt(null);
  });
  g.map.on('moveend zoomend', () => {
    isMoving = false;
    if (on.grids) g.soon('tiles labels', placeLabels);
  });
  g.map.on('mousemove', event => { if (!isMoving) g.soon('tiles point', () => pointAt(event)); });
  g.map.on('mouseout', () => pointAt(null));
  g.map.on('click', choose);
  setInterval(() => { if (on.issues && !document.hidden) refresh(); }, 60_000);
  tiled.checkPainted();
});
