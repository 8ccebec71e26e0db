/* What kept analyses found: a row of the legend for each sort of them, which colours the cells, and a panel that says
   which analysis it is, how it was looked for, what stands out where, and where a round would find most tomorrow. */
GridMap.part('hotspots', g => {
  'use strict';

  if (!g.can('insights')) return;

  const OPACITY = 0.72;
  const KINDS = ['hotspots', 'emerging', 'scan', 'outbreaks', 'changes'];
  const MOST_SPOTS = 4;
  const MOST_REASONS = 3;
  const swatches = colours => `<svg viewBox="0 0 26 18" aria-hidden="true">${colours.map((colour, n) => `<rect x="${1 + n * 8}" y="3" width="7.4" height="12" rx="1.5" fill="${colour}"/>`).join('')}</svg>`;
  const SYMBOLS = { hotspots: swatches(['#2166ac', '#fddbc7', '#b2182b']), emerging: swatches(['#fb6a4a', '#a50f15', '#67000d']), scan: swatches(['#fddbc7', '#ef8a62', '#b2182b']), outbreaks: swatches(['#fddbc7', '#b2182b', '#67000d']), changes: swatches(['#67a9cf', '#f7f7f7', '#ef8a62']) };
  const state = { analyses: [], legend: null, shown: null, cells: {}, surges: new Set(), chosen: {}, asked: 0 };
  const panel = g.panel('hotspots', '');
  panel.hidden = true;

  // ------------------------------------------------------------ colours

  /* An analysis of an upper tier colours the leaves that lie in its grids. */
  function gridOf(code) {
    let cell = g.cells.get(code);
    while (cell && cell.properties.tier > state.shown.tier) cell = g.cells.get(cell.properties.parent);
    return cell?.properties.code;
  }

  const shade = row => (g.theme() === 'dark' ? row.dark : row.colour);

  const classesOf = kind => state.legend.classes[kind];

  function rowOf(found) {
    if (state.shown.kind === 'emerging') return state.legend.categories.find(row => row.code === found.category);
    return classesOf(state.shown.kind).find(row => row.bin === found.Gi_Bin);
  }

  function painter(code) {
    const grid = gridOf(code);
    const found = state.cells[grid];
    const row = (found && rowOf(found)) || (state.surges.has(grid) ? state.legend.surge : null);
    return row ? { colour: shade(row), opacity: OPACITY } : null;
  }

  // ------------------------------------------------------------ which analysis

  async function list() {
    const told = await g.get('/analyses');
    state.analyses = told.analyses;
    state.legend = told.legend;
  }

  const ofKind = kind => state.analyses.filter(each => each.kind === kind);

  async function show(kind, number) {
    const asked = ++state.asked;
    const analysis = ofKind(kind).find(each => each.number === number) || ofKind(kind)[0];
    panel.hidden = false;
    if (!analysis) return drawNone(kind);
    const told = await Promise.all([
      g.get(`/analyses/${analysis.number}`), g.get(`/analyses/${analysis.number}/cells`),
      g.get('/insights', { analysis: analysis.number }), g.get('/insights/repeats'), g.get('/insights/rounds'),
    ]);
    if (asked !== state.asked) return null;
    [state.shown, state.cells] = told;
    state.chosen[kind] = analysis.number;
    state.surges = new Set(told[2].surges.flatMap(each => each.grids));
    g.paint(painter);
    return draw(kind, { ...told[2], ...told[3], ...told[4] });
  }

  function hide() {
    state.asked += 1;
    state.shown = null;
    panel.hidden = true;
    g.paint(null);
  }

  async function look(kind, button) {
    button.disabled = true;
    button.textContent = g.say('hotspots.looking');
    try {
      const made = await g.post('/analyses', { name: g.say(`hotspots.name_${kind}`), kind });
      await list();
      await show(kind, made.number);
    } catch (error) {
      g.toast(g.say('hotspots.failed', { reason: error.message }), 'bad');
      button.disabled = false;
      button.textContent = g.say('hotspots.look');
    }
  }

  // ------------------------------------------------------------ the panel

  function lookButton(kind) {
    const button = g.node('button', 'gm-hot-look', g.say('hotspots.look'));
    button.type = 'button';
    button.addEventListener('click', () => look(kind, button));
    return button;
  }

  function drawNone(kind) {
    panel.replaceChildren(g.node('h3', '', g.say(`hotspots.${kind}`)), g.node('p', 'gm-hot-said', g.say('hotspots.none_yet')));
    if (g.can('analyse')) panel.append(lookButton(kind));
  }

  function choice(kind) {
    const label = g.node('label', 'gm-hot-choice');
    const select = g.node('select');
    for (const each of ofKind(kind)) {
      const option = g.node('option', '', g.say('hotspots.made', { name: each.name, moment: g.moment(each.made_at) }));
      option.value = each.number;
      option.selected = each.number === state.shown.number;
      select.append(option);
    }
    select.addEventListener('change', () => show(kind, Number(select.value)).catch(complain));
    label.append(g.node('span', '', g.say('hotspots.analysis')), select);
    return label;
  }

  function classes(kind) {
    const table = kind === 'emerging' ? state.legend.categories.map(row => [row.code, row]) : classesOf(kind).map(row => [String(row.bin), row]);
    const list_ = g.node('ul', 'gm-hot-classes');
    if (state.surges.size) table.push(['surge', state.legend.surge]);
    for (const [key, row] of table) {
      const count = key === 'surge' ? state.surges.size : state.shown.found[key] || 0;
      // The classes of hot spots are few and always said; of the categories those alone that there are.
      if (kind === 'emerging' && !count) continue;
      const item = g.node('li');
      const colour = g.node('i');
      colour.style.background = shade(row);
      item.append(colour, g.node('span', '', row.name), g.node('b', '', String(count)));
      list_.append(item);
    }
    return list_;
  }

  function settings() {
    const box = g.node('details', 'gm-hot-settings');
    box.append(g.node('summary', '', g.say('hotspots.settings')));
    const list_ = g.node('ul');
    for (const line of state.shown.said) list_.append(g.node('li', '', line));
    box.append(list_);
    return box;
  }

  /* Something said of a grid, which a press leads to. */
  function leading(code, title, said) {
    const box = g.node('div', 'gm-hot-spot');
    const go = g.node('button', '', title);
    go.type = 'button';
    go.addEventListener('click', () => {
      if (g.cells.has(code)) g.fly(g.cells.get(code));
      g.tell('select', { kind: 'grid', code });
    });
    box.append(go, g.node('span', '', said));
    return box;
  }

  function spot(each) {
    const box = leading(each.grids[0], each.title, each.said);
    const reasons = each.reasons.slice(0, MOST_REASONS);
    const list_ = g.node('ul');
    for (const reason of reasons) {
      const item = g.node('li');
      item.append(g.node('b', '', reason.outside ? `${reason.name} ${reason.ratio.toFixed(1)} ×` : reason.name), g.node('span', '', reason.said));
      list_.append(item);
    }
    if (!reasons.length) list_.append(g.node('li', '', g.say('hotspots.nothing_stands_out')));
    box.append(list_);
    return box;
  }

  function why(name, spots) {
    return spots.length ? [g.node('h3', '', g.say(`hotspots.${name}`)), ...spots.slice(0, MOST_SPOTS).map(spot)] : [];
  }

  function again(repeats) {
    if (!repeats.length) return [];
    const list_ = g.node('ul', 'gm-hot-again');
    for (const each of repeats.slice(0, MOST_SPOTS)) {
      const item = g.node('li');
      item.append(g.node('b', '', each.title), g.node('span', '', each.said));
      list_.append(item);
    }
    return [g.node('h3', '', g.say('hotspots.repeats')), list_];
  }

  function next(rounds) {
    return rounds.length ? [g.node('h3', '', g.say('hotspots.rounds')), ...rounds.map(each => leading(each.grid, each.title, each.said))] : [];
  }

  function draw(kind, { spots, surges, repeats, rounds }) {
    state.why = { spots, surges, repeats, rounds };
    const none = kind === 'emerging' ? 'none' : '0';
    const quiet = Object.keys(state.shown.found).every(key => key === none);
    const parts = [g.node('h3', '', g.say(`hotspots.${kind}`)), choice(kind), classes(kind)];
    parts.push(g.node('p', 'gm-hot-said', g.say(quiet ? 'hotspots.quiet' : 'hotspots.chance')));
    parts.push(...why('surges', surges), ...why('why', spots), ...again(repeats), ...next(rounds));
    parts.push(settings());
    if (g.can('analyse')) parts.push(lookButton(kind));
    panel.replaceChildren(...parts);
  }

  // ------------------------------------------------------------ the rows

  const complain = error => g.toast(g.say('hotspots.failed', { reason: error.message }), 'bad');
  const ramp = () => document.querySelector('[data-panel="load"]');
  const pressed = name => document.querySelector(`[data-layer="${name}"][aria-pressed="true"]`);

  // One thing colours the cells at a time.
  function alone(kind) {
    const others = KINDS.filter(each => each !== kind);
    for (const name of [...others, 'choropleth']) pressed(name)?.click();
  }

  function row(kind) {
    g.legend({
      name: kind, group: 'analysis', label: g.say(`hotspots.${kind}`), symbol: SYMBOLS[kind], on: false,
      toggle: isOn => {
        if (isOn) {
          alone(kind);
          show(kind, state.chosen[kind]).catch(complain);
        } else if (state.shown === null || state.shown.kind === kind) hide();
        if (ramp()) ramp().hidden = isOn || !pressed('load');
      },
    });
  }

  g.on('theme', () => {
    if (state.shown) draw(state.shown.kind, state.why);
  });

  g.on('switched', ({ name, on }) => {
    if (name === 'choropleth' && on) for (const kind of KINDS) pressed(kind)?.click();
  });

  list().then(() => {
    for (const kind of KINDS) if (ofKind(kind).length || g.can('analyse')) row(kind);
  }).catch(complain);
});
