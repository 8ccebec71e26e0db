/* Names on the ground: a label is shown where it fits into its area and meets neither another one nor an issue, the large
   tiers first. Where a label stands best is the middle of the largest circle within its area. */
GridMap.part('labels', g => {
  'use strict';

  const TIERS = {
    tier1: { className: 'gm-l1', from: 0, to: 17.3, lines: said => [said.name] },
    tier2: { className: 'gm-l2', from: 15.5, to: 18.4, lines: said => [g.shortCode(said.code), said.owner?.name] },
    tier3: { className: 'gm-l3', from: 17.2, to: 22, lines: said => [g.shortCode(said.code)] },
  };
  const ORDER = ['gm-l1', 'gm-l2', 'gm-l3', 'gm-lr'];
  const FACILITIES_FROM_ZOOM = 17;
  const pane = g.pane('labels');
  const labels = [];

  // ------------------------------------------------------------ the largest circle within an area

  /* The middle of the largest circle as [x, y, radius], found by halving squares: the best of those that could still
     hold a larger one than the largest known is looked at next. */
  function largestCircle(rings, precision) {
    const [west, south, east, north] = boundsOf(rings[0]);
    const size = Math.min(east - west, north - south);
    if (!(size > 0)) return [west, south, 0];
    const square = (x, y, half) => {
      const depth = depthOf(x, y, rings);
      return { x, y, half, depth, most: depth + half * Math.SQRT2 };
    };
    const queue = [];
    for (let x = west; x < east; x += size) for (let y = south; y < north; y += size) queue.push(square(x + size / 2, y + size / 2, size / 2));
    let best = square((west + east) / 2, (south + north) / 2, 0);
    while (queue.length) {
      queue.sort((a, b) => a.most - b.most);
      const cell = queue.pop();
      if (cell.depth > best.depth) best = cell;
      if (cell.most - best.depth <= precision) continue;
      const half = cell.half / 2;
      for (const [dx, dy] of [[-1, -1], [1, -1], [-1, 1], [1, 1]]) queue.push(square(cell.x + dx * half, cell.y + dy * half, half));
    }
    return [best.x, best.y, best.depth];
  }

  function boundsOf(ring) {
    const xs = ring.map(([x]) => x);
    const ys = ring.map(([, y]) => y);
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }

  /* How far a point lies from the outline; below zero outside. */
  function depthOf(x, y, rings) {
    let inside = false;
    let nearest = Infinity;
    for (const ring of rings) {
      for (let n = 0, before = ring.length - 1; n < ring.length; before = n, n += 1) {
        const [ax, ay] = ring[n];
        const [bx, by] = ring[before];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
        nearest = Math.min(nearest, squareToSegment(x, y, ax, ay, bx, by));
      }
    }
    return (inside ? 1 : -1) * Math.sqrt(nearest);
  }

  function squareToSegment(x, y, ax, ay, bx, by) {
    const [dx, dy] = [bx - ax, by - ay];
    const share = dx || dy ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy))) : 0;
    return (x - ax - share * dx) ** 2 + (y - ay - share * dy) ** 2;
  }

  const DEGREE_M = 111_320;

  function middleOf(feature) {
    if (feature.properties.label) return feature.properties.label;
    const { type, coordinates } = feature.geometry;
    const polygons = type === 'Polygon' ? [coordinates] : coordinates;
    const squeeze = Math.cos((polygons[0][0][0][1] * Math.PI) / 180);
    let best = [0, 0, -1];
    for (const rings of polygons) {
      const metres = rings.map(ring => ring.map(([x, y]) => [x * DEGREE_M * squeeze, y * DEGREE_M]));
      const [west, south, east, north] = boundsOf(metres[0]);
      const found = largestCircle(metres, Math.max(1, Math.min(east - west, north - south) / 40));
      if (found[2] > best[2]) best = found;
    }
    return { at: [best[1] / DEGREE_M, best[0] / DEGREE_M / squeeze], r: best[2] };
  }

  // ------------------------------------------------------------ making them

  function add({ className, from, to }, at, radius, lines, key) {
    const box = g.node('div', `gm-label ${className}`);
    lines.forEach((line, number) => box.append(g.node(number ? 'small' : 'span', '', line)));
    box.hidden = true;
    const label = { box, place: L.latLng(at), radius, from, to, className, key };
    labels.push(label);
    return label;
  }

  function name(tier) {
    clear(tier);
    g.layer(tier).eachLayer(({ feature }) => {
      const { at, r } = middleOf(feature);
      const lines = TIERS[tier].lines(feature.properties).filter(Boolean);
      if (lines.length) add(TIERS[tier], at, r, lines, tier);
    });
    g.soon('measure', measureNew);
  }

  function clear(key) {
    for (let n = labels.length - 1; n >= 0; n -= 1) {
      if (labels[n].key !== key) continue;
      labels[n].box.remove();
      labels.splice(n, 1);
    }
  }

  function nameRoads() {
    clear('roads');
    g.layer('roads').eachLayer(layer => {
      const { kind, name: called } = layer.feature.properties;
      if (kind !== 'road' || !called || layer.feature.long < g.config.mainRoad || layer instanceof L.Polygon) return;
      const line = layer.getLatLngs().flat();
      for (const share of [0.3, 0.5, 0.7]) nameRoad(line, share, called);
    });
    g.soon('measure', measureNew);
  }

  function nameRoad(line, share, called) {
    const spot = share * (line.length - 1);
    const at = Math.min(line.length - 2, Math.floor(spot));
    const [a, b] = [line[at], line[at + 1]];
    const middle = [a.lat + (b.lat - a.lat) * (spot - at), a.lng + (b.lng - a.lng) * (spot - at)];
    turn(add({ className: 'gm-lr', from: 15.2, to: 20 }, middle, Infinity, [called], 'roads'), g.map.project(a, 18), g.map.project(b, 18));
  }

  function turn(label, a, b) {
    let angle = Math.atan2(b.y - a.y, b.x - a.x);
    if (angle > Math.PI / 2) angle -= Math.PI;
    if (angle < -Math.PI / 2) angle += Math.PI;
    const cjk = /[\u3000-\u9fff]/.test(label.box.textContent);
    if (Math.abs(angle) > 1.1 && cjk) label.box.style.writingMode = 'vertical-rl';
    else label.angle = angle;
  }

  // All are put into the page, then all are measured: so it is laid out once.
  function measureNew() {
    const fresh = labels.filter(label => !label.reach);
    for (const label of fresh) {
      label.box.hidden = false;
      pane.append(label.box);
    }
    for (const label of fresh) {
      const { offsetWidth: width, offsetHeight: height } = label.box;
      const lean = Math.abs(Math.sin(label.angle || 0));
      Object.assign(label, { width, height, reach: [width * (1 - lean) + height * lean, height * (1 - lean) + width * lean] });
    }
    for (const label of fresh) label.box.hidden = true;
    labels.sort((one, other) => ORDER.indexOf(one.className) - ORDER.indexOf(other.className));
    place();
  }

  // ------------------------------------------------------------ placing them

  function place() {
    const zoom = g.map.getZoom();
    const view = g.map.getPixelBounds();
    const origin = g.map.getPixelOrigin();
    const scale = g.metresPerPixel();
    const taken = marks(view);
    const own = [];
    for (const label of labels) {
      label.box.hidden = true;
      if (!label.reach || zoom < label.from || zoom > label.to || !isOn(label.key)) continue;
      const spot = g.map.project(label.place);
      if (!view.contains(spot) || !fits(label, label.radius / scale)) continue;
      const found = freeSpot(label, spot, label.radius / scale, taken, own);
      if (!found) continue;
      own.push(found.box);
      label.box.hidden = false;
      const [x, y] = [Math.round(found.x - origin.x - label.width / 2), Math.round(found.y - origin.y - label.height / 2)];
      label.box.style.transform = `translate(${x}px,${y}px)` + (label.angle ? ` rotate(${label.angle}rad)` : '');
    }
  }

  const isOn = key => key === 'roads' || g.map.hasLayer(g.layer(key));
  const fits = (label, radius) => label.className === 'gm-l1' || label.width * 0.4 < radius * 1.1;

  // What stands in the way of a label: the symbols in view.
  function marks(view) {
    const boxes = [];
    const stand = (at, half) => {
      const { x, y } = g.map.project(at);
      if (view.contains([x, y])) boxes.push([x - half, y - half, x + half, y + half]);
    };
    const group = g.layer('issues');
    if (g.map.hasLayer(group)) g.markers.forEach(each => group.hasLayer(each) && stand(each.getLatLng(), 11));
    if (g.map.hasLayer(g.layer('facilities')) && g.map.getZoom() >= FACILITIES_FROM_ZOOM) g.plates.forEach(at => stand(at, 8));
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

  g.on('filled', filled => {
    // A code is shortened by what all codes begin with: with the last tier, all are known.
    if (TIERS[filled]) for (const tier of Object.keys(TIERS)) name(tier);
    if (filled === 'facilities') nameRoads();
  });
  for (const event of ['issues', 'filter', 'switched', 'ready']) g.on(event, () => g.soon('labels', place));
  g.map.on('zoomend moveend', () => g.soon('labels', place));
  g.labels = { place, largestCircle };
});
