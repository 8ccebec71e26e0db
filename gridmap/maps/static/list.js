/* The list by urgency, which is also the way of the keyboard and of screen readers; the figures over it, what filters it,
   and the search. */
GridMap.part('list', g => {
  'use strict';
  const list = document.getElementById('gm-list');
  if (!list) return;

  const STEP = 100;
  const DAY_MS = 86_400_000;
  const LATE_MS = 20_000;
  const MOST_FOUND = 12;
  const ASK_MS = 180;
  const order = g.config.rules.order;
  const asked = { only: g.recall('only') || '', since: g.recall('since') || '', category: g.recall('category') || '', status: g.recall('status') || '', owner: g.recall('owner') || '', under: g.recall('under') || '' };
  const scroll = document.querySelector('.gm-listed');
  const marked = new Set();
  let listed = STEP;
  g.asked = asked;

  // ------------------------------------------------------------ filters

  const parentOf = code => g.cells.get(code)?.properties.parent;
  function liesUnder(said, code) {
    for (let at = said.grid; at; at = parentOf(at)) if (at === code) return true;
    return [said.tier1, said.tier2, said.tier3].includes(code);
  }

  const TESTS = {
    only: (said, value) => g.attention(said) === value,
    since: (said, value) => new Date(said.reported_at) > g.now() - Number(value) * DAY_MS,
    category: (said, value) => said.category === value,
    status: (said, value) => said.status === value,
    owner: (said, value) => said.owner?.person?.code === value,
    under: (said, value) => liesUnder(said, value),
  };

  function filter(name, value) {
    asked[name] = value || '';
    g.remember(name, value || null);
    const select = document.querySelector(`[data-filter="${name}"]`);
    if (select && select.value !== asked[name]) select.value = asked[name];
    listed = STEP;
    g.addFilter(name, value ? feature => TESTS[name](feature.properties, value) : null);
  }

  function choice(name, label, options) {
    const box = g.node('label', '', label);
    const select = g.node('select');
    select.dataset.filter = name;
    select.addEventListener('change', () => filter(name, select.value));
    box.append(select);
    offer(select, options, asked[name]);
    return box;
  }

  function offer(select, options, value) {
    select.replaceChildren(...options.map(([code, said]) => {
      const option = g.node('option', '', said);
      option.value = code;
      return option;
    }));
    select.value = value;
  }

  function addFilters() {
    const box = document.getElementById('gm-filters');
    const any = ['', g.say('any')];
    box.append(
      choice('since', g.say('filter_when'), [['', g.say('when_any')], ...[1, 7, 30].map(days => [String(days), g.say(`when_${days}`)])]),
      choice('category', g.say('filter_category'), [any]),
      choice('status', g.say('filter_status'), [any, ...g.config.rules.open.map(code => [code, g.term('statuses', code)])]),
      choice('under', g.say('filter_under'), [any]),
    );
    if (g.can('people')) box.append(choice('owner', g.say('filter_owner'), [any]));
    const clear = g.node('button', 'gm-plain', g.say('clear'));
    clear.type = 'button';
    clear.addEventListener('click', () => Object.keys(asked).forEach(name => filter(name, '')));
    box.append(clear);
    for (const [name, value] of Object.entries(asked)) if (value) filter(name, value);
  }

  /* What can be chosen follows from what is open, and from the grids. */
  function offerWhatThereIs() {
    const any = ['', g.say('any')];
    const sorted = pairs => [...new Map(pairs)].sort((one, other) => one[1].localeCompare(other[1], g.config.language));
    const said = [...g.issues.values()].map(feature => feature.properties);
    const options = {
      category: sorted(said.map(each => [each.category, g.categoryOf(each)])),
      owner: sorted(said.filter(each => each.owner?.person).map(each => [each.owner.person.code, each.owner.person.name])),
      under: [...g.cells.values()].filter(each => each.properties.tier < g.config.leaf).map(({ properties: { code, name, tier } }) => [code, `${tier > 1 ? '· ' : ''}${g.shortCode(code)} ${name}`]).sort((one, other) => one[0].localeCompare(other[0])),
    };
    for (const [name, found] of Object.entries(options)) {
      const select = document.querySelector(`[data-filter="${name}"]`);
      if (select && select !== document.activeElement) offer(select, [any, ...found], asked[name]);
    }
  }

  // ------------------------------------------------------------ figures

  function tile({ name, term, value, unit, note, only, ring }) {
    const box = g.node(only ? 'button' : 'div', `gm-tile gm-is-${name}`);
    const figure = g.node('b', '', value);
    if (unit) figure.append(g.node('small', '', unit));
    box.append(g.node('span', '', term), figure, g.node('em', '', note));
    if (ring != null) box.append(ringOf(ring));
    if (only) {
      box.type = 'button';
      box.dataset.only = only;
      box.setAttribute('aria-pressed', asked.only === only);
      box.addEventListener('click', () => filter('only', asked.only === only ? '' : only));
    }
    return box;
  }

  function ringOf(share) {
    const full = 2 * Math.PI * 15;
    return g.drawn(`<svg class="gm-share" viewBox="0 0 36 36" aria-hidden="true"><circle cx="18" cy="18" r="15"/><circle class="gm-done" cx="18" cy="18" r="15" stroke-dasharray="${Number(share) * full} ${full}"/></svg>`);
  }

  let pulse = null;
  let more = false;

  function counts() {
    const found = Object.fromEntries(order.map(name => [name, 0]));
    for (const feature of g.issues.values()) found[g.attention(feature.properties)] += 1;
    return found;
  }

  // Of a city only the most urgent are in the page: the service counts all of them.
  const all = () => (more && pulse ? pulse.open : counts());
  const total = () => (more ? Object.values(all()).reduce((sum, each) => sum + each, 0) : g.config.total ?? g.issues.size);

  function showFigures() {
    const found = all();
    const tiles = [
      { name: 'open', term: g.say('open'), value: total(), note: g.say('open_note', found) },
      { name: 'overdue', term: g.say('overdue'), value: found.overdue, note: g.say(found.overdue ? 'at_once' : 'none_late'), only: 'overdue' },
      ...(pulse ? pulseTiles(pulse) : [todayTile()]),
    ];
    const had = document.activeElement?.dataset?.only;
    document.getElementById('gm-tiles').replaceChildren(...tiles.map(tile));
    if (had) document.querySelector(`#gm-tiles [data-only="${had}"]`)?.focus();
    showMix(found);
  }

  function todayTile() {
    const day = g.dayOf(g.now());
    const today = [...g.issues.values()].filter(feature => g.dayOf(feature.properties.reported_at) === day).length;
    return { name: 'today', term: g.say('screen.reported'), value: today, note: g.say('of_day') };
  }

  function pulseTiles({ settled, due, answer_minutes: answer, before_minutes: before }) {
    const share = due ? settled / due : null;
    const long = answer >= 120;
    const change = answer != null && before != null ? (long ? (answer - before) / 60 : answer - before) : null;
    return [
      { name: 'settled', term: g.say('closed_today'), value: share == null ? '–' : Math.round(100 * share), unit: share == null ? '' : '%', note: share == null ? g.say('no_figure') : g.say('closed_note', { done: settled, due }), ring: share },
      {
        name: change > 0 ? 'slower' : 'faster', term: g.say('first_answer'), value: answer == null ? '–' : (long ? answer / 60 : answer).toFixed(answer < 100 || long ? 1 : 0),
        unit: answer == null ? '' : g.say(long ? 'hours' : 'minutes'),
        note: change == null ? g.say('no_figure') : g.say('than_last_week', { change: `${change > 0 ? '+' : '−'}${Math.abs(change).toFixed(1)}` }),
      },
    ];
  }

  function showMix(found) {
    document.getElementById('gm-bar').replaceChildren(...order.filter(name => found[name]).map(name => {
      const part = g.node('i', `gm-fill-${name}`);
      part.style.flexGrow = found[name];
      return part;
    }));
    const had = document.activeElement?.closest?.('#gm-chips button')?.dataset.only;
    document.getElementById('gm-chips').replaceChildren(...order.map(name => {
      const chip = g.node('button', '', '');
      chip.type = 'button';
      chip.dataset.only = name;
      chip.setAttribute('aria-pressed', asked.only === name);
      chip.append(g.symbol(name), g.node('span', '', `${g.term('attentions', name)} ${found[name]}`));
      chip.addEventListener('click', () => filter('only', asked.only === name ? '' : name));
      return chip;
    }));
    if (had) document.querySelector(`#gm-chips [data-only="${had}"]`)?.focus();
  }

  async function takePulse() {
    if (g.config.data || document.hidden) return;
    try {
      pulse = await g.get('/pulse');
      g.soon('figures', showFigures);
    } catch { /* who may not see figures sees the day's count */ }
  }

  // ------------------------------------------------------------ the list

  function sorted() {
    const key = ({ properties }) => [order.indexOf(g.attention(properties)), properties.due_at ? Date.parse(properties.due_at) : Infinity, Date.parse(properties.reported_at)];
    const keyed = [...g.issues.values()].filter(g.shown).map(feature => [key(feature), feature]);
    keyed.sort(([a], [b]) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
    return keyed.map(([, feature]) => feature);
  }

  function row(feature) {
    const said = feature.properties;
    const asks = g.attention(said);
    const item = g.node('li', `gm-is-${asks}`);
    item.dataset.code = said.code;
    const button = g.node('button');
    button.type = 'button';
    const title = g.node('b');
    title.append(g.node('span', 'gm-hidden', `${g.term('attentions', asks)} `), titleOf(said));
    button.append(g.symbol(asks), title, g.node('span', '', placeOf(said)), g.node('time', '', g.late(said) || g.moment(said.reported_at)));
    button.addEventListener('click', () => g.select({ kind: 'issue', code: said.code, byList: true }));
    button.addEventListener('mouseenter', () => g.markers.get(said.code)?.getElement()?.classList.add('gm-pointed'));
    button.addEventListener('mouseleave', () => g.markers.get(said.code)?.getElement()?.classList.remove('gm-pointed'));
    if (g.can('dispatch') && g.config.site) item.append(tick(said));
    item.append(button);
    return item;
  }

  function titleOf(said) {
    const colon = g.config.language === 'en' ? ': ' : '：';
    return said.text ? `${g.categoryOf(said)}${colon}${said.text}` : g.categoryOf(said);
  }

  function placeOf(said) {
    const whom = said.handler?.person?.name || said.owner?.person?.name;
    return [said.grid && g.shortCode(said.grid), whom].filter(Boolean).join(' · ') || said.code;
  }

  function tick(said) {
    const box = g.node('input');
    box.type = 'checkbox';
    box.checked = marked.has(said.code);
    box.setAttribute('aria-label', g.say('choose', { title: `${said.code} ${g.categoryOf(said)}` }));
    box.addEventListener('change', () => setMarked(said.code, box.checked));
    return box;
  }

  function setMarked(code, isOn) {
    if (isOn) marked.add(code);
    else marked.delete(code);
    const box = list.querySelector(`[data-code="${CSS.escape(code)}"] input`);
    if (box) box.checked = isOn;
    g.mark([...marked]);
    g.tell('marked', [...marked]);
  }

  function showList() {
    const found = sorted();
    const held = document.activeElement?.closest?.('#gm-list li');
    const [code, kind, scrolled] = [held?.dataset.code, document.activeElement?.type, scroll.scrollTop];
    list.replaceChildren(...found.slice(0, listed).map(row));
    scroll.scrollTop = scrolled;
    if (code) list.querySelector(`[data-code="${CSS.escape(code)}"] ${kind === 'checkbox' ? 'input' : 'button'}`)?.focus({ preventScroll: true });
    showMore(found.length);
    document.getElementById('gm-filtered').textContent = Object.values(asked).some(Boolean) ? `${found.length} / ${g.issues.size}` : '';
    meant(last);
  }

  function showMore(count) {
    const more = document.getElementById('gm-more');
    more.replaceChildren();
    more.hidden = true;
    const tell = said => { more.hidden = false; more.append(said); };
    if (!count) tell(g.issues.size ? g.say('none_shown', { count: g.issues.size }) : g.say('none'));
    if (count > listed) {
      const button = g.node('button', 'gm-plain', g.say('more', { count: Math.min(STEP, count - listed) }));
      button.type = 'button';
      button.addEventListener('click', () => { listed += STEP; showList(); });
      tell(button);
    } else if (total() > g.issues.size) tell(g.say('more_than_shown', { count: total(), drawn: g.issues.size }));
  }

  let last = [];

  function meant(codes) {
    last = codes;
    for (const item of list.children) item.classList.toggle('gm-meant', codes.includes(item.dataset.code));
  }

  function changed({ changed: codes, removed, all }) {
    for (const code of removed) if (marked.delete(code)) g.tell('marked', [...marked]);
    g.soon('figures', showFigures);
    g.soon('list', () => {
      showList();
      if (all) return;
      for (const code of codes) list.querySelector(`[data-code="${CSS.escape(code)}"]`)?.classList.add('gm-new');
    });
    g.soon('choices', offerWhatThereIs);
  }

  function showLate() {
    for (const item of list.children) {
      const feature = g.issues.get(item.dataset.code);
      if (feature) item.querySelector('time').textContent = g.late(feature.properties) || g.moment(feature.properties.reported_at);
    }
  }

  // ------------------------------------------------------------ search

  const field = document.getElementById('gm-search');
  const results = document.getElementById('gm-found');
  let current = -1;

  function find(wanted) {
    const needle = wanted.toLowerCase();
    const found = [];
    const look = (kind, feature, ...words) => {
      const said = words.filter(Boolean).map(String);
      const at = said.map(each => each.toLowerCase().indexOf(needle)).filter(each => each >= 0);
      if (at.length) found.push({ kind, feature, code: feature.properties.code, words: said, rank: Math.min(...at) });
    };
    for (const feature of g.cells.values()) look('grid', feature, feature.properties.code, feature.properties.name, feature.properties.owner?.name);
    g.layer('buildings').eachLayer(({ feature }) => look('building', feature, feature.properties.name, feature.properties.code));
    for (const feature of g.issues.values()) look('issue', feature, feature.properties.code, g.categoryOf(feature.properties), feature.properties.text);
    return found.sort((one, other) => one.rank - other.rank).slice(0, MOST_FOUND);
  }

  let asking;

  /* What the page does not hold is asked for: a city's grids and buildings come as tiles. */
  function askForMore(wanted, found) {
    clearTimeout(asking);
    if (g.config.data || wanted.length < 2 || found.length >= MOST_FOUND) return;
    asking = setTimeout(async () => {
      const more = await g.get('/search', { q: wanted }).catch(() => []);
      if (field.value.trim() !== wanted || results.hidden) return;
      const known = new Set(found.map(each => each.kind + each.code));
      const fresh = more.filter(each => !known.has(each.kind + each.code)).map(({ kind, code, name, more: words, geometry }) => ({
        kind, code, feature: { type: 'Feature', geometry, properties: { code } },
        words: [code, kind === 'issue' ? g.term('categories', name) : name, words].filter(Boolean),
      }));
      if (fresh.length) showThese([...found, ...fresh].slice(0, MOST_FOUND), wanted);
    }, ASK_MS);
  }

  function showFound() {
    const wanted = field.value.trim();
    const found = wanted ? find(wanted) : [];
    showThese(found, wanted);
    askForMore(wanted, found);
  }

  function showThese(found, wanted) {
    current = found.length ? 0 : -1;
    results.replaceChildren(...found.map(option));
    if (wanted && !found.length) results.append(g.node('li', 'gm-none', g.say('found_none')));
    results.hidden = !wanted;
    field.setAttribute('aria-expanded', Boolean(wanted));
    showCurrent();
  }

  function option(each, number) {
    const item = g.node('li');
    item.id = `gm-found-${number}`;
    item.setAttribute('role', 'option');
    const [first, ...rest] = each.words;
    item.append(g.node('i', '', g.say(`found_${each.kind}`)), g.node('b', '', first), g.node('span', '', rest.join(' · ').slice(0, 60)));
    item.addEventListener('mousedown', event => { event.preventDefault(); choose(each); });
    item.found = each;
    return item;
  }

  function showCurrent() {
    [...results.children].forEach((item, number) => item.setAttribute('aria-selected', number === current));
    if (current >= 0) field.setAttribute('aria-activedescendant', `gm-found-${current}`);
    else field.removeAttribute('aria-activedescendant');
  }

  function choose({ kind, code, feature }) {
    results.hidden = true;
    field.setAttribute('aria-expanded', false);
    field.value = code;
    g.fly(feature);
    g.select({ kind, code });
  }

  function onKey(event) {
    const many = results.querySelectorAll('[role=option]').length;
    if (event.key === 'Escape') { field.value = ''; showFound(); }
    if (event.key === 'Enter' && results.children[current]?.found) choose(results.children[current].found);
    if (many && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      current = (current + (event.key === 'ArrowDown' ? 1 : many - 1)) % many;
      showCurrent();
    }
  }

  function addSearch() {
    field.addEventListener('input', () => g.soon('search', showFound));
    field.addEventListener('keydown', onKey);
    field.addEventListener('blur', () => { results.hidden = true; field.setAttribute('aria-expanded', false); });
    addEventListener('keydown', event => {
      if (event.key !== '/' || event.target.matches('input, textarea, select')) return;
      event.preventDefault();
      field.focus();
    });
  }

  // ------------------------------------------------------------ together

  function follow(chosen) {
    if (chosen?.kind !== 'issue') return g.mark([...marked]);
    if (chosen.several && g.can('dispatch')) return setMarked(chosen.code, !marked.has(chosen.code));
    g.mark([...marked, chosen.code]);
    if (chosen.byList) g.fly(g.issues.get(chosen.code));
    else list.querySelector(`[data-code="${CSS.escape(chosen.code)}"]`)?.scrollIntoView({ block: 'nearest' });
    return null;
  }

  g.unmark = () => { marked.clear(); g.mark([]); g.tell('marked', []); g.soon('list', showList); };
  addFilters();
  addSearch();
  showFigures();
  g.on('issues', changed);
  g.on('filter', () => { g.soon('list', showList); g.soon('figures', showFigures); });
  // Codes are shortened by what all of them begin with.
  g.on('filled', () => { g.soon('choices', offerWhatThereIs); g.soon('list', showList); });
  g.on('select', follow);
  g.on('meant', meant);
  g.on('live', told => { more = Boolean(told.more); });
  setInterval(showLate, LATE_MS);
  takePulse();
  setInterval(takePulse, 60_000);
});
