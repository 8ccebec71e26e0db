/* How the grid map behaves. Folium composes it and hands over its layers; drawing, names, cards, the legend and the
   keyboard are here. Every string of the data arrives escaped: it is decoded once and set as text, never as markup. */
const GridMap = (() => {
  'use strict';

  const FACILITIES_FROM_ZOOM = 17;
  const NARROW = 820;
  let map, config, layers;
  let showsLoad = true;
  let showsHeat = false;
  let pointedAt = null;
  const canvases = {};
  const markers = new Map();
  const plates = [];

  // Leaflet's own pin looks for its picture beside a style sheet, which a page in one file does not have.
  const drawing = (size, inner) =>
    `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="${size}">${inner}</svg>`)}`;
  const pin = drawing('0 0 25 41', '<path d="M12.5 40C8 30 2 20 2 12.5a10.5 10.5 0 0 1 21 0C23 20 17 30 12.5 40z" fill="#1f5fd0" stroke="#fff" stroke-width="2"/><circle cx="12.5" cy="12.5" r="4" fill="#fff"/>');
  L.Icon.Default.imagePath = '';
  L.Icon.Default.mergeOptions({ iconUrl: pin, iconRetinaUrl: pin, shadowUrl: drawing('0 0 1 1', ''), shadowSize: [1, 1] });

  // ------------------------------------------------------------ text

  const decoder = document.createElement('textarea');

  function plain(escaped) {
    decoder.innerHTML = escaped == null ? '' : escaped;
    return decoder.value;
  }

  function node(tag, className, escaped) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (escaped != null) made.textContent = plain(escaped);
    return made;
  }

  // ------------------------------------------------------------ how things are drawn

  const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

  // Lines grow with the zoom, but more slowly than the ground.
  const growth = () => 2 ** (0.42 * clamp(map.getZoom() - 16.25, -1.2, 2.2));

  function metresPerPixel() {
    const latitude = (map.getCenter().lat * Math.PI) / 180;
    return (40075016.686 * Math.cos(latitude)) / 2 ** (map.getZoom() + 8);
  }

  function canvas(pane) {
    canvases[pane] = canvases[pane] || L.canvas({ pane, padding: 0.25, tolerance: 6 });
    return canvases[pane];
  }

  function tierStyle(tier) {
    const line = config.style.tiers[tier];
    return {
      color: line.colour, weight: line.weight * growth(), opacity: line.opacity, dashArray: line.dash,
      lineJoin: 'round', fill: false,
    };
  }

  function cellStyle(tier, feature) {
    const { load } = feature.properties;
    const cool = showsLoad && load > 0;
    const drawn = {
      ...tierStyle(tier),
      fill: true,
      fillColor: config.style.loadColours[load || 0],
      // What is almost clear can still be pointed at.
      fillOpacity: cool ? (showsHeat ? 0.18 : 0.56) : 0.001,
    };
    if (feature === pointedAt) Object.assign(drawn, { color: '#1f5fd0', weight: 2.4, opacity: 1, dashArray: null });
    return drawn;
  }

  function groundStyle(feature, edge) {
    const ground = config.style.ground[feature.properties.kind];
    const isLine = feature.geometry.type.includes('Line');
    const colour = edge ? ground.edge : ground.fill;
    if (!isLine) return { stroke: edge, color: colour, weight: 2, fillColor: colour, fillOpacity: 1 };
    const width = Math.max(1.2, ground.width_m / metresPerPixel());
    return { color: colour, weight: edge ? width + 2 : width, opacity: 1, lineCap: 'butt', lineJoin: 'round', fill: false };
  }

  function facilityStyle(properties) {
    const colour = config.style.facilities[properties.state] || config.style.facilities.in_order;
    const below = Boolean(properties.rows.level);
    return {
      color: colour, weight: 1.1 * growth(), opacity: below ? 0.45 : 0.6, dashArray: below ? '6 4' : null,
      fillColor: colour, fillOpacity: below ? 0.03 : 0.06,
    };
  }

  const styles = {
    ground: feature => groundStyle(feature, false),
    edge: feature => groundStyle(feature, true),
    land: () => ({ stroke: false, fillColor: config.style.land, fillOpacity: 1 }),
    tier1: feature => (isLeafTier(1) ? cellStyle(1, feature) : tierStyle(1)),
    tier2: feature => (isLeafTier(2) ? cellStyle(2, feature) : tierStyle(2)),
    tier3: feature => cellStyle(3, feature),
    casing: () => ({ color: '#fff', weight: config.style.tiers[1].casing * growth(), opacity: 0.85, lineJoin: 'round', fill: false }),
    building: feature => ({
      color: config.style.buildingEdge, weight: 0.7, fillOpacity: 1,
      fillColor: config.style.buildings[feature.properties.use] || config.style.buildings.residential,
    }),
    facility: feature => facilityStyle(feature.properties),
    overlay: feature => {
      const colour = config.style.overlays[feature.properties.kind] || config.style.overlays.keeper;
      return { color: colour, weight: 1.6, dashArray: '5 3', fillColor: colour, fillOpacity: 0.1 };
    },
    issue: () => ({}),
  };

  const style = (name, feature) => styles[name](feature);

  // Before `start` the layers are still being made: the last tier that has any cell is the leaf.
  const isLeafTier = tier => config.leaf === tier;

  // ------------------------------------------------------------ markers

  function icon(className, markup, box) {
    return L.divIcon({ className, html: markup, iconSize: [box, box], iconAnchor: [box / 2, box / 2] });
  }

  function issueMarker(feature, place) {
    const { asks, title, sub, pill, rows } = feature.properties;
    const order = Object.keys(config.symbols).indexOf(asks);
    const made = L.marker(place, {
      icon: icon(`gm-issue gm-is-${asks}`, config.symbols[asks], 44),
      title: plain([pill, title, rows.grid || sub].join(' · ')),
      keyboard: true, riseOnHover: true, zIndexOffset: (4 - order) * 300,
    });
    markers.set(plain(feature.properties.code), made);
    return made;
  }

  function facilityMarker(feature, place) {
    const { kind, state, title } = feature.properties;
    const drawn = config.plates[kind] || config.plates[''];
    plates.push(place);
    return L.marker(place, {
      icon: icon('gm-facility', drawn[state] || drawn.in_order, 24),
      title: plain(title), keyboard: false, pane: 'facilities',
    });
  }

  function clusterIcon(cluster) {
    const order = Object.keys(config.symbols);
    const asked = cluster.getAllChildMarkers().map(each => order.indexOf(each.feature.properties.asks));
    const worst = order[Math.min(...asked)];
    const made = icon('gm-cluster', '', 34);
    made.options.html = `<b style="border-color:${config.style.attentions[worst]}">${cluster.getChildCount()}</b>`;
    return made;
  }

  // ------------------------------------------------------------ cards

  function card(layer) {
    const said = layer.feature.properties;
    const box = node('article', 'gm-card');
    box.append(node('h3', '', said.title));
    if (said.sub) box.append(node('p', 'gm-sub', said.sub));
    if (said.pill) {
      const pill = node('span', 'gm-pill', said.pill);
      pill.style.background = config.style.attentions[said.asks];
      box.append(pill);
    }
    if (said.text) box.append(node('p', 'gm-text', said.text));
    box.append(table(said.rows));
    return box;
  }

  function table(rows) {
    const list = node('dl');
    for (const [name, word] of Object.entries(config.words)) {
      if (!rows || !(name in rows)) continue;
      const term = node('dt');
      const cell = node('dd');
      term.textContent = word;
      cell.append(name === 'phone' ? phone(rows[name]) : node('span', '', rows[name]));
      list.append(term, cell);
    }
    return list;
  }

  function phone(escaped) {
    const link = node('a', '', escaped);
    link.href = `tel:${link.textContent.replace(/[^0-9+]/g, '')}`;
    return link;
  }

  function hint(layer) {
    const { title, name, owner, sub, rows = {} } = layer.feature.properties;
    const box = node('div');
    box.append(node('b', '', title));
    if (owner) box.append(node('i', '', owner));
    const second = [name || sub, rows.households && `${plain(rows.households)} ${config.words.households}`];
    box.append(node('div', '', second.filter(Boolean).join(' · ')));
    if (rows.open) {
      const open = node('div');
      open.textContent = `${config.words.open} ${plain(rows.open)}`;
      box.append(open);
    }
    return box;
  }

  function addCards() {
    const size = { minWidth: 220, maxWidth: 320, maxHeight: 360, autoPanPadding: [24, 90] };
    for (const name of ['tier3', 'tier2', 'tier1', 'buildings', 'facilities', 'overlays', 'issues']) {
      // One by one, for a card that is bound to a group cannot be opened for one of it.
      layers[name].eachLayer(layer => layer.bindPopup(card, size));
    }
    const cells = layers[`tier${config.leaf}`];
    cells.on('mouseover', event => point(event.propagatedFrom || event.layer, true));
    cells.on('mouseout', event => point(event.propagatedFrom || event.layer, false));
    for (const layer of [cells, layers.buildings]) {
      layer.bindTooltip(hint, { sticky: true, direction: 'top', offset: [0, -10] });
    }
    // Who came by the keyboard reads the card, and goes back to where he came from.
    let before = null;
    map.on('popupopen', event => {
      before = document.activeElement;
      const read = event.popup.getElement();
      read.querySelector('.leaflet-popup-close-button')?.setAttribute('aria-label', config.screen.close);
      const content = read.querySelector('.leaflet-popup-content');
      content.tabIndex = -1;
      content.focus({ preventScroll: true });
    });
    map.getContainer().addEventListener('keydown', event => event.key === 'Escape' && map.closePopup());
    map.on('popupclose', () => before && before.isConnected && before.focus({ preventScroll: true }));
  }

  function point(layer, isOn) {
    pointedAt = isOn ? layer.feature : null;
    layer.setStyle(cellStyle(config.leaf, layer.feature));
    if (isOn) layer.bringToFront();
  }

  // ------------------------------------------------------------ labels

  const labels = [];

  /* A label is shown where it fits into its area and meets neither another one nor an issue: the large tiers first. */
  function addLabels() {
    const pane = map.getPane('labels');
    const tiers = [
      { name: 'tier1', className: 'gm-l1', from: 0, to: 17.3, lines: said => [said.name] },
      { name: 'tier2', className: 'gm-l2', from: 15.5, to: 18.4, lines: said => [said.short, said.owner] },
      { name: 'tier3', className: 'gm-l3', from: 17.2, to: 22, lines: said => [said.short] },
    ];
    for (const tier of tiers) {
      layers[tier.name].eachLayer(layer => {
        const said = layer.feature.properties;
        if (said.label) addLabel(pane, tier, said.label.at, said.label.r, tier.lines(said).filter(Boolean));
      });
    }
    layers.roads.eachLayer(layer => addRoadNames(pane, layer));
    for (const label of labels) measure(label);
    placeLabels();
    map.on('zoomend moveend', placeLabels);
  }

  function addLabel(pane, { className, from, to }, at, radius, lines) {
    const box = node('div', `gm-label ${className}`);
    lines.forEach((line, number) => box.append(node(number ? 'small' : 'span', '', line)));
    pane.append(box);
    const label = { box, place: L.latLng(at), radius, from, to, className };
    labels.push(label);
    return label;
  }

  function addRoadNames(pane, layer) {
    const { kind, name } = layer.feature.properties;
    if (kind !== 'road' || !name || !(layer instanceof L.Polyline) || layer instanceof L.Polygon) return;
    const line = layer.getLatLngs().flat();
    for (const share of [0.3, 0.5, 0.7]) {
      const at = Math.min(line.length - 2, Math.floor(share * (line.length - 1)));
      const rest = share * (line.length - 1) - at;
      const [a, b] = [line[at], line[at + 1]];
      const label = addLabel(pane, { className: 'gm-lr', from: 15.2, to: 20 }, [a.lat + (b.lat - a.lat) * rest, a.lng + (b.lng - a.lng) * rest], Infinity, [name]);
      turn(label, map.project(a, 18), map.project(b, 18));
    }
  }

  function turn(label, a, b) {
    let angle = Math.atan2(b.y - a.y, b.x - a.x);
    if (angle > Math.PI / 2) angle -= Math.PI;
    if (angle < -Math.PI / 2) angle += Math.PI;
    const cjk = /[\u3000-\u9fff]/.test(label.box.textContent);
    if (Math.abs(angle) > 1.1 && cjk) label.box.style.writingMode = 'vertical-rl';
    else label.angle = angle;
  }

  function measure(label) {
    label.box.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = label.box;
    const lean = Math.abs(Math.sin(label.angle || 0));
    label.width = width;
    label.height = height;
    label.reach = [width * (1 - lean) + height * lean, height * (1 - lean) + width * lean];
    label.box.hidden = true;
  }

  function placeLabels() {
    const zoom = map.getZoom();
    const view = map.getPixelBounds();
    const origin = map.getPixelOrigin();
    const scale = metresPerPixel();
    const taken = markBoxes(view);
    const own = [];
    for (const label of labels) {
      label.box.hidden = true;
      if (zoom < label.from || zoom > label.to) continue;
      const spot = map.project(label.place);
      if (!view.contains(spot) || !fits(label, label.radius / scale)) continue;
      const found = freeSpot(label, spot, label.radius / scale, taken, own);
      if (!found) continue;
      own.push(found.box);
      label.box.hidden = false;
      const [x, y] = [Math.round(found.x - origin.x - label.width / 2), Math.round(found.y - origin.y - label.height / 2)];
      label.box.style.transform = `translate(${x}px,${y}px)` + (label.angle ? ` rotate(${label.angle}rad)` : '');
    }
  }

  const fits = (label, radius) => label.className === 'gm-l1' || label.width * 0.4 < radius * 1.1;

  // What stands in the way of a label: the symbols in view.
  function markBoxes(view) {
    const boxes = [];
    const add = (place, half) => {
      const { x, y } = map.project(place);
      if (view.contains([x, y])) boxes.push([x - half, y - half, x + half, y + half]);
    };
    if (map.hasLayer(layers.issues)) markers.forEach(each => add(each.getLatLng(), 11));
    if (map.hasLayer(layers.facilities) && map.getZoom() >= FACILITIES_FROM_ZOOM) plates.forEach(place => add(place, 8));
    return boxes;
  }

  function freeSpot(label, spot, radius, taken, own) {
    const [width, height] = label.reach;
    const free = Math.max(0, Math.min(radius, 120) - height / 2);
    const away = label.className === 'gm-lr' ? [0] : [0, -0.35, 0.35, -0.7, 0.7, -1, 1];
    for (const share of away) {
      const y = spot.y + share * free;
      const box = [spot.x - width / 2 - 3, y - height / 2 - 2, spot.x + width / 2 + 3, y + height / 2 + 2];
      if (!own.some(other => meet(box, other)) && !taken.some(other => meet(box, other))) return { x: spot.x, y, box };
    }
    // The name of a zone is worth more than a clear view of it.
    const box = [spot.x - width / 2, spot.y - height / 2, spot.x + width / 2, spot.y + height / 2];
    const needed = label.className === 'gm-l1' && !own.some(other => meet(box, other));
    return needed ? { x: spot.x, y: spot.y, box } : null;
  }

  const meet = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];

  // ------------------------------------------------------------ legend, list, search

  const beside = { tier1: ['casing', 'tier1'] };

  function restyle(...names) {
    for (const name of names) layers[name].setStyle(feature => styles[name === 'roads' ? 'ground' : name](feature));
  }

  function toggle(name, isOn) {
    if (name === 'load') showsLoad = isOn;
    else {
      for (const each of beside[name] || [name]) {
        if (isOn) map.addLayer(layers[each]);
        else map.removeLayer(layers[each]);
      }
    }
    if (name === 'heat') showsHeat = isOn;
    restyle(`tier${config.leaf}`);
    if (name === 'tier1' && isOn) layers.tier1.bringToFront();
    if (name === 'issues' || name === 'facilities') placeLabels();
    document.querySelectorAll(`[data-of="${name}"]`).forEach(each => { each.hidden = !isOn; });
  }

  function addLegend() {
    for (const button of document.querySelectorAll('[data-layer]')) {
      const name = button.dataset.layer;
      if (button.getAttribute('aria-pressed') === 'false') toggle(name, false);
      button.addEventListener('click', () => {
        const isOn = button.getAttribute('aria-pressed') !== 'true';
        button.setAttribute('aria-pressed', isOn);
        toggle(name, isOn);
      });
    }
    if (innerWidth < NARROW) document.querySelector('.gm-legend details').removeAttribute('open');
  }

  function addFilters() {
    const buttons = [...document.querySelectorAll('[data-only]')];
    for (const button of buttons) {
      button.addEventListener('click', () => {
        const isOn = button.getAttribute('aria-pressed') !== 'true';
        for (const each of buttons) each.setAttribute('aria-pressed', isOn && each === button);
        if (isOn) document.documentElement.dataset.showing = button.dataset.only;
        else delete document.documentElement.dataset.showing;
      });
    }
  }

  function addList() {
    for (const button of document.querySelectorAll('.gm-list [data-code]')) {
      const marker = markers.get(button.dataset.code);
      if (!marker) continue;
      button.addEventListener('click', () => show(marker));
      button.addEventListener('mouseenter', () => marker.getElement()?.classList.add('gm-pointed'));
      button.addEventListener('mouseleave', () => marker.getElement()?.classList.remove('gm-pointed'));
    }
  }

  function show(marker) {
    const zoom = Math.max(18, map.getZoom());
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    map.once('moveend', () => marker.openPopup());
    map.flyTo(marker.getLatLng(), zoom, { duration: 0.6, animate: !calm });
  }

  function addSearch() {
    const field = document.getElementById('gm-search');
    if (!field) return;
    const found = new Map();
    for (const name of ['tier1', 'tier2', 'tier3', 'buildings']) {
      layers[name].eachLayer(layer => {
        const { code, name: called, title, owner } = layer.feature.properties;
        found.set([code, called || title, owner].filter(Boolean).map(plain).join(' '), layer);
      });
    }
    const list = document.getElementById('gm-found');
    for (const said of found.keys()) {
      const option = document.createElement('option');
      option.value = said;
      list.append(option);
    }
    field.addEventListener('change', () => {
      const wanted = field.value.trim();
      const layer = found.get(wanted) || [...found].find(([said]) => wanted && said.includes(wanted))?.[1];
      if (layer) map.fitBounds(layer.getBounds(), { ...clearOf(), maxZoom: 19 }).once('moveend', () => layer.openPopup());
    });
    addEventListener('keydown', event => {
      if (event.key !== '/' || event.target.matches('input, textarea')) return;
      event.preventDefault();
      field.focus();
    });
  }

  // ------------------------------------------------------------ opening

  function configure(opened, given) {
    map = opened;
    config = given;
  }

  // What lies under the panels is not in view.
  function clearOf() {
    if (!document.querySelector('.gm-side')) return { paddingTopLeft: [16, 16], paddingBottomRight: [innerWidth < NARROW ? 16 : 240, 16] };
    if (innerWidth < NARROW) return { paddingTopLeft: [8, 76], paddingBottomRight: [8, innerHeight * 0.46] };
    return { paddingTopLeft: [346, 80], paddingBottomRight: [244, 24] };
  }

  function onZoom() {
    restyle('edge', 'roads', 'on_land', 'tier3', 'tier2', 'tier1', 'casing');
    map.getContainer().classList.toggle('gm-far', map.getZoom() < FACILITIES_FROM_ZOOM);
  }

  function start(given) {
    layers = given;
    styles.around = styles.on_land = styles.ground;
    layers.casing = L.geoJSON(layers.tier1.toGeoJSON(), { pane: 'tiers', interactive: false, style: styles.casing }).addTo(map);
    layers.tier1.bringToFront();
    const container = map.getContainer();
    container.setAttribute('role', 'application');
    container.setAttribute('aria-label', config.screen.map);
    L.control.zoom({ position: 'bottomright', zoomInTitle: config.screen.zoom_in, zoomOutTitle: config.screen.zoom_out }).addTo(map);
    L.control.scale({ imperial: false, position: 'bottomright' }).addTo(map);
    map.fitBounds(config.bounds, { ...clearOf(), animate: false, maxZoom: 19 });
    map.on('zoomend', onZoom);
    onZoom();
    addCards();
    addLegend();
    addLabels();
    addList();
    addFilters();
    addSearch();
    container.classList.add('gm-ready');
  }

  return { configure, start, style, canvas, issueMarker, facilityMarker, clusterIcon };
})();
