/* The public map: who answers where, and roughly how much is open. The list beside the map says all of it in words. */
GridMap.part('public', g => {
  'use strict';

  const side = document.querySelector('.gm-side');
  const search = g.node('input');
  const list = g.node('ul', 'gm-places');
  const items = new Map();

  const leaves = () => [...g.cells.values()].filter(cell => cell.properties.tier === g.config.leaf);

  function chainOf({ parent }) {
    const names = [];
    for (let above = g.cells.get(parent); above && names.length < 5; above = g.cells.get(above.properties.parent)) names.unshift(above.properties.name);
    return names.join(' › ');
  }

  function countWords(counts) {
    const groups = Object.entries(counts || {});
    if (!groups.length) return [g.say('public.nothing')];
    return groups.map(([group, number]) => g.say('public.count', {
      group: g.term('groups', group), number: number ?? g.say('public.few', { fewest: g.config.fewest }),
    }));
  }

  function plate(cell) {
    const said = cell.properties;
    const box = g.node('article', 'gm-plate');
    box.append(g.node('h2', '', said.name), g.node('p', 'gm-code', said.code), g.node('p', '', chainOf(said)));
    if (said.owner?.name) box.append(g.node('p', '', g.say('public.answers', { name: said.owner.name })));
    if (g.config.platePhone) {
      const call = g.node('a', 'gm-call', g.say('public.call', { phone: g.config.platePhone }));
      call.href = `tel:${g.config.platePhone.replace(/[^\d+]/g, '')}`;
      box.append(call);
    }
    const counts = g.node('ul');
    for (const words of countWords(said.counts)) counts.append(g.node('li', '', words));
    box.append(g.node('h3', '', g.say('public.open')), counts);
    return box;
  }

  function open(cell) {
    const card = document.getElementById('gm-card');
    const close = g.node('button', 'gm-icon', '×');
    close.type = 'button';
    close.setAttribute('aria-label', g.say('screen.close'));
    close.addEventListener('click', () => g.select(null));
    card.replaceChildren(close, plate(cell));
    card.hidden = false;
    g.pointAt(cell.properties.code);
    g.fly(cell);
  }

  function shut() {
    const card = document.getElementById('gm-card');
    card.replaceChildren();
    card.hidden = true;
  }

  g.on('select', what => {
    const cell = what?.kind === 'grid' && g.cells.get(what.code);
    if (cell) open(cell);
    else if (!what) shut();
  });

  // ------------------------------------------------------------ the list, which is the map in words

  function item(cell) {
    const { code, name, owner } = cell.properties;
    const entry = g.node('li');
    const button = g.node('button');
    button.type = 'button';
    button.dataset.code = code;
    button.append(g.node('b', '', name), g.node('span', '', [g.shortCode(code), owner?.name].filter(Boolean).join(' · ')));
    button.addEventListener('click', () => g.select({ kind: 'grid', code }));
    entry.append(button);
    return entry;
  }

  function narrow() {
    const wanted = search.value.trim().toLowerCase();
    for (const [text, entry] of items) entry.hidden = Boolean(wanted) && !text.includes(wanted);
  }

  g.on('ready', () => {
    for (const cell of leaves()) {
      const { code, name, owner } = cell.properties;
      const entry = item(cell);
      items.set([code, name, owner?.name].filter(Boolean).join(' ').toLowerCase(), entry);
      list.append(entry);
    }
    const asked = g.recall('grid');
    if (asked && g.cells.has(asked)) g.select({ kind: 'grid', code: asked });
  });

  search.type = 'search';
  search.placeholder = g.say('public.search');
  search.setAttribute('aria-label', g.say('public.search'));
  search.addEventListener('input', narrow);
  const title = g.node('h2', '', g.say('public.title'));
  const report = document.querySelector('.gm-menu a[href^="/report"]');
  const top = g.node('div', 'gm-public');
  top.append(title, g.node('p', '', g.say('public.about')), search);
  if (report) {
    const button = g.node('a', 'gm-report', report.textContent);
    button.href = report.getAttribute('href');
    top.append(button);
  }
  side.setAttribute('aria-label', title.textContent);
  side.replaceChildren(top, list);
});
