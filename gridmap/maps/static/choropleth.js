/* The colours of the cells by a measure of the window: counted here where all of it is here, else by the service. */
GridMap.base(g => g.time.begins.push(time => {
  'use strict';
  const { MINUTE_MS, DAY, written, on, complain, windowInMs, rows } = time;

  const OPACITY = 0.56;
  const OPACITY_UNDER_HEAT = 0.18;
  const panel = {};
  const figures = new Map();
  let measures = null;
  let chosen = { measure: g.recall('measure') || 'reports_rate', tier: Number(g.recall('tier')) || g.config.leaf };
  let found = { key: null, cells: new Map() };
  let units = null;
  let fetching = false;

  const forgetUnits = () => { units = null; };
  const measure = () => measures?.find(each => each.code === chosen.measure);
  const isOurs = code => !time.past.area || time.past.area.has(code);

  /* Reports of the window are counted here, where the cells are here too; anything else by the service. */
  const countsHere = () => ['reports', 'reports_rate'].includes(chosen.measure) && Boolean(time.past.grid) && [...g.cells.values()].some(cell => cell.properties.tier === chosen.tier) && !time.past.grids.some(chain => time.past.counted && chain[0] && !chain[chosen.tier - 1]);

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
      const of = Int32Array.from(time.past.grids, chain => number.get(chain[chosen.tier - 1]) ?? -1);
      units = { codes, of, counts: new Float64Array(codes.length), homes: codes.map(householdsOf), first, end: first };
    }
    // From one window to the next only what comes in and what falls out is counted.
    const { grid, count } = time.shown;
    const add = (from, to, sign) => {
      for (let n = from; n < to; n += 1) {
        const unit = units.of[grid[n]];
        if (unit >= 0) units.counts[unit] += sign * count[n];
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
    if (!on.choropleth || !measures || !time.past) return;
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
    await new Promise(done => setTimeout(done, time.playing ? 0 : 150));
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
      above.set(code, at?.properties.code ?? time.past.grids.find(chain => chain.includes(code))?.[chosen.tier - 1] ?? null);
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

  // ------------------------------------------------------------ switched on and off

  // One colour of a cell has one meaning: the load of the moment makes room.
  function hideLoad() {
    const ramp = document.querySelector('[data-of=load]');
    const isOn = document.querySelector('[data-layer=load]')?.getAttribute('aria-pressed') === 'true';
    if (ramp) ramp.hidden = on.choropleth || !isOn;
  }

  function recolour() {
    painted = '';
    colourCells();
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

  function forgetFigures() {
    above.clear();
    figures.clear();
  }

  g.on('theme', () => { painted = ''; });
  g.on('filled', () => { above.clear(); forgetUnits(); });

  Object.assign(time, { forgetUnits, colourCells, addPanel, hideLoad, recolour, setChoropleth, forgetFigures });
}));
