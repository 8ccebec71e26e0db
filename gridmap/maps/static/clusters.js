/* Circles of what was reported in the window, by number. */
GridMap.base(g => g.time.begins.push(time => {
  'use strict';
  const { written, on, clamp, colour, gather } = time;

  const CLUSTER = 84;

  const Clusters = L.Layer.extend({
    onAdd(map) {
      this._canvas = L.DomUtil.create('canvas', 'gm-clusters leaflet-zoom-hide');
      // Over the names on the ground, under what is open.
      const pane = map.getPane('clusters') || map.createPane('clusters');
      pane.classList.add('gm-cluster-pane');
      pane.append(this._canvas);
      map.on('moveend resize', this.draw, this);
      this.draw();
    },
    onRemove(map) {
      this._canvas.remove();
      map.off('moveend resize', this.draw, this);
    },
    draw() {
      if (!this._map || !time.shown) return;
      const size = this._map.getSize();
      const dense = devicePixelRatio || 1;
      L.DomUtil.setPosition(this._canvas, this._map.containerPointToLayerPoint([0, 0]));
      this._canvas.width = size.x * dense;
      this._canvas.height = size.y * dense;
      this._canvas.style.width = `${size.x}px`;
      this._canvas.style.height = `${size.y}px`;
      const pen = this._canvas.getContext('2d');
      pen.scale(dense, dense);
      pen.textAlign = 'center';
      pen.textBaseline = 'middle';
      this.circles = gather(CLUSTER, CLUSTER).map(([x, y, count]) => ({ x, y, count, r: radiusOf(count) }));
      this.circles.sort((a, b) => b.r - a.r).forEach(circle => drawCircle(pen, circle));
    },
    at({ x, y }) {
      return this.circles?.findLast(each => Math.hypot(each.x - x, each.y - y) <= Math.max(22, each.r));
    },
  });

  // The area is how much there is; the largest keep clear of their neighbours.
  const radiusOf = count => clamp(8 + 2.2 * Math.sqrt(count), 11, CLUSTER / 2 - 2);

  const [usual, small] = [12, 11].map(size => `600 ${size}px ${getComputedStyle(document.body).fontFamily}`);

  function drawCircle(pen, { x, y, r, count }) {
    pen.beginPath();
    pen.arc(x, y, r, 0, 2 * Math.PI);
    pen.fillStyle = colour('--time-cluster');
    pen.fill();
    pen.lineWidth = 2;
    pen.strokeStyle = colour('--halo');
    pen.stroke();
    const said = written.format(count);
    pen.font = said.length > 3 ? small : usual;
    pen.fillStyle = colour('--time-on-cluster');
    pen.fillText(said, x, y + 0.5);
  }

  const clusters = new Clusters();

  /* The circles lie on a canvas that nothing can be pointed at on: the map's own pointer is asked what is under it. */
  function listenForClusters() {
    const container = g.map.getContainer();
    const under = event => (on.clusters && !event.target.closest('.leaflet-control, .leaflet-marker-icon') ? clusters.at(g.map.mouseEventToContainerPoint(event)) : null);
    container.addEventListener('mousemove', event => container.classList.toggle('gm-on-cluster', Boolean(under(event))));
    container.addEventListener('click', event => {
      const found = under(event);
      if (!found || g.map.dragging.moved?.()) return;
      event.stopPropagation();
      const to = Math.min(g.map.getZoom() + 1.5, g.map.getMaxZoom());
      g.map.setZoomAround(g.map.containerPointToLatLng([found.x, found.y]), to, { animate: !g.calm() });
    }, true);
  }

  Object.assign(time, { clusters, listenForClusters });
}));
