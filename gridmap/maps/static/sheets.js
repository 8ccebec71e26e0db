/* What tiles are painted onto: pictures that lie over the map and move with it. */
GridMap.base(g => g.tiled.begins.push(tiled => {
  'use strict';
  const { UNITS, on, tilesIn, isComing } = tiled;

  // Tiles come one by one: the picture is painted when all are there, and now and then before.
  const PATIENCE_MS = 150;
  const dots = () => Math.min(2, devicePixelRatio || 1);

  // A canvas that is painted on is copied for every picture of a map that is dragged; a finished image is not.
  const Sheet = L.Renderer.extend({
    options: { padding: 0.2 },

    initialize(pane, ...steps) {
      L.Renderer.prototype.initialize.call(this, { pane });
      this.steps = steps;
      this.sources = [...new Set(steps.map(([layer]) => layer))];
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
      this._shown = this._container.getContext('bitmaprenderer');
      this._ctx = new OffscreenCanvas(1, 1).getContext('2d');
    },

    _destroyContainer() {
      clearTimeout(this._waiting);
      L.DomUtil.remove(this._container);
      delete this._container;
      delete this._ctx;
    },

    _update() {
      if (!this._map || (this._map._animatingZoom && this._bounds)) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const { canvas } = this._ctx;
      const [width, height] = [Math.round(size.x * dots()), Math.round(size.y * dots())];
      if (canvas.width !== width || canvas.height !== height) {
        Object.assign(canvas, { width, height });
        Object.assign(this._container, { width, height });
      }
      L.DomUtil.setPosition(this._container, this._bounds.min);
      Object.assign(this._container.style, { width: `${size.x}px`, height: `${size.y}px` });
      this.draw();
    },

    /* Paints when what it shows is there, or has been waited for long enough. */
    drawSoon() {
      if (!isComing(...this.sources)) this.draw();
      else this._waiting = this._waiting || setTimeout(() => this.draw(), PATIENCE_MS);
    },

    draw() {
      clearTimeout(this._waiting);
      this._waiting = null;
      if (!this._ctx || !this._bounds || this._map._animatingZoom) return;
      this._ctx.setTransform(1, 0, 0, 1, 0, 0);
      this._ctx.clearRect(0, 0, this._ctx.canvas.width, this._ctx.canvas.height);
      const count = this._paint();
      this._shown.transferFromImageBitmap(count ? this._ctx.canvas.transferToImageBitmap() : null);
    },

    // What lies around the view comes after it.
    _wanted() {
      const corner = g.map.containerPointToLayerPoint([0, 0]);
      return tiled.isPainted ? this._bounds : L.bounds(corner, corner.add(g.map.getSize()));
    },

    _paint() {
      let count = 0;
      for (const [layer, paint] of this.steps) {
        const tiles = tilesIn(layer, this._wanted());
        for (const each of tiles) if (each.features.length) this._paintTile(each, paint);
        count += tiles.length;
      }
      return count;
    },

    _paintTile(each, paint) {
      const ctx = this._ctx;
      const { min } = this._bounds;
      const [left, top] = [each.left - min.x, each.top - min.y];
      const { within } = each;
      const edge = position => Math.round(position * dots());
      const [west, north] = [edge(within.left - min.x), edge(within.top - min.y)];
      ctx.save();
      ctx.beginPath();
      ctx.rect(west, north, edge(within.left - min.x + within.size) - west, edge(within.top - min.y + within.size) - north);
      ctx.clip();
      const scale = (each.size * dots()) / UNITS;
      ctx.setTransform(scale, 0, 0, scale, left * dots(), top * dots());
      // A pixel in units of the tile.
      paint(ctx, each.features, UNITS / each.size);
      ctx.restore();
    },
  });

  const sheets = [];

  /* Steps (layer, pane, how it is painted) that have nothing of another kind between them share a picture. */
  function sheet(...steps) {
    let run = [];
    const end = () => {
      if (run.length) sheets.push(new Sheet(run[0][1], ...run.map(([layer, , paint]) => [layer, paint])).addTo(g.map));
      run = [];
    };
    for (const step of steps) {
      if (on[step[0]]) run.push(step);
      else if (step[0] === 'grids' || g.config.counts[step[0]]) end();
    }
    end();
  }

  const redraw = () => { for (const each of sheets) each.draw(); };

  tiled.arrived = layer => g.soon(`tiles ${layer}`, () => {
    if (layer === 'labels') tiled.placeLabels();
    for (const each of sheets) if (each.sources.includes(layer)) each.drawSoon();
    tiled.checkPainted();
  });

  Object.assign(tiled, { Sheet, sheet, sheets, redraw, dots });
}));
