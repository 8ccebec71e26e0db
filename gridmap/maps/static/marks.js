/* Issues of a city: symbols that are drawn once and then copied, and counts where many lie close together. */
GridMap.base(g => g.tiled.begins.push(tiled => {
  'use strict';
  const { UNITS, on, look, isOn, tilesIn, Sheet, sheets, dots } = tiled;

  const CLUSTER_PX = 17;
  const SYMBOL_PX = 11;

  // Symbols reach over the edges of their tiles, so they are painted together, what burns last.
  const IssueSheet = Sheet.extend({
    _paint() {
      this._ctx.setTransform(dots(), 0, 0, dots(), 0, 0);
      this.spots = [];
      if (!isOn('issues')) return 0;
      for (const { features, left, top, size } of tilesIn('issues', this._wanted())) {
        for (const { said, parts: [[x, y]] } of features) {
          this.spots.push({ said, x: left + (x * size) / UNITS, y: top + (y * size) / UNITS });
        }
      }
      this.spots.sort((a, b) => b.said.rank - a.said.rank);
      for (const { said, x, y } of this.spots) this._stamp(said, x - this._bounds.min.x, y - this._bounds.min.y);
      return this.spots.length;
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
    const made = document.createElement('canvas');
    made.width = made.height = 2 * half * dots();
    const ctx = made.getContext('2d');
    ctx.scale(dots(), dots());
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

  const marks = on.issues ? new IssueSheet('markerPane', ['issues']).addTo(g.map) : null;
  if (marks) sheets.push(marks);

  const reachOf = ({ count }) => (count > 1 ? CLUSTER_PX : SYMBOL_PX);
  Object.assign(tiled, {
    spots: () => marks?.spots || [], reachOf, redrawIssues: () => marks?.draw(), forgetStamps: () => stamps.clear(),
  });
}));
