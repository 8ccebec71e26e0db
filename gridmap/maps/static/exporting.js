/* What is seen taken along: files and pictures. */
GridMap.base(g => g.desk.begins.push(desk => {
  'use strict';
  const { say, given, el, button, drawing, shownIn } = desk;

  const DAY_MS = 86_400_000;
  const MOST_NAMED = 400;
  const PICTURED = ['grids', 'buildings', 'facilities', 'overlays', 'issues', 'heat'];
  const drawable = pixels => Math.round(Math.max(200, Math.min(4000, pixels)));

  function addExport() {
    if (!g.can('issues')) return;
    const press = g.tool({ name: 'export', label: say('export'), icon: drawing('export'), press: () => turnMenu(menu.hidden) });
    if (!press) return;
    const menu = el('div', 'gm-export gm-box');
    menu.id = 'gm-export';
    menu.hidden = true;
    menu.setAttribute('role', 'group');
    menu.setAttribute('aria-label', say('export'));
    press.setAttribute('aria-expanded', 'false');
    press.setAttribute('aria-controls', menu.id);
    press.after(menu);

    function turnMenu(isOn, back = true) {
      menu.hidden = !isOn;
      press.setAttribute('aria-expanded', isOn);
      if (isOn) {
        drawMenu();
        menu.querySelector('button')?.focus({ preventScroll: true });
      } else if (back) press.focus({ preventScroll: true });
    }

    function drawMenu() {
      const count = shownIn(g.map.getBounds()).length;
      const files = ['geojson', 'csv', 'xlsx'].map(kind => button('', say(`export_${kind}`), () => take(`/export.${kind}`, wanted())));
      const pictures = ['png', 'svg', 'pdf'].map(kind => button('', say(`picture_${kind}`), () => take(`/picture.${kind}`, pictured())));
      const only = desk.chosen.length && Object.assign(g.node('input'), { type: 'checkbox', id: 'gm-only-chosen', checked: false });
      menu.replaceChildren(...[g.node('h3', '', say('export_count', { count })), only && el('label', 'gm-box-field', only, say('export_chosen', { count: desk.chosen.length })), ...files, g.node('h3', '', say('picture')), ...pictures].filter(Boolean));
    }

    const onlyChosen = () => menu.querySelector('#gm-only-chosen')?.checked;

    /* What is seen, by code, as long as an address can hold it and the page has all of it; else by the list's filters. */
    function wanted() {
      if (onlyChosen()) return { codes: desk.chosen.join(',') };
      const seen = shownIn(g.map.getBounds());
      const exact = seen.length && seen.length <= MOST_NAMED && !g.config.parts.tiles?.issues;
      return exact ? { open: true, codes: seen.join(',') } : { open: true, bbox: boxOf(), attention: g.asked?.only, under: g.asked?.under, ...filters() };
    }

    function filters() {
      const { since, category, status, owner } = g.asked || {};
      return { since: since && new Date(g.now() - Number(since) * DAY_MS).toISOString(), category, status, owner };
    }

    const boxOf = () => {
      const view_ = g.map.getBounds();
      return [view_.getWest(), view_.getSouth(), view_.getEast(), view_.getNorth()].map(each => each.toFixed(6)).join(',');
    };

    /* The same for the picture of it: the service draws all tiers as one layer. */
    function pictured() {
      const names = [...document.querySelectorAll('[data-layer][aria-pressed="true"]')].map(each => (each.dataset.layer.startsWith('tier') ? 'grids' : each.dataset.layer));
      const { x, y } = g.map.getSize();
      return { ...filters(), grid: g.asked?.under, bbox: boxOf(), layers: [...new Set(names)].filter(name => PICTURED.includes(name)).join(','), theme: g.theme(), width: drawable(x), height: drawable(y), keep: true };
    }

    async function take(path, values) {
      const address = new URL(path, location.href);
      for (const [name, value] of Object.entries({ site: g.config.site, lang: g.config.language, ...values })) if (given(value) && value !== undefined) address.searchParams.set(name, value);
      try {
        const answer = await fetch(address, { credentials: 'same-origin' });
        if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.detail || `${answer.status} ${answer.statusText}`);
        const name = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') || '')?.[1] || path.slice(1);
        save(await answer.blob(), name);
        g.toast(say('taken', { name }), 'good');
        turnMenu(false);
      } catch (error) {
        g.toast(say('refused_export', { reason: error.message }), 'bad');
      }
    }

    menu.addEventListener('keydown', event => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      turnMenu(false);
    });
    document.addEventListener('click', event => menu.hidden || menu.contains(event.target) || press.contains(event.target) || turnMenu(false, false));
  }

  function save(blob, name) {
    const made = Object.assign(g.node('a'), { href: URL.createObjectURL(blob), download: name });
    document.body.append(made);
    made.click();
    made.remove();
    setTimeout(() => URL.revokeObjectURL(made.href), 60_000);
  }

  addExport();
}));
