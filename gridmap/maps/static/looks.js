/* How things look: grounds, lines and fills by the table of looks, and the symbols of issues and facilities. */
GridMap.base(g => {
  'use strict';

  const canvases = {};
  let painter = null;

  // Leaflet's own pin looks for its picture beside a style sheet, which a page in one file does not have.
  const drawing = (size, inner) =>
    `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="${size}">${inner}</svg>`)}`;
  const pin = drawing('0 0 25 41', '<path d="M12.5 40C8 30 2 20 2 12.5a10.5 10.5 0 0 1 21 0C23 20 17 30 12.5 40z" fill="#1f5fd0" stroke="#fff" stroke-width="2"/><circle cx="12.5" cy="12.5" r="4" fill="#fff"/>');
  L.Icon.Default.imagePath = '';
  L.Icon.Default.mergeOptions({ iconUrl: pin, iconRetinaUrl: pin, shadowUrl: drawing('0 0 1 1', ''), shadowSize: [1, 1] });

  // ------------------------------------------------------------ how things are drawn

  const clamp = (value, least, most) => Math.max(least, Math.min(most, value));
  const look = () => g.config.style;
  // Lines grow with the zoom, but more slowly than the ground.
  const growth = () => 2 ** (0.42 * clamp(g.map.getZoom() - 16.25, -1.6, 2.2));
  const isLeafTier = tier => g.config.leaf === tier;

  function metresPerPixel() {
    const latitude = (g.map.getCenter().lat * Math.PI) / 180;
    return (40075016.686 * Math.cos(latitude)) / 2 ** (g.map.getZoom() + 8);
  }

  function canvas(pane) {
    canvases[pane] = canvases[pane] || L.canvas({ pane, padding: 0.25, tolerance: 6 });
    return canvases[pane];
  }

  function tierStyle(tier) {
    const line = look().tiers[tier];
    return {
      color: line.colour, weight: line.weight * growth(), opacity: line.opacity, dashArray: line.dash,
      lineJoin: 'round', fill: false,
    };
  }

  /* Open issues per 100 households: fixed breaks, so that a colour means the same every day. */
  function loadPainter(code) {
    const households = g.cells.get(code)?.properties.households;
    const load = households ? (100 * (g.openIn.get(code) || 0)) / households : 0;
    const step = look().loadBreaks.filter(each => load >= each).length;
    return g.showsLoad && step ? { colour: look().loadColours[step], opacity: g.showsHeat ? 0.18 : 0.56 } : null;
  }

  const painted = (code, tier) => (painter || loadPainter)(code, tier);

  function cellStyle(tier, feature) {
    const found = painted(feature.properties.code, tier);
    const said = {
      ...tierStyle(tier), fill: true, fillColor: found?.colour || look().land,
      // What is almost clear can still be pointed at.
      fillOpacity: found ? found.opacity : 0.001,
    };
    if (feature.properties.code === g.pointedAt) Object.assign(said, { color: look().pointed, weight: 2.4, opacity: 1, dashArray: null });
    return said;
  }

  function groundStyle(feature, edge) {
    const ground = look().ground[kindOfGround(feature)] || look().ground.block;
    const isLine = feature.geometry.type.includes('Line');
    const colour = edge ? ground.edge : ground.fill;
    if (!isLine) return { stroke: edge, color: colour, weight: 2, fillColor: colour, fillOpacity: 1 };
    const width = Math.max(1.2, ground.width_m / metresPerPixel());
    return { color: colour, weight: edge ? width + 2 : width, opacity: 1, lineCap: 'butt', lineJoin: 'round', fill: false };
  }

  function lengthOf(coordinates) {
    let metres = 0;
    for (let n = 1; n < coordinates.length; n += 1) {
      metres += g.map.distance([coordinates[n - 1][1], coordinates[n - 1][0]], [coordinates[n][1], coordinates[n][0]]);
    }
    return metres;
  }

  // A road that leads nowhere beyond its zone is a lane.
  function kindOfGround(feature) {
    const { kind } = feature.properties;
    if (kind !== 'road' || feature.geometry.type !== 'LineString') return kind;
    feature.long = feature.long ?? lengthOf(feature.geometry.coordinates);
    return feature.long < g.config.mainRoad ? 'lane' : 'road';
  }

  function facilityStyle({ state, level }) {
    const colour = look().facilities[state] || look().facilities.in_order;
    return {
      color: colour, weight: 1.1 * growth(), opacity: level ? 0.45 : 0.6, dashArray: level ? '6 4' : null,
      fillColor: colour, fillOpacity: level ? 0.03 : 0.06,
    };
  }

  const useOf = use => g.config.uses[String(use ?? '').trim().toLowerCase()] || 'residential';

  const styles = {
    ground: feature => groundStyle(feature, false),
    edge: feature => groundStyle(feature, true),
    land: () => ({ stroke: false, fillColor: look().land, fillOpacity: 1 }),
    tier1: feature => (isLeafTier(1) ? cellStyle(1, feature) : tierStyle(1)),
    tier2: feature => (isLeafTier(2) ? cellStyle(2, feature) : tierStyle(2)),
    tier3: feature => cellStyle(3, feature),
    casing: () => ({ color: look().casing, weight: look().tiers[1].casing * growth(), opacity: 0.85, lineJoin: 'round', fill: false }),
    building: feature => ({ color: look().buildingEdge, weight: 0.7, fillOpacity: 1, fillColor: look().buildings[useOf(feature.properties.use)] }),
    facility: feature => facilityStyle(feature.properties),
    overlay: feature => {
      const colour = look().overlays[feature.properties.kind] || look().overlays.keeper;
      return { color: colour, weight: 1.6, dashArray: '5 3', fillColor: colour, fillOpacity: 0.1 };
    },
    issue: () => ({}),
  };
  const STYLE_OF = { around: 'ground', on_land: 'ground', roads: 'ground', buildings: 'building', facilities: 'facility', overlays: 'overlay' };

  const style = (name, feature) => styles[name](feature);

  function restyle(...names) {
    for (const name of names) if (g.layers[name]?.setStyle) g.layers[name].setStyle(feature => styles[STYLE_OF[name] || name](feature));
  }

  const repaint = () => g.soon('repaint', () => {
    restyle(`tier${g.config.leaf}`);
    g.tell('repaint');
  });

  function paint(given) {
    painter = given;
    repaint();
  }

  // ------------------------------------------------------------ symbols on the map

  function icon(className, markup, box) {
    return L.divIcon({ className, html: markup, iconSize: [box, box], iconAnchor: [box / 2, box / 2] });
  }

  function issueIcon(asks, code) {
    const made = icon(`gm-issue gm-is-${asks}`, g.config.symbols[asks], 44);
    made.options.className += g.chosen.has(code) ? ' gm-marked-one' : '';
    return made;
  }

  function issueMarker(feature, at) {
    const { code } = feature.properties;
    const asks = g.attention(feature.properties);
    const made = L.marker(at, {
      icon: issueIcon(asks, code), title: titleOf(feature), alt: titleOf(feature), keyboard: true, riseOnHover: true,
      zIndexOffset: (4 - g.config.rules.order.indexOf(asks)) * 300,
    });
    made.asks = asks;
    made.feature = feature;
    made.on('click', event => g.tell('select', { kind: 'issue', code, several: event.originalEvent?.shiftKey }));
    g.markers.set(code, made);
    return made;
  }

  function titleOf(feature) {
    const said = feature.properties;
    return [g.term('attentions', g.attention(said)), categoryOf(said), said.grid].filter(Boolean).join(' · ');
  }

  const categoryOf = said => g.config.terms.categories[said.category] || said.category_name || said.category;

  function facilityMarker(feature, at) {
    const { code, kind, state, name } = feature.properties;
    const drawings = g.config.plates[kind] || g.config.plates[''];
    g.plates.push(L.latLng(at));
    const made = L.marker(at, {
      icon: icon(`gm-facility gm-state-${state || 'in_order'}`, drawings[state] || drawings.in_order, 24),
      title: name || code, keyboard: false, pane: 'facilities',
    });
    return made.on('click', () => g.tell('select', { kind: 'facility', code }));
  }

  function clusterIcon(cluster) {
    const asked = cluster.getAllChildMarkers().map(each => g.config.rules.order.indexOf(each.asks));
    const worst = g.config.rules.order[Math.min(...asked)];
    const made = icon('gm-cluster', '', 44);
    made.options.html = `<b class="gm-ring-${worst}">${cluster.getChildCount()}</b>`;
    return made;
  }

  Object.assign(g, {
    growth, metresPerPixel, canvas, tierStyle, cellStyle, painted, kindOfGround, useOf, style, restyle, repaint, paint,
    look, isLeafTier, issueIcon, issueMarker, facilityMarker, clusterIcon, categoryOf, titleOf, showsLoad: true, showsHeat: false, pointedAt: null,
  });
});
