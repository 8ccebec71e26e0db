/* Reads vector tiles (Mapbox Vector Tile 2), and keeps those of a map that were asked for. */
GridMap.base(g => g.tiled.begins.push(tiled => {
  'use strict';

  const UNITS = 4096;
  const LAST_ZOOM = 18;
  const MOST_KEPT = 600;
  const FROM = { buildings: 15, facilities: 14 };
  // From here on shapes have all their corners: what is drawn twice as large is as fine.
  const FINE_FROM = { grids: 14, buildings: 15, facilities: 14 };
  // What is light comes by tiles that are drawn at twice their size: a quarter of the questions.
  const DOUBLED = new Set(['labels', 'issues']);

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
      tiled.arrived(layer);
    });
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    return entry.features;
  }

  const isComing = (...layers) => [...kept].some(([name, entry]) => entry.coming && (!layers.length || layers.includes(name.split('/')[0])));

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

  // What lies beside the viewer's ground is asked for once all of that is painted.
  function isWanted(z, x, y) {
    if (tiled.isPainted || !g.config.bounds) return true;
    const [[south, west], [north, east]] = g.config.bounds;
    const [first, last] = [columnOf(north, west, z), columnOf(south, east, z)];
    return x >= first.x && x <= last.x && y >= first.y && y <= last.y;
  }

  const columnOf = (lat, lng, z) => L.CRS.EPSG3857.latLngToPoint(L.latLng(lat, lng), z).divideBy(256).floor();

  /* Of which zoom tiles are drawn: rather larger than smaller, for each is a question. */
  function levelOf(layer, zoom) {
    const near = Math.floor(zoom + 0.25);
    const level = DOUBLED.has(layer) ? near - 1 : near > FINE_FROM[layer] ? Math.max(FINE_FROM[layer], near - 1) : near;
    return Math.max(0, Math.min(LAST_ZOOM, level));
  }

  /* The tiles that lie within bounds, which are in pixels of the map's layers: their address, features and place. */
  function tilesIn(layer, bounds) {
    const zoom = g.map.getZoom();
    if (zoom < (FROM[layer] || 0)) return [];
    const z = levelOf(layer, zoom);
    const size = 256 * 2 ** (zoom - z);
    const origin = g.map.getPixelOrigin();
    const last = 2 ** z - 1;
    const index = (pixel, start) => Math.max(0, Math.min(last, Math.floor((pixel + start) / size)));
    const found = [];
    for (let x = index(bounds.min.x, origin.x); x <= index(bounds.max.x, origin.x); x += 1) {
      for (let y = index(bounds.min.y, origin.y); y <= index(bounds.max.y, origin.y); y += 1) {
        if (!isWanted(z, x, y)) continue;
        const features = tile(layer, { z, x, y });
        const place = { size, left: x * size - origin.x, top: y * size - origin.y };
        if (features) found.push({ ...place, within: place, features });
        else if (STANDS_IN.has(layer)) found.push(...standIn(layer, { z, x, y }, place));
      }
    }
    return found;
  }

  Object.assign(tiled, { UNITS, pathOf, tilesIn, isComing, anew: () => { version += 1; } });
}));
