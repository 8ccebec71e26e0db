/* The bar of time: the window and its ends, the days under it, and time that plays. */
GridMap.base(g => g.time.begins.push(time => {
  'use strict';
  const { box, MINUTE_MS, DAY, written, on, clamp, draw } = time;

  const LENGTHS = [7, 30, 90];
  const STEPS = { hour: 60, day: DAY, week: 7 * DAY };
  const STANDARD = 30;
  const SHORTEST = 60;
  const PLAY_MS = 125;
  const CALM_PLAY_MS = 1000;
  let step = STEPS[g.recall('step')] ? g.recall('step') : 'day';

  // ------------------------------------------------------------ the window

  function move(start, end, { keep = true } = {}) {
    const length = clamp(end - start, SHORTEST, time.past.total);
    const from = clamp(start, 0, time.past.total - length);
    if (from === time.span.start && from + length === time.span.end) return;
    time.span = { start: from, end: from + length };
    g.soon('slider', draw);
    if (keep) remember();
  }

  const shift = minutes => move(time.span.start + minutes, time.span.end + minutes);

  function moveEdge(edge, to, how) {
    if (edge === 'start') move(clamp(to, 0, time.span.end - SHORTEST), time.span.end, how);
    else move(time.span.start, clamp(to, time.span.start + SHORTEST, time.past.total), how);
  }

  let remembering;

  /* What I see can be sent: the window stands in the address, by its length where it ends today. */
  function remember() {
    clearTimeout(remembering);
    remembering = setTimeout(() => {
      const length = time.span.end - time.span.start;
      const hour = minute => new Date(time.past.from + minute * MINUTE_MS).toISOString().slice(0, 13);
      const said = time.span.end === time.past.total ? `${Math.round(length / 60)}h` : `${hour(time.span.start)}..${hour(time.span.end)}`;
      g.remember('time', said === `${STANDARD * 24}h` ? null : said);
    }, 300);
  }

  function recalled() {
    const said = g.recall('time') || '';
    const [start, end] = said.split('..').map(each => (new Date(`${each}:00Z`) - time.past.from) / MINUTE_MS);
    if (end > start) return { start: Math.round(start), end: Math.round(end) };
    const hours = /^(\d+)h$/.exec(said)?.[1] || STANDARD * 24;
    return { start: time.past.total - hours * 60, end: time.past.total };
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
    bar.play = button('play', () => (time.playing ? pause() : play()));
    bar.track = addTrack();
    bar.lengths = choice('length', g.say('slider.length'), LENGTHS.map(days => [days, g.say('slider.days', { count: days })]), days => {
      wake();
      move(time.span.end - days * DAY, time.span.end);
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
    const far = { Home: -time.past.total, End: time.past.total }[event.key];
    if (!steps && !far) {
      if (event.key === ' ' && thumb === 'window') (time.playing ? pause : play)();
      else return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (!steps && !far) return;
    wake();
    const by = far || steps * STEPS[step];
    if (thumb === 'window') shift(by);
    else moveEdge(thumb, time.span[thumb] + by);
  }

  /* Ends are taken within a finger's reach, what lies between them moves both; elsewhere the window comes there. */
  function onPointer(event) {
    if (event.button) return;
    const { left, width } = bar.track.getBoundingClientRect();
    const at = place => clamp((place.clientX - left) / width, 0, 1) * time.past.total;
    const reach = ((event.pointerType === 'touch' ? 22 : 10) / width) * time.past.total;
    const from = at(event);
    const nearest = Math.abs(from - time.span.start) < Math.abs(from - time.span.end) ? 'start' : 'end';
    const held = Math.abs(from - time.span[nearest]) <= reach ? nearest : 'window';
    const length = time.span.end - time.span.start;
    const within = from > time.span.start && from < time.span.end;
    const offset = within ? from - time.span.start : length / 2;
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
    const parts = Object.fromEntries(calendar.formatToParts(time.past.from + minute * MINUTE_MS).map(({ type, value }) => [type, value]));
    return `${parts.month}-${parts.day}${step === 'hour' ? ` ${parts.hour}:${parts.minute}` : ''}`;
  }

  function drawBar(count) {
    const { start, end } = time.span;
    const share = minute => `${(100 * minute) / time.past.total}%`;
    bar.fill.style.left = bar.start.style.left = share(start);
    bar.fill.style.width = share(end - start);
    bar.end.style.left = share(end);
    const said = written.format(count);
    const last = dayOf(step === 'hour' ? end : end - 1);
    bar.said.textContent = `${last} · ${g.say('slider.reports', { count: said })}`;
    bar.said.title = g.say('slider.said', { start: dayOf(start), end: last, count: said }) + (time.past.counted ? ` (${g.say('slider.counted')})` : '');
    tellThumb(bar.start, start, dayOf(start));
    tellThumb(bar.end, end, last);
    tellThumb(bar.fill, start, g.say('slider.said', { start: dayOf(start), end: last, count: said }));
    press(bar.lengths, (end - start) / DAY);
    const inDays = (minute, round) => (100 * clamp(round(minute / DAY) * DAY, 0, time.past.total)) / time.past.total;
    bar.chosen.style.clipPath = `inset(0 ${100 - inDays(end, Math.ceil)}% 0 ${inDays(start, Math.floor)}%)`;
  }

  function tellThumb(thumb, value, said) {
    thumb.setAttribute('aria-valuenow', value);
    thumb.setAttribute('aria-valuetext', said);
  }

  const colours = new Map();
  const forgetColours = () => colours.clear();

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
    const wide = (width * DAY) / time.past.total;
    time.shown.days.forEach((count, day) => {
      if (!count) return;
      const tall = Math.max(1.5, Math.min(1, count / time.shown.most) * (height - 2));
      pen.fillRect(day * wide + wide * 0.12, height - tall, Math.max(0.8, wide * 0.76), tall);
      // A day that reaches beyond the scale is broken off.
      if (count > time.shown.most) pen.clearRect(day * wide, 6, wide, 2);
    });
  }

  /* What does not change while the window moves. */
  function drawScale() {
    for (const thumb of [bar.start, bar.fill, bar.end]) {
      thumb.setAttribute('aria-valuemin', 0);
      thumb.setAttribute('aria-valuemax', time.past.total);
    }
    drawDays();
    drawTicks();
  }

  function drawTicks() {
    const days = Math.round(time.past.total / DAY);
    const every = days >= 200 ? 60 : days >= 60 ? 30 : days >= 21 ? 7 : 2;
    const today = Math.abs(g.now() - (time.past.from + time.past.total * MINUTE_MS)) < 2 * DAY * MINUTE_MS;
    bar.ticks.replaceChildren();
    for (let back = Math.floor(days / every) * every; back >= 0; back -= every) {
      const first = !bar.ticks.firstChild;
      const word = !today ? dayOf(time.past.total - back * DAY - (back ? 0 : 1)) : back === 0 ? g.say('slider.today') : first ? g.say('slider.ago', { count: back }) : String(back);
      const tick = g.node('span', first ? 'gm-first' : back ? '' : 'gm-last', word);
      tick.style.left = `${100 - (100 * back) / days}%`;
      bar.ticks.append(tick);
    }
  }

  // ------------------------------------------------------------ playing

  time.playing = false;

  function play() {
    wake();
    time.playing = true;
    dressPlay();
    if (time.span.end >= time.past.total) move(0, time.span.end - time.span.start, { keep: false });
    let last = performance.now();
    const pace = g.calm() ? CALM_PLAY_MS : PLAY_MS;
    const tick = stamp => {
      if (!time.playing) return;
      if (stamp - last >= pace) {
        last = stamp - last > 2 * pace ? stamp : last + pace;
        move(time.span.start + STEPS[step], time.span.end + STEPS[step], { keep: false });
        if (time.span.end >= time.past.total) return pause();
      }
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  function pause() {
    if (!time.playing) return;
    time.playing = false;
    dressPlay();
    remember();
  }

  function dressPlay() {
    const name = time.playing ? 'pause' : 'play';
    bar.play.replaceChildren(g.drawn(ICONS[name]));
    bar.play.setAttribute('aria-pressed', time.playing);
    label(bar.play, g.say(`slider.${name}`));
  }

  /* Somebody moves time where nothing shows it: heat is what he looks for. */
  function wake() {
    if (!Object.values(on).some(Boolean)) document.querySelector('[data-layer=heat]')?.click();
  }

  Object.assign(time, { move, recalled, bar, addBar, drawBar, forgetColours, colour, drawDays, drawScale, pause });
}));
