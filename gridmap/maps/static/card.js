/* The small card of a map that has no service behind it: what lies in the page, in a popup. */
GridMap.part('card', g => {
  'use strict';
  if (!g.config.data) return;

  const size = { minWidth: 220, maxWidth: 320, maxHeight: 360, autoPanPadding: [24, 90] };
  const findIn = name => code => {
    let found = null;
    g.layer(name).eachLayer(layer => { if (layer.feature.properties.code === code) found = layer.feature; });
    return found;
  };
  const FIND = {
    grid: code => g.cells.get(code), issue: code => g.issues.get(code), building: findIn('buildings'),
    facility: findIn('facilities'), overlay: findIn('overlays'),
  };

  const whole = value => (value == null || value === '' ? null : String(value));
  const ROWS = {
    grid: said => ({
      chain: chainOf(said).join(' › '), owner: [said.owner?.name, said.owner?.role && g.term('roles', said.owner.role)].filter(Boolean).join(' · '),
      phone: said.owner?.phone, households: whole(said.households), open: whole(g.openIn.get(said.code)),
    }),
    issue: said => ({
      status: g.term('statuses', said.status), urgency: g.term('urgencies', said.urgency), reported: g.moment(said.reported_at),
      due: [g.moment(said.due_at), g.late(said)].filter(Boolean).join(' · '), grid: said.grid, level: said.level,
      owner: [said.owner?.person?.name, said.owner?.role && g.term('roles', said.owner.role)].filter(Boolean).join(' · '),
    }),
    building: said => ({ grid: said.grid, use: g.term('uses', g.useOf(said.use)), floors: whole(said.floors), households: whole(said.households), warranty: said.warranty_until, risk: said.risk }),
    facility: said => ({ kind: g.term('facilities', said.kind), state: g.term('states', said.state || 'in_order'), level: said.level, grid: said.grid, warranty: said.warranty_until, inspection: said.inspection_due }),
    overlay: said => ({ kind: g.term('overlays', said.kind), keeper: said.keeper_name || (said.role && g.term('roles', said.role)), level: said.level }),
  };

  function chainOf({ parent }) {
    const names = [];
    for (let above = g.cells.get(parent); above && names.length < 5; above = g.cells.get(above.properties.parent)) names.unshift(above.properties.name);
    return names;
  }

  function card(kind, { properties: said }) {
    const box = g.node('article', 'gm-card');
    const isIssue = kind === 'issue';
    box.append(g.node('h3', '', isIssue ? g.categoryOf(said) : (kind === 'grid' ? said.code : said.name) || said.code));
    const sub = isIssue || kind !== 'grid' ? said.code : said.name;
    if (sub && sub !== box.textContent) box.append(g.node('p', 'gm-sub', sub));
    if (isIssue) {
      const asks = g.attention(said);
      box.append(g.node('span', `gm-pill gm-fill-${asks}`, g.term('attentions', asks)));
    }
    if (said.text) box.append(g.node('p', 'gm-text', said.text));
    box.append(table(ROWS[kind](said)));
    return box;
  }

  function table(rows) {
    const list = g.node('dl');
    for (const name of Object.keys(g.config.words.labels)) {
      if (!rows[name]) continue;
      const cell = g.node('dd', '', name === 'phone' ? null : rows[name]);
      if (name === 'phone') cell.append(phone(rows[name]));
      list.append(g.node('dt', '', g.say(`labels.${name}`)), cell);
    }
    return list;
  }

  function phone(number) {
    const link = g.node('a', '', number);
    link.href = `tel:${number.replace(/[^0-9+]/g, '')}`;
    return link;
  }

  function open(chosen) {
    g.map.closePopup();
    const feature = chosen && FIND[chosen.kind]?.(chosen.code);
    if (!feature) return;
    const point = feature.geometry.type === 'Point' && L.GeoJSON.coordsToLatLng(feature.geometry.coordinates);
    const at = point || chosen.at || L.geoJSON(feature).getBounds().getCenter();
    L.popup({ ...size, offset: point ? [0, -8] : [0, 0] }).setLatLng(at).setContent(card(chosen.kind, feature)).openOn(g.map);
  }

  g.on('select', open);

  // Who came by the keyboard reads the card, and goes back to where he came from.
  let before = null;
  g.map.on('popupopen', event => {
    before = document.activeElement;
    const read = event.popup.getElement();
    read.querySelector('.leaflet-popup-close-button')?.setAttribute('aria-label', g.say('close'));
    const content = read.querySelector('.leaflet-popup-content');
    content.tabIndex = -1;
    content.focus({ preventScroll: true });
  });
  g.map.getContainer().addEventListener('keydown', event => event.key === 'Escape' && g.map.closePopup());
  g.map.on('popupclose', () => before?.isConnected && before.focus({ preventScroll: true }));
});
