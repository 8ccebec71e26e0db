/* The cards of what stands on the map: a grid with its figures, facilities and rounds, a building, a facility, an
   overlay. */
GridMap.base(g => g.desk.begins.push(desk => {
  'use strict';
  const {
    box, say, el, button, section, facts, link, phone, roleOf, percent, lang, foot, head, fillBody, shows, show,
  } = desk;

  const AGAIN_MS = 4000;

  // ------------------------------------------------------------ a grid

  let counted = {};

  /* Drawn at once; the figures of the month, which take longest to count, come after. */
  async function showGrid({ code }, still) {
    const path = `/grids/${encodeURIComponent(code)}/card`;
    const draw = card => {
      if (!still()) return;
      head({ title: card.name || card.code, kicker: `${say(`tier${card.tier}`)} · ${card.code}`, feature: g.cells.get(code) });
      const month = card.figures || (counted.code === code && counted.figures);
      const waiting = !month && card.own && g.can('figures') && !('figures' in card);
      fillBody(chainOf(card), gridTiles(card), card.owner !== undefined && ownerPart(card.owner), card.issues && pressing(card.issues), month ? figures(month) : waiting && section('figures', say('this_month'), el('p', 'gm-quiet', say('loading'))), facilities(card.facilities), card.rounds && rounds(card.rounds));
      foot.replaceChildren();
    };
    draw(await g.get(path, { ...lang(), figures: false }));
    if (!g.can('figures') || !still()) return;
    const whole = await g.get(path, lang());
    counted = { code, figures: whole.figures };
    draw({ figures: null, ...whole });
  }

  function chainOf({ chain, own }) {
    if (!chain.length && own) return null;
    const steps = chain.flatMap((each, n) => [n ? el('span', 'gm-sep', '›') : null, link('grid', each.code, each.name || each.code)]);
    return el('nav', 'gm-chain', steps, !own && el('span', 'gm-tag', say('part')));
  }

  function gridTiles({ issues, households, buildings }) {
    const tiles = [['open', issues?.open], ['overdue', issues?.overdue], ['households', households], ['buildings', buildings]];
    return el('dl', 'gm-numbers', tiles.filter(([, value]) => value != null).map(([name, value]) => {
      const made = el('div', name === 'overdue' && value ? 'gm-late' : '', g.node('dt', '', say(name)), g.node('dd', '', value.toLocaleString(g.config.language)));
      return made;
    }));
  }

  function personLine({ name, role, phone: number, away_until: away }, label) {
    return el('div', 'gm-person', el('div', '', g.node('b', '', name), g.node('small', '', label || roleOf(role))), number && phone(number), away && el('span', 'gm-tag gm-away', say('away', { until: g.moment(away) })));
  }

  function ownerPart(owner) {
    if (!owner) return section('owner', say('in_charge'), el('p', 'gm-quiet', say('vacant')));
    return section('owner', say('in_charge'), personLine(owner), owner.deputy && personLine(owner.deputy, say('deputy')));
  }

  function pressing({ most_urgent: rows, by_attention: mix, open: count }) {
    const order = g.config.rules.order.filter(name => mix[name]);
    const bar = el('div', 'gm-bar', order.map(name => {
      const part = el('i', `gm-fill-${name}`);
      part.style.flexGrow = mix[name];
      return part;
    }));
    const signs = el('ul', 'gm-mixed', order.map(name => el('li', '', g.symbol(name), `${g.term('attentions', name)} ${mix[name]}`)));
    return section('pressing', say('pressing'), count ? [bar, signs] : el('p', 'gm-quiet', say('calm')), el('ol', 'gm-issues', rows.map(issueRow)));
  }

  function issueRow(said) {
    const press = () => g.select({ kind: 'issue', code: said.code });
    const made = button('', '', press);
    made.dataset.at = `issue:${said.code}`;
    made.append(g.symbol(said.attention || g.attention(said)), el('b', '', g.categoryOf(said)), el('span', '', [said.grid && g.shortCode(said.grid), said.text || said.code].filter(Boolean).join(' · ')), el('time', '', g.late(said) || g.moment(said.reported_at)));
    return el('li', `gm-is-${said.attention || g.attention(said)}`, made);
  }

  function figures({ reported, indicators }) {
    const list = el('ul', 'gm-figures', indicators.map(figure));
    return section('figures', say('this_month'), el('p', 'gm-aside', say('reported', { count: reported })), indicators.length ? list : el('p', 'gm-quiet', say('no_figures')));
  }

  const written = ({ sort }, value) => (sort === 'share' ? percent(value) : value.toFixed(2));
  const ARROWS = { up: '↑', down: '↓', same: '=' };

  function figure(each) {
    const good = each.better === 'low' ? 'down' : 'up';
    const change = each.before != null && each.direction && el('span', `gm-change${each.sure && each.direction !== 'same' ? (each.direction === good ? ' gm-good' : ' gm-bad') : ''}`, `${ARROWS[each.direction]} ${say('before', { value: written(each, each.before) })}`);
    const made = el('li', each.few ? 'gm-few' : '', el('span', 'gm-name', each.name), el('b', '', written(each, each.value)), each.sort === 'share' && each.low != null && whisker(each), el('small', '', say('of', { counted: each.counted, n: each.n }), change && [' · ', change], each.few && [' · ', say('few')]));
    made.title = `${each.counts} / ${each.of}`;
    return made;
  }

  /* The value on its interval: how much the number may be relied on is seen before it is read. */
  function whisker(each) {
    const said = say('interval', { low: percent(each.low), high: percent(each.high) });
    const made = el('span', 'gm-whisker', el('i'), el('b'));
    made.setAttribute('role', 'img');
    made.setAttribute('aria-label', said);
    made.title = said;
    made.style.setProperty('--low', each.low);
    made.style.setProperty('--high', each.high);
    made.style.setProperty('--at', each.value);
    return made;
  }

  function facilities(rows) {
    if (!rows.length) return null;
    const bad = rows.filter(row => row.state !== 'in_order');
    const fine = rows.filter(row => row.state === 'in_order');
    const broken = el('ul', 'gm-broken', bad.flatMap(row => row.which.map(({ code, name }) => {
      const made = link('facility', code);
      made.replaceChildren(plate(row), el('b', '', name || code), el('span', `gm-tag gm-state-${row.state}`, g.term('states', row.state)));
      return el('li', '', made);
    })));
    const rest = el('ul', 'gm-plates', fine.map(row => el('li', '', plate(row), `${g.term('facilities', row.kind)} ${row.count}`)));
    return section('facilities', say('facilities'), bad.length ? broken : el('p', 'gm-quiet', say('all_work')), rest);
  }

  function plate({ kind, state }) {
    const drawings = g.config.plates[kind] || g.config.plates[''];
    return g.drawn(drawings[state] || drawings.in_order);
  }

  function rounds({ next, last }) {
    const rows = [...next.map(each => round(each, 'next_round')), last && round(last, 'last_round')].filter(Boolean);
    return section('rounds', say('rounds'), rows.length ? el('ul', 'gm-rounds', rows) : el('p', 'gm-quiet', say('no_round')));
  }

  function round(each, when) {
    const state = el('span', `gm-tag gm-round-${each.status}`, say(`round_${each.status}`));
    const visited = each.status !== 'planned' && each.due ? say('visited', { visited: each.visited, due: each.due }) : '';
    return el('li', '', el('span', 'gm-when', say(when)), el('time', '', g.moment(each.starts)), el('b', '', each.name), el('small', '', [each.person?.name || roleOf(each.role), visited].filter(Boolean).join(' · ')), state);
  }

  // ------------------------------------------------------------ a building, a facility, an overlay

  const featureIn = (name, code) => {
    let found = null;
    g.layer(name)?.eachLayer?.(layer => { if (layer.feature?.properties.code === code) found = layer.feature; });
    return found;
  };
  const asFeature = said => said.geometry && { type: 'Feature', geometry: said.geometry, properties: said };
  const gridLinks = codes => (codes || []).filter(Boolean).map(code => link('grid', code, g.shortCode(code)));

  async function showBuilding({ code }, still) {
    const said = await g.get(`/buildings/${encodeURIComponent(code)}`, lang());
    if (!still()) return;
    head({ title: said.name || said.code, kicker: [g.term('uses', g.useOf(said.use)), said.code].join(' · '), feature: asFeature(said) });
    fillBody(section('facts', '', facts([
      [say('grids'), gridLinks(said.grids)], [say('floors'), said.floors], [say('households'), said.households], [say('use'), said.use],
      [say('grade'), said.grade], [say('risk'), said.risk], [say('built'), said.built], [say('delivered'), said.delivered], [say('warranty'), ended(said.warranty_until)],
    ])), openHere(feature => within(said.geometry, feature)));
    foot.replaceChildren();
  }

  function ended(day) {
    if (!day) return null;
    return new Date(day) < g.now() ? [day, ' ', el('span', 'gm-tag', say('expired'))] : day;
  }

  /* Whether an issue lies in a shape, by its outer rings: good enough for a list. */
  function within(geometry, { geometry: point }) {
    if (!geometry || !point) return false;
    const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.type === 'MultiPolygon' ? geometry.coordinates : [];
    const [x, y] = point.coordinates;
    return polygons.some(([ring]) => ring.reduce((inside, [x1, y1], n) => {
      const [x2, y2] = ring[(n || ring.length) - 1];
      return (y1 > y) !== (y2 > y) && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1 ? !inside : inside;
    }, false));
  }

  function openHere(test) {
    const rows = [...g.issues.values()].filter(test).map(feature => feature.properties);
    const rank = said => g.config.rules.order.indexOf(g.attention(said));
    rows.sort((one, other) => rank(one) - rank(other));
    return rows.length ? section('pressing', say('pressing'), el('ol', 'gm-issues', rows.slice(0, 10).map(issueRow))) : null;
  }

  async function showFacility({ code }, still) {
    const path = `/facilities/${encodeURIComponent(code)}`;
    const [said, states] = await Promise.all([g.get(path, lang()), g.can('inspections') ? g.get(`${path}/states`, lang()).catch(() => []) : []]);
    if (!still()) return;
    head({ title: said.name || said.code, kicker: [g.term('facilities', said.kind), said.code].join(' · '), symbol: plate(said), feature: asFeature(said) });
    const state = el('p', 'gm-state', el('span', `gm-tag gm-state-${said.state}`, g.term('states', said.state)));
    fillBody(state, section('facts', '', facts([
      [say('grids'), gridLinks([said.grid])], [say('level'), said.level], [say('maker'), said.maker], [say('in_use'), said.in_use],
      [say('warranty'), ended(said.warranty_until)], [say('inspection'), ended(said.inspection_due)],
    ])), states.length ? section('history', say('states'), el('ol', 'gm-story', states.slice(0, 12).map(stateLine))) : null, openHere(feature => feature.properties.facility === said.code));
    foot.replaceChildren();
  }

  function stateLine({ at, state, person, note, issue }) {
    return el('li', '', el('time', '', g.moment(at)), el('b', '', g.term('states', state)), person && el('span', '', person), note && el('blockquote', '', note), issue && link('issue', issue));
  }

  async function showOverlay({ code }, still) {
    const feature = featureIn('overlays', code);
    if (!feature) throw Object.assign(new Error(say('gone')), { status: 404 });
    const said = feature.properties;
    if (!still()) return;
    head({ title: said.name || said.code, kicker: [g.term('overlays', said.kind), said.code].join(' · '), feature });
    fillBody(section('facts', '', facts([[say('keeper'), said.role && roleOf(said.role)], [say('level'), said.level]])));
    foot.replaceChildren();
  }

  let again = null;

  g.on('issues', () => {
    if (desk.view?.kind !== 'grid' || box.hidden || again) return;
    again = setTimeout(() => { again = null; if (desk.view?.kind === 'grid') show(); }, AGAIN_MS);
  });

  Object.assign(shows, { grid: showGrid, building: showBuilding, facility: showFacility, overlay: showOverlay });

  Object.assign(desk, { issueRow });
}));
