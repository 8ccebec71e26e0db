/* Heat of the past: what lies in the window, as strong as the whole past makes it. */
GridMap.base(g => g.time.begins.push(time => {
  'use strict';
  const { rows } = time;

  const heat = g.layer('heat');
  const SHRUNK = 2;
  const CELL = 12;
  let density = { zoom: null, most: 1 };

  const forgetDensity = () => { density = { zoom: null, most: 1 }; };

  /* How much lies in a busy cell of the screen over all the past, so that a colour means the same pace in any window. */
  function busy(zoom) {
    if (density.zoom === zoom) return density.most;
    const scale = 2 ** zoom / (SHRUNK * CELL);
    const { x, y, count } = time.shown;
    const cells = new Map();
    for (let n = 0; n < x.length; n += 1) {
      const key = Math.floor(x[n] * scale) * 4_194_304 + Math.floor(y[n] * scale);
      cells.set(key, (cells.get(key) || 0) + count[n]);
    }
    const counts = Float64Array.from(cells.values()).sort();
    density = { zoom, most: counts.length ? counts[Math.floor(counts.length * 0.985)] : 1 };
    return density.most;
  }

  const bins = { wide: 0, weight: new Float64Array(0), x: new Float64Array(0), y: new Float64Array(0) };

  /* What lies in the window and in view, gathered into cells of some pixels: a row for each that holds anything. */
  function gather(cell, margin) {
    const scale = 2 ** g.map.getZoom();
    const { min } = g.map.getPixelBounds();
    const size = g.map.getSize();
    const left = Math.floor((min.x - margin) / cell);
    const top = Math.floor((min.y - margin) / cell);
    const wide = Math.ceil((size.x + 2 * margin) / cell) + 1;
    const tall = Math.ceil((size.y + 2 * margin) / cell) + 1;
    if (bins.weight.length < wide * tall) {
      for (const name of ['weight', 'x', 'y']) bins[name] = new Float64Array(wide * tall);
    }
    const { weight, x, y } = bins;
    const all = time.shown;
    const touched = [];
    const [first, end] = rows();
    for (let n = first; n < end; n += 1) {
      const px = all.x[n] * scale;
      const py = all.y[n] * scale;
      const column = Math.floor(px / cell) - left;
      const row = Math.floor(py / cell) - top;
      if (column < 0 || row < 0 || column >= wide || row >= tall) continue;
      const at = row * wide + column;
      if (!weight[at]) touched.push(at);
      weight[at] += all.count[n];
      x[at] += (px - min.x) * all.count[n];
      y[at] += (py - min.y) * all.count[n];
    }
    return touched.map(at => {
      const found = [x[at] / weight[at], y[at] / weight[at], weight[at]];
      weight[at] = x[at] = y[at] = 0;
      return found;
    });
  }

  /* Leaflet.heat holds a LatLng for every point, projects each of them for every picture, and is as strong as its
     strongest spot: ours gathers columns itself, draws at half the size, and its strength is that of the whole past. */
  function adoptHeat() {
    const isOn = g.map.hasLayer(heat);
    if (isOn) g.map.removeLayer(heat);
    heat._initCanvas = function initCanvas() {
      this._canvas = L.DomUtil.create('canvas', 'leaflet-heatmap-layer leaflet-layer leaflet-zoom-animated');
      this._canvas.style.transformOrigin = '50% 50%';
      // Every picture of it is read back to be coloured.
      this._canvas.getContext('2d', { willReadFrequently: true });
      this._heat = window.simpleheat(this._canvas);
      this._updateOptions();
    };
    heat._canvas = heat._heat = null;
    heat._reset = function reset() {
      const size = this._map.getSize();
      L.DomUtil.setPosition(this._canvas, this._map.containerPointToLayerPoint([0, 0]));
      const [width, height] = [Math.ceil(size.x / SHRUNK), Math.ceil(size.y / SHRUNK)];
      if (this._canvas.width !== width || this._canvas.height !== height || this._heat._width !== width) {
        this._canvas.width = this._heat._width = width;
        this._canvas.height = this._heat._height = height;
        this._canvas.style.width = `${width * SHRUNK}px`;
        this._canvas.style.height = `${height * SHRUNK}px`;
      }
      this._redraw();
    };
    heat._redraw = function redraw() {
      this._frame = null;
      if (!this._map || !time.shown) return;
      const strong = Math.max(2, 2 * busy(this._map.getZoom()) * ((time.span.end - time.span.start) / time.past.total));
      const spots = gather(CELL * SHRUNK, 2 * this._heat._r);
      for (const spot of spots) {
        spot[0] /= SHRUNK;
        spot[1] /= SHRUNK;
        spot[2] = Math.min(1, spot[2] / strong);
      }
      this._heat.max(1).data(spots).draw(this.options.minOpacity);
    };
    heat.setOptions({ radius: 13, blur: 11, minOpacity: 0.04 });
    if (isOn) g.map.addLayer(heat);
  }

  Object.assign(time, { heat, forgetDensity, gather, adoptHeat });
}));
