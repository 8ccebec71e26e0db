/* One slider of time: a window over what was reported drives heat, clusters and the colours of the cells together. The
   past comes once, as columns; from then on nothing is asked for while the window moves, but what only the service can
   count. */
GridMap.part('slider', g => {
  'use strict';
  const box = document.getElementById('gm-slider');
  if (!box) return;

  const MINUTE_MS = 60_000;
  const DAY = 1440;
  const DAYS = 90;
  const LENGTHS = [7, 30, 90];
  const STEPS = { hour: 60, day: DAY, week: 7 * DAY };
  const STANDARD = 30;
  const SHORTEST = 60;
  const PLAY_MS = 125;
  const CALM_PLAY_MS = 1000;
  const REFRESH_MS = 30_000;
  const MANY = 20_000;
  const OPACITY = 0.56;
  const OPACITY_UNDER_HEAT = 0.18;
  const written = new Intl.NumberFormat(g.config.language);
  const on = { heat: false, clusters: false, choropleth: false };
  let past = null;
  let shown = null;
  let span = { start: 0, end: 0 };
  let step = STEPS[g.recall('step')] ? g.recall('step') : 'day';

  const clamp = (value, least, most) => Math.max(least, Math.min(most, value));
  const complain = error => g.toast(g.say('slider.failed', { reason: error.message }), 'bad');
  const windowInMs = () => ({ from: past.from + span.start * MINUTE_MS, to: past.from + span.end * MINUTE_MS });

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
    const kind = past.categories.indexOf(category);
    const inside = past.grids.map(chain => !under || chain.includes(under));
    const kept = [];
    for (let n = 0; n < past.minute.length; n += 1) {
      if (category && past.category && past.category[n] !== kind) continue;
      if (under && past.grid && !inside[past.grid[n]]) continue;
      kept.push(n);
    }
    const pick = column => column && column.constructor.from(kept, n => column[n]);
    shown = { minute: pick(past.minute), x: pick(past.x), y: pick(past.y), count: pick(past.count), grid: pick(past.grid) };
    shown.sums = new Float64Array(kept.length + 1);
    shown.days = new Float64Array(Math.ceil(past.total / DAY));
    for (let n = 0; n < kept.length; n += 1) {
      shown.sums[n + 1] = shown.sums[n] + shown.count[n];
      shown.days[Math.min(shown.days.length - 1, Math.floor(shown.minute[n] / DAY))] += shown.count[n];
    }
    // One stormy day must not press all others flat.
    const ordered = Float64Array.from(shown.days).sort();
    const usual = 1.6 * ordered[Math.floor(0.95 * (ordered.length - 1))];
    shown.most = Math.max(1, Math.min(ordered[ordered.length - 1], usual || Infinity));
    shown.key = `${category}|${under}`;
    forgetDensity();
    forgetUnits();
  }

  /* The first row that is not before a minute. */
  function rowAt(minute) {
    let low = 0;
    let high = shown.minute.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (shown.minute[middle] < minute) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  const rows = () => [rowAt(span.start), rowAt(span.end)];
  const reports = ([first, end]) => shown.sums[end] - shown.sums[first];

  // ------------------------------------------------------------ the window

  function move(start, end, { keep = true } = {}) {
    const length = clamp(end - start, SHORTEST, past.total);
    const from = clamp(start, 0, past.total - length);
    if (from === span.start && from + length === span.end) return;
    span = { start: from, end: from + length };
    g.soon('slider', draw);
    if (keep) remember();
  }

  const shift = minutes => move(span.start + minutes, span.end + minutes);

  function moveEdge(edge, to, how) {
    if (edge === 'start') move(clamp(to, 0, span.end - SHORTEST), span.end, how);
    else move(span.start, clamp(to, span.start + SHORTEST, past.total), how);
  }

  let remembering;

  /* What I see can be sent: the window stands in the address, by its length where it ends today. */
  function remember() {
    clearTimeout(remembering);
    remembering = setTimeout(() => {
      const length = span.end - span.start;
      const hour = minute => new Date(past.from + minute * MINUTE_MS).toISOString().slice(0, 13);
      const said = span.end === past.total ? `${Math.round(length / 60)}h` : `${hour(span.start)}..${hour(span.end)}`;
      g.remember('time', said === `${STANDARD * 24}h` ? null : said);
    }, 300);
  }

  function recalled() {
    const said = g.recall('time') || '';
    const [start, end] = said.split('..').map(each => (new Date(`${each}:00Z`) - past.from) / MINUTE_MS);
    if (end > start) return { start: Math.round(start), end: Math.round(end) };
    const hours = /^(\d+)h$/.exec(said)?.[1] || STANDARD * 24;
    return { start: past.total - hours * 60, end: past.total };
  }

  // ------------------------------------------------------------ the bar

  const ICONS = {
    play: '<svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><path d="M5 3.5v13l11-6.5z" fill="currentColor"/></svg>',
    pause: '<svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><path d="M5 3.5h3.6v13H5zM11.4 3.5H15v13h-3.6z" fill="currentColor"/></svg>',
    back: '<svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true"><path d="M12.5 4l-6 6 6 6" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>',
    on: '<svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true"><path d="M7.5 4l6 6-6 6" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>',
  };
  const bar = {};

  function button(name, press) {
    const made = g.node('button', `gm-time-${name}`);
    made.type = 'button';
    made.append(g.drawn(ICONS[name]));
    label(made, g.say(`slider.${name}`));
    made.addEventListener('click', press);
    return made;
  }

  function label(element, said) {
    element.title = said;
    element.setAttribute('aria-label', said);
  }

  function choice(name, said, options, press) {
    const group = g.node('div', `gm-segments gm-time-${name}`);
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', said);
    for (const [value, word] of options) {
      const made = g.node('button', '', word);
      made.type = 'button';
      made.dataset.value = value;
      made.addEventListener('click', () => press(value));
      group.append(made);
    }
    return group;
  }

  function press(group, value) {
    for (const each of group.children) each.setAttribute('aria-pressed', each.dataset.value === String(value));
  }

  function addBar() {
    bar.play = button('play', () => (playing ? pause() : play()));
    bar.track = addTrack();
    bar.lengths = choice('length', g.say('slider.length'), LENGTHS.map(days => [days, g.say('slider.days', { count: days })]), days => {
      wake();
      move(span.end - days * DAY, span.end);
    });
    bar.steps = choice('step', g.say('slider.step'), Object.keys(STEPS).map(name => [name, g.say(`slider.${name}`)]), name => {
      step = name;
      g.remember('step', name === 'day' ? null : name);
      press(bar.steps, step);
      g.soon('slider', draw);
    });
    bar.said = g.node('output', 'gm-time-said');
    // Whoever moves the window hears it from the thumb.
    bar.said.setAttribute('aria-live', 'off');
    const moves = g.node('div', 'gm-time-moves');
    moves.append(button('back', () => { wake(); shift(-STEPS[step]); }), bar.play, button('on', () => { wake(); shift(STEPS[step]); }));
    const end = g.node('div', 'gm-time-end');
    end.append(bar.said, bar.steps);
    box.replaceChildren(moves, bar.track, bar.lengths, end);
    press(bar.steps, step);
  }

  function addTrack() {
    const track = g.node('div', 'gm-time-track');
    for (const name of ['histogram', 'chosen']) {
      bar[name] = g.node('canvas', 'gm-time-days');
      bar[name].setAttribute('aria-hidden', 'true');
    }
    bar.fill = g.node('div', 'gm-time-window');
    bar.start = g.node('div', 'gm-time-thumb');
    bar.end = g.node('div', 'gm-time-thumb');
    bar.ticks = g.node('div', 'gm-time-ticks');
    bar.ticks.setAttribute('aria-hidden', 'true');
    const rail = g.node('div', 'gm-time-rail');
    rail.append(bar.fill, bar.start, bar.end);
    for (const [name, element] of [['start', bar.start], ['window', bar.fill], ['end', bar.end]]) {
      element.tabIndex = 0;
      element.dataset.thumb = name;
      element.setAttribute('role', 'slider');
      element.setAttribute('aria-label', g.say(`slider.${name}`));
      element.addEventListener('keydown', event => onKey(event, name));
    }
    track.append(bar.histogram, bar.chosen, rail, bar.ticks);
    track.addEventListener('pointerdown', onPointer);
    return track;
  }

  const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -7, PageUp: 7 };

  function onKey(event, thumb) {
    const steps = KEYS[event.key];
    const far = { Home: -past.total, End: past.total }[event.key];
    if (!steps && !far) {
      if (event.key === ' ' && thumb === 'window') (playing ? pause : play)();
      else return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (!steps && !far) return;
    wake();
    const by = far || steps * STEPS[step];
    if (thumb === 'window') shift(by);
    else moveEdge(thumb, span[thumb] + by);
  }

  /* Ends are taken within a finger's reach, what lies between them moves both; elsewhere the window comes there. */
  function onPointer(event) {
    if (event.button) return;
    const { left, width } = bar.track.getBoundingClientRect();
    const at = place => clamp((place.clientX - left) / width, 0, 1) * past.total;
    const reach = ((event.pointerType === 'touch' ? 22 : 10) / width) * past.total;
    const from = at(event);
    const nearest = Math.abs(from - span.start) < Math.abs(from - span.end) ? 'start' : 'end';
    const held = Math.abs(from - span[nearest]) <= reach ? nearest : 'window';
    const length = span.end - span.start;
    const within = from > span.start && from < span.end;
    const offset = within ? from - span.start : length / 2;
    const snapped = minute => Math.round(minute / Math.min(STEPS[step], DAY)) * Math.min(STEPS[step], DAY);
    const drag = place => {
      const to = snapped(at(place) - (held === 'window' ? offset : 0));
      if (held === 'window') move(to, to + length, { keep: false });
      else moveEdge(held, to, { keep: false });
    };
    const release = () => {
      bar.track.removeEventListener('pointermove', drag);
      bar.track.classList.remove('gm-held');
      remember();
    };
    pause();
    wake();
    event.preventDefault();
    bar.track.setPointerCapture(event.pointerId);
    bar.track.classList.add('gm-held');
    bar[held === 'window' ? 'fill' : held].focus({ preventScroll: true });
    bar.track.addEventListener('pointermove', drag);
    bar.track.addEventListener('pointerup', release, { once: true });
    bar.track.addEventListener('pointercancel', release, { once: true });
    if (!within && held === 'window') drag(event);
  }

  const calendar = new Intl.DateTimeFormat('en-GB', { timeZone: g.config.timezone, month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });

  /* A day by the site's clock; while time moves by hours, the hour with it. */
  function dayOf(minute) {
    const parts = Object.fromEntries(calendar.formatToParts(past.from + minute * MINUTE_MS).map(({ type, value }) => [type, value]));
    return `${parts.month}-${parts.day}${step === 'hour' ? ` ${parts.hour}:${parts.minute}` : ''}`;
  }

  function drawBar(count) {
    const { start, end } = span;
    const share = minute => `${(100 * minute) / past.total}%`;
    bar.fill.style.left = bar.start.style.left = share(start);
    bar.fill.style.width = share(end - start);
    bar.end.style.left = share(end);
    const said = written.format(count);
    const last = dayOf(step === 'hour' ? end : end - 1);
    bar.said.textContent = `${last} · ${g.say('slider.reports', { count: said })}`;
    bar.said.title = g.say('slider.said', { start: dayOf(start), end: last, count: said }) + (past.counted ? ` (${g.say('slider.counted')})` : '');
    tellThumb(bar.start, start, dayOf(start));
    tellThumb(bar.end, end, last);
    tellThumb(bar.fill, start, g.say('slider.said', { start: dayOf(start), end: last, count: said }));
    press(bar.lengths, (end - start) / DAY);
    const inDays = (minute, round) => (100 * clamp(round(minute / DAY) * DAY, 0, past.total)) / past.total;
    bar.chosen.style.clipPath = `inset(0 ${100 - inDays(end, Math.ceil)}% 0 ${inDays(start, Math.floor)}%)`;
  }

  function tellThumb(thumb, value, said) {
    thumb.setAttribute('aria-valuenow', value);
    thumb.setAttribute('aria-valuetext', said);
  }

  const colours = new Map();

  function colour(name) {
    if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
    return colours.get(name);
  }

  /* Every day twice, in two colours: while the window moves, only how much is seen of the second changes. */
  function drawDays() {
    drawDaysOn(bar.histogram, colour('--time-past'));
    drawDaysOn(bar.chosen, colour('--accent'));
  }

  function drawDaysOn(canvas, fill) {
    const { clientWidth: width, clientHeight: height } = canvas;
    const dense = devicePixelRatio || 1;
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    const pen = canvas.getContext('2d');
    pen.scale(dense, dense);
    pen.fillStyle = fill;
    const wide = (width * DAY) / past.total;
    shown.days.forEach((count, day) => {
      if (!count) return;
      const tall = Math.max(1.5, Math.min(1, count / shown.most) * (height - 2));
      pen.fillRect(day * wide + wide * 0.12, height - tall, Math.max(0.8, wide * 0.76), tall);
      // A day that reaches beyond the scale is broken off.
      if (count > shown.most) pen.clearRect(day * wide, 6, wide, 2);
    });
  }

  /* What does not change while the window moves. */
  function drawScale() {
    for (const thumb of [bar.start, bar.fill, bar.end]) {
      thumb.setAttribute('aria-valuemin', 0);
      thumb.setAttribute('aria-valuemax', past.total);
    }
    drawDays();
    drawTicks();
  }

  function drawTicks() {
    const days = Math.round(past.total / DAY);
    const every = days >= 200 ? 60 : days >= 60 ? 30 : days >= 21 ? 7 : 2;
    const today = Math.abs(g.now() - (past.from + past.total * MINUTE_MS)) < 2 * DAY * MINUTE_MS;
    bar.ticks.replaceChildren();
    for (let back = Math.floor(days / every) * every; back >= 0; back -= every) {
      const first = !bar.ticks.firstChild;
      const word = !today ? dayOf(past.total - back * DAY - (back ? 0 : 1)) : back === 0 ? g.say('slider.today') : first ? g.say('slider.ago', { count: back }) : String(back);
      const tick = g.node('span', first ? 'gm-first' : back ? '' : 'gm-last', word);
      tick.style.left = `${100 - (100 * back) / days}%`;
      bar.ticks.append(tick);
    }
  }

  // ------------------------------------------------------------ playing

  let playing = false;

  function play() {
    wake();
    playing = true;
    dressPlay();
    if (span.end >= past.total) move(0, span.end - span.start, { keep: false });
    let last = performance.now();
    const pace = g.calm() ? CALM_PLAY_MS : PLAY_MS;
    const tick = time => {
      if (!playing) return;
      if (time - last >= pace) {
        last = time - last > 2 * pace ? time : last + pace;
        move(span.start + STEPS[step], span.end + STEPS[step], { keep: false });
        if (span.end >= past.total) return pause();
      }
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  function pause() {
    if (!playing) return;
    playing = false;
    dressPlay();
    remember();
  }

  function dressPlay() {
    const name = playing ? 'pause' : 'play';
    bar.play.replaceChildren(g.drawn(ICONS[name]));
    bar.play.setAttribute('aria-pressed', playing);
    label(bar.play, g.say(`slider.${name}`));
  }

  /* Somebody moves time where nothing shows it: heat is what he looks for. */
  function wake() {
    if (!Object.values(on).some(Boolean)) document.querySelector('[data-layer=heat]')?.click();
  }

  // ------------------------------------------------------------ heat

  const heat = g.layer('heat');
  const SHRUNK = 2;
  const CELL = 12;
  let density = { zoom: null, most: 1 };

  const forgetDensity = () => { density = { zoom: null, most: 1 }; };

  /* How much lies in a busy cell of the screen over all the past, so that a colour means the same pace in any window. */
  function busy(zoom) {
    if (density.zoom === zoom) return density.most;
    const scale = 2 ** zoom / (SHRUNK * CELL);
    const cells = new Map();
    for (let n = 0; n < shown.x.length; n += 1) {
      const key = Math.floor(shown.x[n] * scale) * 4_194_304 + Math.floor(shown.y[n] * scale);
      cells.set(key, (cells.get(key) || 0) + shown.count[n]);
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
    const touched = [];
    const [first, end] = rows();
    for (let n = first; n < end; n += 1) {
      const px = shown.x[n] * scale;
      const py = shown.y[n] * scale;
      const column = Math.floor(px / cell) - left;
      const row = Math.floor(py / cell) - top;
      if (column < 0 || row < 0 || column >= wide || row >= tall) continue;
      const at = row * wide + column;
      if (!weight[at]) touched.push(at);
      weight[at] += shown.count[n];
      x[at] += (px - min.x) * shown.count[n];
      y[at] += (py - min.y) * shown.count[n];
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
      if (!this._map || !shown) return;
      const strong = Math.max(2, 2 * busy(this._map.getZoom()) * ((span.end - span.start) / past.total));
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

  // ------------------------------------------------------------ clusters

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
      if (!this._map || !shown) return;
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

  // ------------------------------------------------------------ the colours of the cells

  const panel = {};
  const figures = new Map();
  let measures = null;
  let chosen = { measure: g.recall('measure') || 'reports_rate', tier: Number(g.recall('tier')) || g.config.leaf };
  let found = { key: null, cells: new Map() };
  let units = null;
  let fetching = false;

  const forgetUnits = () => { units = null; };
  const measure = () => measures?.find(each => each.code === chosen.measure);
  const isOurs = code => !past.area || past.area.has(code);

  /* Reports of the window are counted here, where the cells are here too; anything else by the service. */
  const countsHere = () => ['reports', 'reports_rate'].includes(chosen.measure) && Boolean(past.grid) && [...g.cells.values()].some(cell => cell.properties.tier === chosen.tier) && !past.grids.some(chain => past.counted && chain[0] && !chain[chosen.tier - 1]);

  function householdsOf(code) {
    const own = g.cells.get(code)?.properties.households;
    if (own != null) return own;
    let sum = 0;
    for (const [below, cell] of g.cells) if (cell.properties.parent === code) sum += householdsOf(below);
    return sum;
  }

  function countUnits() {
    const [first, end] = rows();
    if (!units) {
      const codes = [...g.cells.values()].map(cell => cell.properties).filter(cell => cell.tier === chosen.tier && isOurs(cell.code)).map(cell => cell.code);
      const number = new Map(codes.map((code, n) => [code, n]));
      const of = Int32Array.from(past.grids, chain => number.get(chain[chosen.tier - 1]) ?? -1);
      units = { codes, of, counts: new Float64Array(codes.length), homes: codes.map(householdsOf), first, end: first };
    }
    // From one window to the next only what comes in and what falls out is counted.
    const add = (from, to, sign) => {
      for (let n = from; n < to; n += 1) {
        const unit = units.of[shown.grid[n]];
        if (unit >= 0) units.counts[unit] += sign * shown.count[n];
      }
    };
    if (end <= units.first || first >= units.end) {
      units.counts.fill(0);
      add(first, end, 1);
    } else {
      add(first, units.first, 1);
      add(units.first, first, -1);
      add(units.end, end, 1);
      add(end, units.end, -1);
    }
    Object.assign(units, { first, end });
  }

  const classOf = (value, breaks) => breaks.filter(each => value >= each).length;

  function figuresHere() {
    countUnits();
    const { breaks, tells } = measure();
    const { from, to } = windowInMs();
    const days = Math.max((Math.min(to, g.now()) - from) / (DAY * MINUTE_MS), 1 / 24);
    const cells = new Map();
    units.codes.forEach((code, n) => {
      const homes = units.homes[n];
      const value = tells === 'count' ? units.counts[n] : homes ? ((units.counts[n] / homes) * 100 * 30) / days : null;
      cells.set(code, {
        value, numerator: units.counts[n], denominator: tells === 'count' ? null : homes / 100, class: value == null ? null : classOf(value, breaks),
        small: tells !== 'count' && homes < 20,
      });
    });
    return cells;
  }

  function colourCells() {
    if (!on.choropleth || !measures || !past) return;
    const { from, to } = windowInMs();
    const asked = { indicator: chosen.measure, tier: chosen.tier, since: new Date(from).toISOString(), until: new Date(to).toISOString() };
    const key = Object.values(asked).join('|');
    if (countsHere()) found = { key, cells: figuresHere() };
    else if (figures.has(key)) found = { key, cells: figures.get(key) };
    else fetchFigures(key, asked);
    found.stale = found.key !== key;
    panel.state.textContent = found.stale ? g.say('slider.counting') : '';
    repaint();
  }

  /* One question at a time, and the newest next: whoever drags is not kept waiting by windows he has left. */
  async function fetchFigures(key, asked) {
    if (fetching) return;
    fetching = true;
    await new Promise(done => setTimeout(done, playing ? 0 : 150));
    try {
      const { from, to } = windowInMs();
      if (asked.since === new Date(from).toISOString() && asked.until === new Date(to).toISOString() && asked.indicator === chosen.measure && asked.tier === chosen.tier) {
        const told = await g.get('/choropleth', asked);
        figures.set(key, new Map(told.grids.map(each => [each.grid, each])));
        if (figures.size > 40) figures.delete(figures.keys().next().value);
        found = { key, cells: figures.get(key) };
      }
    } catch (error) {
      figures.set(key, new Map());
      complain(error);
    }
    fetching = false;
    colourCells();
  }

  let painted = '';

  /* The cells are drawn anew only where one of them has another colour. */
  function repaint() {
    const look = [found.stale, on.heat, g.theme(), chosen.tier, ...[...found.cells.entries()].map(([code, each]) => `${code}${each.class}${each.small ? 's' : ''}`)].join();
    if (look === painted) return;
    painted = look;
    g.paint(painter);
  }

  const above = new Map();

  function unitOf(code, tier) {
    if (tier === chosen.tier) return code;
    if (tier < chosen.tier) return null;
    if (!above.has(code)) {
      let at = g.cells.get(code);
      while (at && at.properties.tier > chosen.tier) at = g.cells.get(at.properties.parent);
      above.set(code, at?.properties.code ?? past.grids.find(chain => chain.includes(code))?.[chosen.tier - 1] ?? null);
    }
    return above.get(code);
  }

  function painter(code, tier) {
    const cell = found.cells.get(unitOf(code, tier));
    if (!cell || cell.class == null) return null;
    const opacity = (on.heat ? OPACITY_UNDER_HEAT : OPACITY) * (cell.small ? 0.45 : 1) * (found.stale ? 0.6 : 1);
    return { colour: g.config.style.loadColours[cell.class], opacity };
  }

  function addPanel() {
    panel.box = g.panel('choropleth', '');
    panel.box.hidden = true;
    panel.measure = addSelect('measure', value => choose({ measure: value }));
    panel.tier = addSelect('tier', value => choose({ tier: Number(value) }));
    for (let tier = 1; tier <= g.config.leaf; tier += 1) panel.tier.append(option(tier, g.say(`slider.tier${tier}`)));
    panel.tier.value = chosen.tier;
    panel.ramp = g.node('div', 'gm-ramp');
    panel.meaning = g.node('p', 'gm-time-meaning');
    panel.state = g.node('p', 'gm-time-state');
    panel.state.setAttribute('role', 'status');
    panel.value = g.node('p', 'gm-time-value');
    panel.box.append(panel.ramp, panel.meaning, panel.value, panel.state);
    g.layer(`tier${g.config.leaf}`).on('mouseover', event => showValue((event.propagatedFrom || event.layer).feature.properties));
    g.layer(`tier${g.config.leaf}`).on('mouseout', () => { panel.value.textContent = ''; });
  }

  function addSelect(name, change) {
    const box_ = g.node('label', '', g.say(`slider.${name}`));
    const select = g.node('select');
    select.dataset.slider = name;
    select.addEventListener('change', () => change(select.value));
    box_.append(select);
    panel.box.append(box_);
    return select;
  }

  function option(value, said) {
    const made = g.node('option', '', said);
    made.value = value;
    return made;
  }

  function choose(what) {
    chosen = { ...chosen, ...what };
    g.remember('measure', chosen.measure === 'reports_rate' ? null : chosen.measure);
    g.remember('tier', chosen.tier === g.config.leaf ? null : chosen.tier);
    above.clear();
    forgetUnits();
    dressPanel();
    colourCells();
  }

  function dressPanel() {
    if (!measures) return;
    if (!measure()) chosen.measure = 'reports_rate';
    panel.measure.replaceChildren(...measures.map(each => option(each.code, each.name)));
    panel.measure.value = chosen.measure;
    panel.tier.value = chosen.tier;
    const { terms, unit, meaning, tells, counts, of } = measure();
    panel.ramp.replaceChildren(...terms.map((term, number) => {
      const cell = g.node('div', '', term);
      cell.prepend(g.node('i', `gm-load-${number}`));
      return cell;
    }));
    panel.meaning.textContent = [unit, meaning, tells !== 'count' && g.say('slider.pale')].filter(Boolean).join(' · ');
    panel.measure.title = [counts, tells !== 'count' && of].filter(Boolean).join(' / ');
  }

  function said(cell) {
    if (cell.value == null) return '–';
    const tells = measure().tells;
    const value = tells === 'share' ? `${written.format(Math.round(cell.value * 1000) / 10)}%` : written.format(Math.round(cell.value * 10) / 10);
    if (tells === 'count') return value;
    return `${value} (${written.format(cell.numerator)} / ${written.format(Math.round((cell.denominator || 0) * (tells === 'share' ? 1 : measure().code === 'workload' ? 1 : 100)))})`;
  }

  function showValue({ code, tier }) {
    const unit = on.choropleth && measures ? unitOf(code, tier) : null;
    const cell = unit && found.cells.get(unit);
    panel.value.textContent = cell ? `${g.shortCode(unit)}: ${said(cell)}` : '';
  }

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
    rowOf('clusters', isOn => (isOn ? g.map.addLayer(clusters) : g.map.removeLayer(clusters)));
    if (!g.config.data && g.can('figures')) {
      addPanel();
      rowOf('choropleth', setChoropleth);
    }
    on.heat = g.map.hasLayer(heat);
    g.on('switched', ({ name, on: isOn }) => {
      if (name === 'heat') on.heat = isOn;
      if (name === 'load') hideLoad();
      used();
      // Who made room for these colours may have taken them away with his own.
      painted = '';
      colourCells();
    });
    used();
  }

  const used = () => box.classList.toggle('gm-in-use', Object.values(on).some(Boolean));

  // One colour of a cell has one meaning: the load of the moment makes room.
  function hideLoad() {
    const ramp = document.querySelector('[data-of=load]');
    const isOn = document.querySelector('[data-layer=load]')?.getAttribute('aria-pressed') === 'true';
    if (ramp) ramp.hidden = on.choropleth || !isOn;
  }

  async function setChoropleth(isOn) {
    panel.box.hidden = !isOn;
    hideLoad();
    painted = '';
    if (!isOn) return g.paint(null);
    try {
      measures = measures || await g.get('/measures');
    } catch (error) {
      return complain(error);
    }
    dressPanel();
    colourCells();
    // The choices stand at the foot of the legend, which may be longer than the screen.
    panel.box.scrollIntoView({ block: 'nearest' });
    return null;
  }

  // ------------------------------------------------------------ all together

  function draw() {
    drawBar(reports(rows()));
    if (on.heat) heat.redraw();
    if (on.clusters) clusters.draw();
    colourCells();
    g.tell('time', windowInMs());
  }

  function begin(told) {
    const before = past && { ...span, stuck: span.end === past.total, from: past.from };
    past = read(told);
    above.clear();
    figures.clear();
    sieve();
    const was = before && !before.stuck ? Math.round((before.from - past.from) / MINUTE_MS) : 0;
    const next = !before ? recalled() : before.stuck ? { start: past.total - (before.end - before.start), end: past.total } : { start: before.start + was, end: before.end + was };
    span = { start: -1, end: -1 };
    move(next.start, next.end, { keep: Boolean(before) });
    drawScale();
    if (past.counted && (g.asked?.category || '') !== ofCategory) refresh().catch(complain);
    if (g.map.hasLayer(heat)) heat._reset();
  }

  let asked = 0;
  let waiting = null;

  // What is told by grid and day has no categories left: of one of them it is asked for anew.
  let ofCategory = '';
  const wanted = () => ({ days: DAYS, category: past?.counted || ofCategory ? g.asked?.category : null });

  async function refresh() {
    asked = Date.now();
    ofCategory = wanted().category || '';
    begin(await g.get('/past', wanted()));
  }

  /* What is reported while the page is open comes in by and by: at once would be to ask for everything all the time. */
  function refreshSoon() {
    if (waiting || document.hidden || playing) return;
    const pause_ = past && past.minute.length > MANY ? 10 * REFRESH_MS : REFRESH_MS;
    waiting = setTimeout(() => {
      waiting = null;
      refresh().catch(() => {});
    }, Math.max(2000, asked + pause_ - Date.now()));
  }

  function listen() {
    g.on('filter', () => {
      const { category = '', under = '' } = g.asked || {};
      if (!shown || shown.key === `${category}|${under}`) return;
      if ((past.counted || ofCategory) && category !== ofCategory) refresh().catch(complain);
      sieve();
      drawDays();
      g.soon('slider', draw);
    });
    g.on('theme', () => {
      colours.clear();
      painted = '';
      if (!shown) return;
      drawDays();
      g.soon('slider', draw);
    });
    g.on('filled', () => { above.clear(); forgetUnits(); if (shown) g.soon('slider', draw); });
    document.addEventListener('visibilitychange', () => document.hidden && pause());
    new ResizeObserver(() => shown && drawDays()).observe(bar.track);
    listenForClusters();
    if (g.config.data) return;
    g.on('issues', ({ changed, all }) => past && changed.length && !all && refreshSoon());
    setInterval(() => past && g.now() > past.from + past.total * MINUTE_MS && refreshSoon(), 2 * REFRESH_MS);
  }

  function open(told) {
    box.hidden = false;
    addBar();
    adoptHeat();
    listen();
    begin(told);
    addRows();
    g.soon('slider', draw);
  }

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
