/* The legend, which is the switch of the layers, the tools in the header, and light and dark. */
GridMap.base(g => {
  'use strict';

  // ------------------------------------------------------------ legend

  const beside = { tier1: ['casing', 'tier1'] };
  const groups = new Map();

  function groupOf(name) {
    if (!groups.has(name)) {
      const box = g.node('div', 'gm-group');
      box.setAttribute('role', 'group');
      const title = g.node('h3', '', g.say(`screen.group_${name}`));
      box.setAttribute('aria-label', title.textContent);
      box.append(title);
      document.getElementById('gm-rows').append(box);
      groups.set(name, box);
    }
    return groups.get(name);
  }

  /* A row of the legend, which is the layer's switch; whether it is on stands in the address. */
  function legend({ name, group = 'ground', label, symbol: svg, on: isOn = true, toggle: switched }) {
    const off = (g.recall('off') || '').split(',');
    const extra = (g.recall('on') || '').split(',');
    const button = g.node('button');
    button.type = 'button';
    button.dataset.layer = name;
    button.append(g.drawn(svg), g.node('span', '', label), g.node('s'));
    groupOf(group).append(button);
    const set = (next, byHand) => {
      button.setAttribute('aria-pressed', next);
      switched(next);
      if (byHand) rememberSwitches();
      g.tell('switched', { name, on: next });
    };
    button.standard = isOn;
    button.addEventListener('click', () => set(button.getAttribute('aria-pressed') !== 'true', true));
    set((isOn && !off.includes(name)) || extra.includes(name), false);
    return set;
  }

  function rememberSwitches() {
    const buttons = [...document.querySelectorAll('[data-layer]')];
    const turned = on_ => buttons.filter(each => each.standard !== on_ && (each.getAttribute('aria-pressed') === 'true') === on_).map(each => each.dataset.layer).join(',');
    g.remember('on', turned(true));
    g.remember('off', turned(false));
  }

  function panel(name, label) {
    const box = g.node('section', 'gm-panel');
    box.dataset.panel = name;
    if (label) box.append(g.node('h3', '', label));
    document.getElementById('gm-panels').append(box);
    return box;
  }

  function toggle(name, isOn) {
    if (name === 'load') g.showsLoad = isOn;
    else {
      for (const each of beside[name] || [name]) {
        if (isOn) g.map.addLayer(g.layers[each]);
        else g.map.removeLayer(g.layers[each]);
      }
    }
    if (name === 'heat') g.showsHeat = isOn;
    if (name.startsWith('tier') && isOn) g.raiseTiers();
    document.querySelectorAll(`[data-of="${name}"]`).forEach(each => { each.hidden = !isOn; });
    g.repaint();
  }

  function addLegend() {
    if (g.config.legend.some(row => row.name === 'load')) addRamp();
    for (const row of g.config.legend) {
      const heatless = row.name === 'heat' && !(g.config.past || g.has('slider'));
      if (!heatless) legend({ ...row, toggle: isOn => toggle(row.name, isOn) });
    }
    addBasemap();
    if (g.small()) document.querySelector('.gm-legend details').removeAttribute('open');
  }

  /* Under a base map our own paper is not wanted. */
  function addBasemap() {
    if (!g.config.basemap) return;
    const { url, ...how } = g.config.basemap;
    const under = L.tileLayer(url, { ...how, maxZoom: 21, className: 'gm-basemap', attribution: '' });
    legend({ name: 'basemap', group: 'ground', label: g.say('basemap'), symbol: null, on: true, toggle: isOn => {
      if (isOn) under.addTo(g.map);
      else under.remove();
      g.map.getPane('ground').hidden = isOn;
    } });
  }

  function addRamp() {
    const box = panel('load', g.say('screen.load'));
    box.dataset.of = 'load';
    const ramp = g.node('div', 'gm-ramp');
    const terms = ['0', '<1', '1–2', '2–4', '≥4'];
    terms.forEach((said, step) => {
      const cell = g.node('div', '', said);
      const colour = g.node('i', `gm-load-${step}`);
      cell.prepend(colour);
      ramp.append(cell);
    });
    box.append(ramp);
  }

  function tool({ name, label, icon: svg, press }) {
    const bar = document.getElementById('gm-tools');
    if (!bar) return null;
    const button = g.node('button', 'gm-icon');
    button.type = 'button';
    button.dataset.tool = name;
    button.title = label;
    button.setAttribute('aria-label', label);
    button.append(g.drawn(svg));
    button.addEventListener('click', press);
    bar.append(button);
    return button;
  }

  // ------------------------------------------------------------ light and dark

  const SUN = '<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><circle cx="12" cy="12" r="4.4" fill="none" stroke="currentColor" stroke-width="2"/><path d="M12 2.5v2.6M12 18.9v2.6M2.5 12h2.6M18.9 12h2.6M5.3 5.3l1.8 1.8M16.9 16.9l1.8 1.8M5.3 18.7l1.8-1.8M16.9 7.1l1.8-1.8" stroke="currentColor" stroke-width="2" stroke-linecap="round"/></svg>';
  const MOON = '<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M20 14.2A8.5 8.5 0 0 1 9.8 4a8.5 8.5 0 1 0 10.2 10.2z" fill="currentColor"/></svg>';

  const theme = () => document.documentElement.dataset.theme || 'light';

  function setTheme(name) {
    document.documentElement.dataset.theme = name;
    g.config.style = g.config.styles[name];
    if (!g.layers) return;
    g.layers.heat?.setOptions?.({ gradient: gradientOf(g.look().heat) });
    g.restyle('around', 'land', 'on_land', 'edge', 'roads', 'buildings', 'facilities', 'overlays', 'tier3', 'tier2', 'tier1', 'casing');
    g.tell('theme', name);
  }

  const gradientOf = table => Object.fromEntries(Object.entries(table).map(([share, colour]) => [Number(share), colour]));

  function addThemeTool() {
    const wanted = () => (theme() === 'dark' ? 'light' : 'dark');
    const dress = button => {
      button.replaceChildren(g.drawn(theme() === 'dark' ? SUN : MOON));
      button.title = g.say(`screen.theme_${wanted()}`);
      button.setAttribute('aria-label', button.title);
    };
    const button = tool({ name: 'theme', label: g.say('screen.theme_dark'), icon: MOON, press: () => {
      setTheme(wanted());
      g.stored('gridmap-theme', theme());
      dress(button);
    } });
    if (button) dress(button);
  }

  Object.assign(g, { legend, panel, tool, toggle, addLegend, theme, setTheme, addThemeTool, gradientOf });
});
