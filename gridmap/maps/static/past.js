/* One slider of time: a window over what was reported drives heat, clusters and the colours of the cells together. The
   past comes once, as columns; from then on nothing is asked for while the window moves, but what only the service can
   count. Here is the past itself and how it comes; the slider's other scripts are begun with it, and all of them share
   `time`. */
GridMap.base(g => { g.time = { begins: [] }; });
GridMap.part('slider', g => {
  'use strict';
  const { time } = g;
  const box = document.getElementById('gm-slider');
  if (!box) return;

  const MINUTE_MS = 60_000;
  const DAY = 1440;
  const DAYS = 90;
  const REFRESH_MS = 30_000;
  const MANY = 20_000;
  const written = new Intl.NumberFormat(g.config.language);
  const on = { heat: false, clusters: false, choropleth: false };
  time.past = null;
  time.shown = null;
  time.span = { start: 0, end: 0 };

  const clamp = (value, least, most) => Math.max(least, Math.min(most, value));
  const complain = error => g.toast(g.say('slider.failed', { reason: error.message }), 'bad');
  const windowInMs = () => ({ from: time.past.from + time.span.start * MINUTE_MS, to: time.past.from + time.span.end * MINUTE_MS });

  // ------------------------------------------------------------ the past

  /* Columns as they come; places become pixels of the whole world at zoom 0, so that any zoom is a multiplication. */
  function read(told) {
    const from = new Date(told.from).getTime();
    const count = told.minute.length;
    const [west, south] = told.corner || [0, 0];
    const made = {
      from, total: Math.max(DAY, Math.round((new Date(told.to) - from) / MINUTE_MS)), counted: Boolean(told.aggregated),
      minute: Int32Array.from(told.minute), x: new Float64Array(count), y: new Float64Array(count),
      count: told.count ? Float64Array.from(told.count) : new Float64Array(count).fill(1),
      grid: told.grid ? Int32Array.from(told.grid) : null, category: told.category ? Int32Array.from(told.category) : null,
      grids: told.grids || [], categories: told.categories || [], area: told.area ? new Set(told.area) : null,
    };
    for (let n = 0; n < count; n += 1) {
      const sine = Math.sin(((south + told.lat[n]) / 1e5) * (Math.PI / 180));
      made.x[n] = ((west + told.lon[n]) / 1e5 + 180) * (256 / 360);
      made.y[n] = (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * 256;
    }
    return made;
  }

  /* What passes the page's filters of category and ground, in the same order, with running sums. */
  function sieve() {
    const { category = '', under = '' } = g.asked || {};
    const all = time.past;
    const kind = all.categories.indexOf(category);
    const inside = all.grids.map(chain => !under || chain.includes(under));
    const kept = [];
    for (let n = 0; n < all.minute.length; n += 1) {
      if (category && all.category && all.category[n] !== kind) continue;
      if (under && all.grid && !inside[all.grid[n]]) continue;
      kept.push(n);
    }
    const pick = column => column && column.constructor.from(kept, n => column[n]);
    const made = { minute: pick(all.minute), x: pick(all.x), y: pick(all.y), count: pick(all.count), grid: pick(all.grid) };
    made.sums = new Float64Array(kept.length + 1);
    made.days = new Float64Array(Math.ceil(all.total / DAY));
    for (let n = 0; n < kept.length; n += 1) {
      made.sums[n + 1] = made.sums[n] + made.count[n];
      made.days[Math.min(made.days.length - 1, Math.floor(made.minute[n] / DAY))] += made.count[n];
    }
    // One stormy day must not press all others flat.
    const ordered = Float64Array.from(made.days).sort();
    const usual = 1.6 * ordered[Math.floor(0.95 * (ordered.length - 1))];
    made.most = Math.max(1, Math.min(ordered[ordered.length - 1], usual || Infinity));
    made.key = `${category}|${under}`;
    time.shown = made;
    time.forgetDensity();
    time.forgetUnits();
  }

  /* The first row that is not before a minute. */
  function rowAt(minute) {
    const minutes = time.shown.minute;
    let low = 0;
    let high = minutes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (minutes[middle] < minute) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  const rows = () => [rowAt(time.span.start), rowAt(time.span.end)];
  const reports = ([first, end]) => time.shown.sums[end] - time.shown.sums[first];

  // ------------------------------------------------------------ switches

  const SWATCHES = {
    clusters: '<svg viewBox="0 0 26 18" aria-hidden="true"><circle cx="9" cy="9.5" r="7" fill="var(--time-cluster)"/><circle cx="20" cy="6" r="4.4" fill="var(--time-cluster)" opacity=".7"/></svg>',
    choropleth: '<svg viewBox="0 0 26 18" aria-hidden="true"><path d="M2 3h7v12H2z" fill="var(--load-1)"/><path d="M9.500 3h7v12h-7z" fill="var(--load-3)"/><path d="M17 3h7v12h-7z" fill="var(--load-4)"/></svg>',
  };

  function addRows() {
    const rowOf = (name, toggle) => g.legend({
      name, group: 'past', label: g.say(`slider.${name}`), symbol: SWATCHES[name], on: false,
      toggle: isOn => { on[name] = isOn; toggle(isOn); used(); },
    });
    rowOf('clusters', isOn => (isOn ? g.map.addLayer(time.clusters) : g.map.removeLayer(time.clusters)));
    if (!g.config.data && g.can('figures')) {
      time.addPanel();
      rowOf('choropleth', time.setChoropleth);
    }
    on.heat = g.map.hasLayer(time.heat);
    g.on('switched', ({ name, on: isOn }) => {
      if (name === 'heat') on.heat = isOn;
      if (name === 'load') time.hideLoad();
      used();
      // Who made room for these colours may have taken them away with his own.
      time.recolour();
    });
    used();
  }

  const used = () => box.classList.toggle('gm-in-use', Object.values(on).some(Boolean));

  // ------------------------------------------------------------ all together

  function draw() {
    time.drawBar(reports(rows()));
    if (on.heat) time.heat.redraw();
    if (on.clusters) time.clusters.draw();
    time.colourCells();
    g.tell('time', windowInMs());
  }

  function begin(told) {
    const before = time.past && { ...time.span, stuck: time.span.end === time.past.total, from: time.past.from };
    time.past = read(told);
    time.forgetFigures();
    sieve();
    const was = before && !before.stuck ? Math.round((before.from - time.past.from) / MINUTE_MS) : 0;
    const next = !before ? time.recalled() : before.stuck ? { start: time.past.total - (before.end - before.start), end: time.past.total } : { start: before.start + was, end: before.end + was };
    time.span = { start: -1, end: -1 };
    time.move(next.start, next.end, { keep: Boolean(before) });
    time.drawScale();
    if (time.past.counted && (g.asked?.category || '') !== ofCategory) refresh().catch(complain);
    if (g.map.hasLayer(time.heat)) time.heat._reset();
  }

  let asked = 0;
  let waiting = null;

  // What is told by grid and day has no categories left: of one of them it is asked for anew.
  let ofCategory = '';
  const wanted = () => ({ days: DAYS, category: time.past?.counted || ofCategory ? g.asked?.category : null });

  async function refresh() {
    asked = Date.now();
    ofCategory = wanted().category || '';
    begin(await g.get('/past', wanted()));
  }

  /* What is reported while the page is open comes in by and by: at once would be to ask for everything all the time. */
  function refreshSoon() {
    if (waiting || document.hidden || time.playing) return;
    const pause_ = time.past && time.past.minute.length > MANY ? 10 * REFRESH_MS : REFRESH_MS;
    waiting = setTimeout(() => {
      waiting = null;
      refresh().catch(() => {});
    }, Math.max(2000, asked + pause_ - Date.now()));
  }

  function listen() {
    g.on('filter', () => {
      const { category = '', under = '' } = g.asked || {};
      if (!time.shown || time.shown.key === `${category}|${under}`) return;
      if ((time.past.counted || ofCategory) && category !== ofCategory) refresh().catch(complain);
      sieve();
      time.drawDays();
      g.soon('slider', draw);
    });
    g.on('theme', () => {
      time.forgetColours();
      if (!time.shown) return;
      time.drawDays();
      g.soon('slider', draw);
    });
    g.on('filled', () => time.shown && g.soon('slider', draw));
    document.addEventListener('visibilitychange', () => document.hidden && time.pause());
    new ResizeObserver(() => time.shown && time.drawDays()).observe(time.bar.track);
    time.listenForClusters();
    if (g.config.data) return;
    g.on('issues', ({ changed, all }) => time.past && changed.length && !all && refreshSoon());
    setInterval(() => time.past && g.now() > time.past.from + time.past.total * MINUTE_MS && refreshSoon(), 2 * REFRESH_MS);
  }

  function open(told) {
    box.hidden = false;
    time.addBar();
    time.adoptHeat();
    listen();
    begin(told);
    addRows();
    g.soon('slider', draw);
  }

  Object.assign(time, { box, MINUTE_MS, DAY, written, on, clamp, complain, windowInMs, rows, draw });

  for (const start of time.begins) start(time);

  // On a page with its data inside there is a past, or there is nothing to do.
  if (g.config.past) {
    if (g.config.past.minute.length) open(g.config.past);
  } else if (!g.config.data && g.can('issues')) {
    asked = Date.now();
    g.get('/past', wanted()).then(told => {
      open(told);
      if (!g.recall('at')) g.whole();
    }, complain);
  }
});
