/* Draws what is too large to be sent whole: grids, buildings, facilities and issues come as vector tiles and are painted
   onto one canvas a pane, in the colours and lines of the rest. Tiles meet on whole pixels, so that no seam is seen. */
GridMap.part('tiles', g => {
  'use strict';

  const UNITS = 4096;
  const LAST_ZOOM = 18;
  const MOST_KEPT = 600;
  const FROM = { buildings: 15, facilities: 14 };
  // What is light comes by tiles that are drawn at twice their size: a quarter of the questions.
  const DOUBLED = new Set(['labels', 'issues']);
  const PLATES_FROM = 16.5;
  const DASHED_FROM = 14.5;
  const CLUSTER_PX = 17;
  const SYMBOL_PX = 11;
  // A change is told a moment before it can be read, and many come together.
  const GATHER_MS = 400;
  const REFRESH_MS = 2_000;
  const { tiles: on } = g.config.parts;
  const look = () => g.config.style;

  // ------------------------------------------------------------ reading a tile

  /* The features of a Mapbox vector tile by its layers: kind (1 point, 2 line, 3 area), parts and what is said of each. */
  function read(buffer) {
    const bytes = new Uint8Array(buffer);
    const text = new TextDecoder();
    const view = new DataView(buffer);
    let at = 0;

    function varint() {
      let number = 0;
      for (let shift = 1; ; shift *= 128) {
        const byte = bytes[at++];
        number += (byte & 127) * shift;
        if (byte < 128) return number;
      }
    }

    const signed = number => (number % 2 ? -(number + 1) / 2 : number / 2);

    function fields(end, take) {
      while (at < end) {
        const tag = varint();
        const kind = tag & 7;
        const last = kind === 2 ? varint() + at : kind === 1 ? at + 8 : kind === 5 ? at + 4 : 0;
        take(tag >> 3, last);
        if (last) at = last;
      }
    }

    function value(end) {
      let found = null;
      fields(end, (field, last) => {
        if (field === 1) found = text.decode(bytes.subarray(at, last));
        else if (field === 2) found = view.getFloat32(at, true);
        else if (field === 3) found = view.getFloat64(at, true);
        else if (field === 6) found = signed(varint());
        else if (field === 7) found = Boolean(varint());
        else found = varint();
      });
      return found;
    }

    function numbers(end) {
      const found = [];
      while (at < end) found.push(varint());
      return found;
    }

    function partsOf(commands, kind) {
      const parts = [];
      let x = 0;
      let y = 0;
      for (let n = 0; n < commands.length;) {
        const command = commands[n] & 7;
        const count = commands[n++] >> 3;
        for (let each = 0; command !== 7 && each < count; each += 1) {
          x += signed(commands[n++]);
          y += signed(commands[n++]);
          if (command === 1) parts.push([]);
          parts[parts.length - 1].push(x, y);
        }
      }
      return { kind, parts };
    }

    function layer(end) {
      const keys = [];
      const values = [];
      const raw = [];
      let name = '';
      fields(end, (field, last) => {
        if (field === 1) name = text.decode(bytes.subarray(at, last));
        else if (field === 2) {
          const feature = { kind: 0, tags: [], commands: [] };
          fields(last, (inner, end_) => {
            if (inner === 2) feature.tags = numbers(end_);
            else if (inner === 3) feature.kind = varint();
            else if (inner === 4) feature.commands = numbers(end_);
            else varint();
          });
          raw.push(feature);
        } else if (field === 3) keys.push(text.decode(bytes.subarray(at, last)));
        else if (field === 4) values.push(value(last));
        else varint();
      });
      const features = raw.map(({ kind, tags, commands }) => {
        const said = {};
        for (let n = 0; n < tags.length; n += 2) said[keys[tags[n]]] = values[tags[n + 1]];
        return { ...partsOf(commands, kind), said };
      });
      return [name, features];
    }

    const layers = {};
    fields(bytes.length, (_, last) => {
      const [name, features] = layer(last);
      layers[name] = features;
    });
    return layers;
  }

  // What it takes to paint a feature, made when it is first painted.
  function pathOf(feature) {
    if (feature.path) return feature.path;
    const path = new Path2D();
    for (const part of feature.parts) {
      path.moveTo(part[0], part[1]);
      for (let n = 2; n < part.length; n += 2) path.lineTo(part[n], part[n + 1]);
      if (feature.kind === 3) path.closePath();
    }
    feature.path = path;
    return path;
  }

  // ------------------------------------------------------------ having tiles

  const kept = new Map();
  let version = 0;

  async function fetched(layer, { z, x, y }) {
    const site = g.config.site ? `?site=${encodeURIComponent(g.config.site)}` : '';
    const answer = await fetch(`/tiles/${layer}/${z}/${x}/${y}${site}`, { credentials: 'same-origin' });
    if (answer.status === 204) return [];
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    return read(await answer.arrayBuffer())[layer] || [];
  }

  /* A tile that is here, or will be: then everything is painted again. */
  function tile(layer, address) {
    const name = `${layer}/${address.z}/${address.x}/${address.y}`;
    const found = kept.get(name);
    const fresh = layer === 'issues' ? version : 0;
    if (found && (found.version === fresh || found.coming)) return found.features;
    const entry = found || { features: null };
    entry.coming = true;
    kept.delete(name);
    kept.set(name, entry);
    fetched(layer, address).then(
      features => { Object.assign(entry, { features, version: fresh }); },
      () => { Object.assign(entry, { features: entry.features || [], version: fresh }); },
    ).finally(() => {
      entry.coming = false;
      arrived(layer);
    });
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    return entry.features;
  }

  const coming = () => [...kept.values()].some(entry => entry.coming);

  // Until a tile comes, what is known of its ground from farther off.
  const STANDS_IN = new Set(['grids', 'facilities']);

  function standIn(layer, { z, x, y }, within) {
    for (let up = 1; up <= 4 && up <= z; up += 1) {
      const { features } = kept.get(`${layer}/${z - up}/${x >> up}/${y >> up}`) || {};
      if (!features) continue;
      const size = within.size * 2 ** up;
      const [left, top] = [within.left - (x - ((x >> up) << up)) * within.size, within.top - (y - ((y >> up) << up)) * within.size];
      return [{ size, left, top, within, features }];
    }
    return [];
  }

  /* The tiles that lie within bounds, which are in pixels of the map's layers: their address, features and place. */
  function tilesIn(layer, bounds) {
    const zoom = g.map.getZoom();
    const z = Math.max(0, Math.min(LAST_ZOOM, Math.round(zoom) - (DOUBLED.has(layer) ? 1 : 0)));
    if (z < (FROM[layer] || 0)) return [];
    const size = 256 * 2 ** (zoom - z);
    const origin = g.map.getPixelOrigin();
    const last = 2 ** z - 1;
    const index = (pixel, start) => Math.max(0, Math.min(last, Math.floor((pixel + start) / size)));
    const found = [];
    for (let x = index(bounds.min.x, origin.x); x <= index(bounds.max.x, origin.x); x += 1) {
      for (let y = index(bounds.min.y, origin.y); y <= index(bounds.max.y, origin.y); y += 1) {
        const features = tile(layer, { z, x, y });
        const place = { size, left: x * size - origin.x, top: y * size - origin.y };
        if (features) found.push({ ...place, within: place, features });
        else if (STANDS_IN.has(layer)) found.push(...standIn(layer, { z, x, y }, place));
      }
    }
    return found;
  }

  // ------------------------------------------------------------ a canvas a pane

  const Sheet = L.Renderer.extend({
    options: { padding: 0.2 },

    initialize(layer, pane, paint) {
      L.Renderer.prototype.initialize.call(this, { pane });
      this.source = layer;
      this.paint = paint;
    },

    getEvents() {
      return { ...L.Renderer.prototype.getEvents.call(this), viewprereset: this._forget };
    },

    _forget() {
      this._bounds = null;
    },

    _initContainer() {
      this._container = document.createElement('canvas');
      this._container.style.pointerEvents = 'none';
      this._ctx = this._container.getContext('2d');
    },

    _destroyContainer() {
      L.DomUtil.remove(this._container);
      delete this._container;
      delete this._ctx;
    },

    _update() {
      if (!this._map || (this._map._animatingZoom && this._bounds)) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const dots = Math.min(2, devicePixelRatio || 1);
      L.DomUtil.setPosition(this._container, this._bounds.min);
      Object.assign(this._container, { width: size.x * dots, height: size.y * dots });
      Object.assign(this._container.style, { width: `${size.x}px`, height: `${size.y}px` });
      this.draw();
    },

    draw() {
      if (!this._ctx || !this._bounds || this._map._animatingZoom) return;
      const dots = Math.min(2, devicePixelRatio || 1);
      const { min } = this._bounds;
      this._ctx.setTransform(1, 0, 0, 1, 0, 0);
      this._ctx.clearRect(0, 0, this._container.width, this._container.height);
      for (const each of tilesIn(this.source, this._bounds)) this._drawTile(each, min, dots);
    },

    _drawTile(each, min, dots) {
      const ctx = this._ctx;
      const [left, top] = [each.left - min.x, each.top - min.y];
      const { within } = each;
      const edge = position => Math.round(position * dots);
      const [west, north] = [edge(within.left - min.x), edge(within.top - min.y)];
      ctx.save();
      ctx.beginPath();
      ctx.rect(west, north, edge(within.left - min.x + within.size) - west, edge(within.top - min.y + within.size) - north);
      ctx.clip();
      ctx.setTransform((each.size * dots) / UNITS, 0, 0, (each.size * dots) / UNITS, left * dots, top * dots);
      // A pixel in units of the tile.
      this.paint(ctx, each.features, UNITS / each.size);
      ctx.restore();
    },
  });

  const sheets = [];

  function sheet(layer, pane, paint) {
    const made = new Sheet(layer, pane, paint);
    sheets.push(made);
    made.addTo(g.map);
  }

  const redraw = (...layers) => {
    for (const each of sheets) if (!layers.length || layers.includes(each.source)) each.draw();
  };

  function arrived(layer) {
    g.soon(`tiles ${layer}`, () => {
      if (layer === 'labels') placeLabels();
      else if (layer === 'issues') issueSheet.draw();
      else redraw(layer);
      if (!coming()) settled();
    });
  }

  let isSettled = false;

  /* All that is in view is there: who waits for it looks at the class. */
  function settled() {
    g.map.getContainer().classList.add('gm-tiles-ready');
    if (!isSettled) performance.mark('gridmap-tiles-ready');
    isSettled = true;
  }

  function strokeWith(ctx, path, { color, weight, opacity = 1, dashArray }, pixel) {
    ctx.strokeStyle = color;
    ctx.globalAlpha = opacity;
    ctx.lineWidth = weight * pixel;
    ctx.lineJoin = 'round';
    ctx.setLineDash(dashArray && g.map.getZoom() >= DASHED_FROM ? dashArray.split(' ').map(each => each * pixel) : []);
    ctx.stroke(path);
  }

  function fillWith(ctx, path, colour, opacity) {
    ctx.fillStyle = colour;
    ctx.globalAlpha = opacity;
    ctx.fill(path, 'evenodd');
  }

  const isOn = name => g.map.hasLayer(g.layer(name));
  const pressed = name => document.querySelector(`[data-layer="${name}"]`)?.getAttribute('aria-pressed') === 'true';

  // ------------------------------------------------------------ grids

  let loads = null;
  let isPainted = false;
  let pointedAt = null;
  const paint = g.paint;
  g.paint = given => {
    isPainted = Boolean(given);
    paint(given);
  };

  const openOf = code => (loads ? loads[code] : g.openIn.get(code)) || 0;

  function loadOf({ code, households }) {
    if (!households || !pressed('load')) return null;
    const load = (100 * openOf(code)) / households;
    const step = look().loadBreaks.filter(each => load >= each).length;
    return step ? { colour: look().loadColours[step], opacity: pressed('heat') ? 0.18 : 0.56 } : null;
  }

  const colourOf = said => g.painted(said.code, said.tier) || (isPainted ? null : loadOf(said));
  const deepest = features => features.reduce((tier, { said }) => Math.max(tier, said.tier), 0);

  function paintLand(ctx, features) {
    for (const feature of features) if (feature.said.tier === 1) fillWith(ctx, pathOf(feature), look().land, 1);
  }

  function paintCells(ctx, features, pixel) {
    const tier = deepest(features);
    if (!tier || !isOn(`tier${tier}`)) return;
    const line = g.tierStyle(tier);
    const shown = features.filter(({ said }) => said.tier === tier);
    for (const feature of shown) {
      const found = colourOf(feature.said);
      if (found) fillWith(ctx, pathOf(feature), found.colour, found.opacity);
    }
    for (const feature of shown) strokeWith(ctx, pathOf(feature), line, pixel);
    for (const feature of shown) {
      if (feature.said.code === pointedAt) strokeWith(ctx, pathOf(feature), { color: look().pointed, weight: 2.4 }, pixel);
    }
  }

  function paintTiers(ctx, features, pixel) {
    const below = deepest(features);
    const of = tier => features.filter(({ said }) => said.tier === tier && isOn(`tier${tier}`));
    const casing = { color: look().casing, weight: look().tiers[1].casing * g.growth(), opacity: 0.85 };
    for (const feature of of(1)) strokeWith(ctx, pathOf(feature), casing, pixel);
    for (const tier of [3, 2, 1]) {
      if (tier >= below && below !== 1) continue;
      for (const feature of of(tier)) strokeWith(ctx, pathOf(feature), g.tierStyle(tier), pixel);
    }
  }

  // ------------------------------------------------------------ what stands on them

  function paintBuildings(ctx, features, pixel) {
    if (!isOn('buildings')) return;
    for (const feature of features) {
      const path = pathOf(feature);
      fillWith(ctx, path, look().buildings[g.useOf(feature.said.use)], 1);
      strokeWith(ctx, path, { color: look().buildingEdge, weight: 0.7 }, pixel);
    }
  }

  const groundOf = said => look().ground[said.kind];

  function paintGround(ctx, features, pixel) {
    const ground = features.filter(({ said }) => groundOf(said)).sort((a, b) => groundOf(a.said).order - groundOf(b.said).order);
    const metre = pixel / g.metresPerPixel();
    for (const feature of ground) {
      const { fill, edge, width_m: width } = groundOf(feature.said);
      const path = pathOf(feature);
      if (feature.kind === 3) fillWith(ctx, path, fill, 1);
      else if (feature.kind === 2) {
        const weight = Math.max(1.2 * pixel, width * metre);
        if (edge) strokeWith(ctx, path, { color: edge, weight: weight / pixel + 2 }, pixel);
        strokeWith(ctx, path, { color: fill, weight: weight / pixel }, pixel);
      }
    }
  }

  const colourOfState = state => look().facilities[state] || look().facilities.in_order;

  function paintFacilities(ctx, features, pixel) {
    if (!isOn('facilities')) return;
    for (const feature of features) {
      if (groundOf(feature.said)) continue;
      const colour = colourOfState(feature.said.state);
      if (feature.kind === 1) paintPlate(ctx, feature, colour, pixel);
      else {
        if (feature.kind === 3) fillWith(ctx, pathOf(feature), colour, feature.said.level ? 0.03 : 0.06);
        strokeWith(ctx, pathOf(feature), { color: colour, weight: 1.1 * g.growth(), opacity: 0.5, dashArray: feature.said.level ? '6 4' : null }, pixel);
      }
    }
  }

  function paintPlate(ctx, { parts: [[x, y]] }, colour, pixel) {
    if (g.map.getZoom() < PLATES_FROM) return;
    const half = 5 * pixel;
    ctx.beginPath();
    ctx.roundRect(x - half, y - half, 2 * half, 2 * half, 2.5 * pixel);
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
    ctx.lineWidth = 2 * pixel;
    ctx.strokeStyle = look().casing;
    ctx.stroke();
    ctx.fillStyle = colour;
    ctx.fill();
  }

  // ------------------------------------------------------------ issues

  // Symbols reach over the edges of their tiles, so they are painted together, what burns last.
  const IssueSheet = Sheet.extend({
    draw() {
      if (!this._ctx || !this._bounds || this._map._animatingZoom) return;
      const dots = Math.min(2, devicePixelRatio || 1);
      this._ctx.setTransform(dots, 0, 0, dots, 0, 0);
      this._ctx.clearRect(0, 0, this._container.width, this._container.height);
      this.spots = [];
      if (!isOn('issues')) return;
      for (const { features, left, top, size } of tilesIn('issues', this._bounds)) {
        for (const { said, parts: [[x, y]] } of features) {
          this.spots.push({ said, x: left + (x * size) / UNITS, y: top + (y * size) / UNITS });
        }
      }
      this.spots.sort((a, b) => b.said.rank - a.said.rank);
      for (const { said, x, y } of this.spots) this._stamp(said, x - this._bounds.min.x, y - this._bounds.min.y);
    },

    // A symbol is drawn once, and then copied.
    _stamp(said, x, y) {
      const half = said.count > 1 ? CLUSTER_PX + 4 : SYMBOL_PX + 4;
      this._ctx.drawImage(stampOf(said, half), x - half, y - half, 2 * half, 2 * half);
    },
  });

  const stamps = new Map();

  function stampOf(said, half) {
    const name = said.count > 1 ? `${said.attention} ${short(said.count)}` : said.attention;
    if (stamps.has(name)) return stamps.get(name);
    const dots = Math.min(2, devicePixelRatio || 1);
    const made = document.createElement('canvas');
    made.width = made.height = 2 * half * dots;
    const ctx = made.getContext('2d');
    ctx.scale(dots, dots);
    ctx.translate(half, half);
    if (said.count > 1) paintCluster(ctx, said);
    else paintSymbol(ctx, said.attention);
    stamps.set(name, made);
    return made;
  }

  const short = count => (count < 1_000 ? String(count) : `${(count / 1_000).toFixed(count < 10_000 ? 1 : 0)}k`);
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function paintCluster(ctx, { attention, count }) {
    ctx.beginPath();
    ctx.arc(0, 0, CLUSTER_PX - 1.5, 0, 2 * Math.PI);
    ctx.fillStyle = css('--panel') || '#fff';
    ctx.fill();
    ctx.lineWidth = 3;
    ctx.strokeStyle = look().attentions[attention];
    ctx.stroke();
    ctx.fillStyle = css('--ink') || '#16233d';
    ctx.font = '600 11.5px system-ui, sans-serif';
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    ctx.fillText(short(count), 0, 0.5);
  }

  const BODIES = {
    overdue: 'M0-9.4 10 8.6H-10z', urgent: 'M0-10.4 10.4 0 0 10.4-10.4 0z', verify: 'M-8.4-4a4.4 4.4 0 0 1 4.4-4.4h8a4.4 4.4 0 0 1 4.4 4.4v8a4.4 4.4 0 0 1-4.4 4.4h-8a4.4 4.4 0 0 1-4.4-4.4z',
  };
  const DISC = 'M8.6 0A8.6 8.6 0 1 1-8.6 0 8.6 8.6 0 1 1 8.6 0z';
  const MARKS = { overdue: 'M0-2v4.4M0 5.4v.2', urgent: 'M0-4.8v5.4M0 4.2v.2', doing: 'M0-5v5l3.4 2', verify: 'M-4 .4l2.8 2.8L4.4-2.6' };

  function paintSymbol(ctx, attention) {
    const body = new Path2D(BODIES[attention] || DISC);
    ctx.lineJoin = ctx.lineCap = 'round';
    ctx.lineWidth = 4;
    ctx.strokeStyle = look().casing;
    ctx.stroke(body);
    ctx.fillStyle = look().attentions[attention];
    ctx.fill(body);
    if (!MARKS[attention]) return;
    ctx.lineWidth = 2;
    ctx.strokeStyle = '#fff';
    ctx.stroke(new Path2D(MARKS[attention]));
  }

  let lastRefresh = 0;
  let waiting = null;

  /* Looks again at what has been changed, at most so often. */
  function refresh() {
    if (waiting) return;
    waiting = setTimeout(async () => {
      waiting = null;
      lastRefresh = Date.now();
      version += 1;
      if (on.issues) issueSheet.draw();
      try {
        loads = await g.get('/tiles/loads');
        g.repaint();
      } catch { /* the next change asks again */ }
    }, Math.max(GATHER_MS, lastRefresh + REFRESH_MS - Date.now()));
  }

  // ------------------------------------------------------------ labels

  const LABELS = {
    1: { className: 'gm-l1', from: 0, to: 17.3, say: said => said.name },
    2: { className: 'gm-l2', from: 11, to: 18.4, say: said => shortOf(said.code) },
    3: { className: 'gm-l3', from: 14.5, to: 22, say: said => shortOf(said.code) },
  };
  const pane = g.pane('labels');
  const widths = new Map();
  const shownLabels = new Map();

  const shortOf = code => (code.startsWith(`${g.config.site}-`) ? code.slice(g.config.site.length + 1) : code);

  function widthOf(className, words) {
    const name = `${className} ${words}`;
    if (!widths.has(name)) {
      const box = g.node('div', `gm-label ${className}`, words);
      pane.append(box);
      widths.set(name, [box.offsetWidth, box.offsetHeight]);
      box.remove();
    }
    return widths.get(name);
  }

  /* Where there is room in its grid, and neither a larger grid's name nor an issue stands. */
  function placeLabels() {
    const zoom = g.map.getZoom();
    const size = g.map.getSize();
    const corner = g.map.containerPointToLayerPoint([0, 0]);
    const bounds = L.bounds(corner, corner.add(size));
    const perPixel = g.metresPerPixel();
    const taken = (issueSheet?.spots || []).map(({ said, x, y }) => around(x, y, said.count > 1 ? CLUSTER_PX : SYMBOL_PX));
    const wanted = [];
    for (const { features, left, top, size: side } of tilesIn('labels', bounds)) {
      for (const { said, parts: [[x, y]] } of features) {
        const rule = LABELS[said.tier];
        if (zoom < rule.from || zoom > rule.to || !isOn(`tier${said.tier}`)) continue;
        wanted.push({ said, rule, x: left + (x * side) / UNITS, y: top + (y * side) / UNITS, radius: said.r / perPixel });
      }
    }
    wanted.sort((a, b) => a.said.tier - b.said.tier || b.radius - a.radius);
    const placed = new Set();
    for (const each of wanted) if (stand(each, taken)) placed.add(each.said.code);
    for (const [code, box] of shownLabels) {
      if (placed.has(code)) continue;
      box.remove();
      shownLabels.delete(code);
    }
  }

  const around = (x, y, half) => [x - half, y - half, x + half, y + half];
  const meet = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];

  function stand({ said, rule, x, y, radius }, taken) {
    const words = rule.say(said);
    if (!words || (rule.className !== 'gm-l1' && radius < words.length * 2.4)) return false;
    const [width, height] = widthOf(rule.className, words);
    if (rule.className !== 'gm-l1' && width * 0.4 > radius * 1.1) return false;
    const box = [x - width / 2 - 3, y - height / 2 - 2, x + width / 2 + 3, y + height / 2 + 2];
    if (taken.some(other => meet(box, other))) return false;
    taken.push(box);
    const shown = shownLabels.get(said.code) || pane.appendChild(g.node('div', `gm-label ${rule.className}`, words));
    shown.style.transform = `translate(${Math.round(x - width / 2)}px,${Math.round(y - height / 2)}px)`;
    shownLabels.set(said.code, shown);
    return true;
  }

  // ------------------------------------------------------------ pointing and choosing

  const tester = document.createElement('canvas').getContext('2d');

  /* What lies under a position of the map's layers: an issue, else what stands there, else the grid. */
  function under(point) {
    const spot = issueSheet && [...(issueSheet.spots || [])].reverse().find(({ said, x, y }) => Math.hypot(x - point.x, y - point.y) <= (said.count > 1 ? CLUSTER_PX : SYMBOL_PX + 3));
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

  function pointAt(event) {
    const found = event ? under(event.layerPoint) : null;
    const code = found?.kind === 'grid' ? found.said.code : null;
    g.map.getContainer().classList.toggle('gm-tiles-hot', Boolean(found));
    if (code !== pointedAt) {
      pointedAt = code;
      cellSheet?.draw();
    }
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

  let cellSheet = null;
  let issueSheet = null;

  if (on.grids) {
    sheet('grids', 'ground', paintLand);
    sheet('grids', 'cells', paintCells);
    cellSheet = sheets[sheets.length - 1];
    sheet('grids', 'tiers', paintTiers);
  }
  if (on.facilities) {
    sheet('facilities', 'ground', paintGround);
    sheet('facilities', 'lines', paintFacilities);
  }
  if (on.buildings) sheet('buildings', 'buildings', paintBuildings);
  if (on.issues) issueSheet = new IssueSheet('issues', 'markerPane').addTo(g.map);
  if (on.grids || on.issues) refresh();

  const again = () => {
    redraw();
    issueSheet?.draw();
    if (on.grids) placeLabels();
  };
  g.on('repaint', () => cellSheet?.draw());
  g.on('theme', () => {
    stamps.clear();
    again();
  });
  g.on('switched', () => g.soon('tiles switched', again));
  g.on('issues', refresh);
  g.map.on('moveend zoomend', () => g.soon('tiles labels', () => {
    if (on.grids) placeLabels();
    if (!coming()) settled();
  }));
  g.map.on('mousemove', event => g.soon('tiles point', () => pointAt(event)));
  g.map.on('mouseout movestart zoomstart', () => pointAt(null));
  g.map.on('click', choose);
  setInterval(() => { if (on.issues && !document.hidden) refresh(); }, 60_000);
});
