/* Grids are drawn anew: a draft is opened, its cells are edited corner by corner with their neighbours, and the server
   says at once what its checks find and what moves to whom. Saving keeps the draft; publishing is a second step. Here are
   the mode, the drafts and the panel; the other scripts of drawing are begun with it, and all of them share `drawing`. */
GridMap.base(g => { g.drawing = { begins: [] }; });
GridMap.part('drawing', g => {
  'use strict';
  const { drawing } = g;

  if (!g.can('draw') || !window.L?.PM || !document.getElementById('gm-tools')) return;
  // Only what is drawn here is edited and snapped to: not houses, nor labels.
  L.PM.setOptIn(true);

  const ICON = '<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M4 20l1-4.5L16 4.5l3.5 3.5L8.500 19z M13.500 7l3.500 3.500" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/></svg>';
  const HIDDEN = ['tier1', 'tier2', 'tier3', 'casing'];
  const say = (key, values) => g.say(`drawing.${key}`, values);
  // `grids` are records {code, name, tier, parent, households, parts}: parts of rings of [lng, lat], not closed; a
  // record is never changed, only replaced, so that what was before can be kept.
  drawing.grids = new Map();
  // As the draft is saved.
  drawing.base = new Map();
  drawing.draft = null;
  drawing.own = new Set();
  drawing.leafTier = 3;
  drawing.chosen = [];
  // What the service has said of it last.
  drawing.answer = null;

  // ------------------------------------------------------------ the panel

  const panel = g.node('section', 'gm-box gm-drawing');
  panel.setAttribute('aria-label', say('tool'));
  panel.hidden = true;
  (document.querySelector('.gm-side') || document.body).after(panel);
  const parts = {};

  function button(text, className, press) {
    const made = g.node('button', className, text);
    made.type = 'button';
    made.addEventListener('click', press);
    return made;
  }

  function header(title) {
    const box = g.node('header');
    const shut = button('×', 'gm-icon', leave);
    shut.title = say('close');
    shut.setAttribute('aria-label', say('close'));
    parts.title = g.node('h2', '', title);
    box.append(parts.title, shut);
    return box;
  }

  function part(name, title, tag = 'div') {
    const box = g.node('section');
    const head = g.node('h3', '', title);
    head.id = `gm-drawing-${name}`;
    parts[name] = g.node(tag);
    parts[name].setAttribute('aria-labelledby', head.id);
    box.append(head, parts[name]);
    return box;
  }

  async function chooseDraft() {
    panel.replaceChildren(header(say('tool')), part('drafts', say('drafts'), 'ul'), beginning());
    try {
      listDrafts(await g.get('/drafts'));
    } catch (error) {
      g.toast(error.message, 'bad');
    }
    // Whoever has begun to write is not interrupted.
    if (!panel.contains(document.activeElement)) panel.querySelector('li button, input')?.focus();
  }

  function listDrafts(found) {
    parts.drafts.replaceChildren(...found.map(each => {
      const row = g.node('li');
      const enter = button('', 'gm-plain', () => openDraft(each.number));
      enter.append(g.node('b', '', say('draft', each)), g.node('span', '', each.note || ''));
      if (each.saved_by) enter.append(g.node('small', '', say('by', { name: each.saved_by, moment: g.moment(each.saved_at) })));
      const away = button('×', 'gm-icon', () => throwAway(each));
      away.title = say('delete_draft', each);
      away.setAttribute('aria-label', away.title);
      row.append(enter, away);
      return row;
    }));
    if (!found.length) parts.drafts.append(g.node('li', 'gm-none', say('no_drafts')));
  }

  function beginning() {
    const form = g.node('form');
    const label = g.node('label', '', say('note'));
    const note = g.node('input');
    note.maxLength = 200;
    label.append(note);
    const enter = g.node('button', 'gm-plain gm-main', say('begin'));
    form.append(label, enter);
    form.addEventListener('submit', async event => {
      event.preventDefault();
      try {
        const { number } = await g.post('/drafts', { note: note.value.trim() || null });
        await openDraft(number);
      } catch (error) {
        g.toast(error.message, 'bad');
      }
    });
    return form;
  }

  async function throwAway({ number }) {
    if (!(await drawing.sure(say('delete_draft', { number }), say('delete_sure', { number }), say('delete_draft', { number })))) return;
    try {
      await g.delete(`/drafts/${number}`);
    } catch (error) {
      g.toast(error.message, 'bad');
    }
    chooseDraft();
  }

  function sheet() {
    const head = header('');
    parts.status = g.node('p', 'gm-sub');
    parts.warn = g.node('p', 'gm-warn');
    parts.tools = g.node('div', 'gm-pens');
    parts.tools.setAttribute('role', 'toolbar');
    parts.tools.setAttribute('aria-label', say('tools'));
    parts.hint = g.node('p', 'gm-hint');
    parts.hint.setAttribute('role', 'status');
    parts.fields = g.node('div', 'gm-fields');
    parts.state = g.node('p', 'gm-state');
    parts.state.setAttribute('role', 'status');
    parts.failed = g.node('p', 'gm-failed');
    parts.failed.setAttribute('role', 'alert');
    const scroll = g.node('div', 'gm-scroll');
    scroll.tabIndex = 0;
    scroll.setAttribute('role', 'group');
    scroll.setAttribute('aria-label', say('findings'));
    const findings = part('findings', say('findings'), 'ul');
    findings.insertBefore(parts.state, parts.findings);
    findings.insertBefore(parts.failed, parts.findings);
    scroll.append(findings, part('moving', say('moving'), 'ul'), part('balance', say('balance')));
    const foot = g.node('footer');
    parts.save = button(say('save'), 'gm-plain gm-main', drawing.save);
    parts.publish = button(say('publish'), 'gm-plain', drawing.publish);
    parts.others = button(say('other_draft'), 'gm-plain', async () => (await drawing.mayLeave()) && (close(), chooseDraft()));
    foot.append(parts.save, ...(g.can('publish') ? [parts.publish] : []), parts.others);
    panel.replaceChildren(head, parts.status, parts.warn, parts.tools, parts.hint, parts.fields, scroll, foot);
    for (const name of Object.keys(drawing.acts)) {
      const made = button(say(name), 'gm-plain', () => drawing.acts[name]());
      made.dataset.act = name;
      parts.tools.append(made);
    }
  }

  function tools() {
    if (!drawing.draft || !parts.tools) return;
    for (const each of parts.tools.children) {
      each.disabled = !drawing.may[each.dataset.act]();
      if (['new', 'split'].includes(each.dataset.act)) each.setAttribute('aria-pressed', drawing.held === each.dataset.act);
    }
    const many = drawing.count();
    parts.title.textContent = say('draft', drawing.draft);
    parts.status.textContent = many ? say('unsaved', { count: many }) : say('saved', drawing.draft);
    parts.status.classList.toggle('gm-unsaved', many > 0);
    parts.save.disabled = many === 0;
    parts.warn.textContent = drawing.draft.outdated ? say('outdated', { number: drawing.draft.in_force }) : '';
    parts.hint.textContent = drawing.hint || (drawing.chosen.length === 1 ? say('edit_hint') : drawing.chosen.length ? say('chosen', { count: drawing.chosen.length, grids: drawing.chosen.map(g.shortCode).join(', ') }) : '');
  }

  function option(value, text, isChosen) {
    const made = g.node('option', '', text);
    made.value = value;
    made.selected = isChosen;
    return made;
  }

  function labelled(text, field) {
    const label = g.node('label', '', text);
    label.append(field);
    return label;
  }

  /* Which grid is meant, what it is called and whom it belongs to. */
  function fields() {
    if (!drawing.draft) return;
    const hadFocus = parts.fields.contains(document.activeElement) && document.activeElement.name;
    const mine = [...drawing.grids.values()].filter(each => drawing.isLeaf(each) && (drawing.own.has(each.code) || !drawing.base.has(each.code)));
    const picker = g.node('select');
    picker.name = 'grid';
    picker.append(option('', say('choose'), !drawing.chosen.length), ...mine.sort((a, b) => (a.code < b.code ? -1 : 1)).map(each => option(each.code, `${g.shortCode(each.code)} · ${each.name}`, drawing.chosen[0] === each.code)));
    picker.addEventListener('change', () => {
      drawing.choose(picker.value);
      if (picker.value) g.fly(drawing.featureOf(drawing.grids.get(picker.value)));
    });
    parts.fields.replaceChildren(labelled(say('grid'), picker));
    const record = drawing.chosen.length === 1 && drawing.grids.get(drawing.chosen[0]);
    if (record) {
      const name = g.node('input');
      name.name = 'name';
      name.value = record.name;
      name.maxLength = 200;
      name.addEventListener('change', () => drawing.rewrite(record.code, { name: name.value.trim() || record.code }));
      parts.fields.append(labelled(say('name'), name));
      const above = [...drawing.grids.values()].filter(each => each.tier === drawing.leafTier - 1);
      if (above.length) {
        const parent = g.node('select');
        parent.name = 'parent';
        parent.append(...above.map(each => option(each.code, `${g.shortCode(each.code)} · ${each.name}`, each.code === record.parent)));
        parent.addEventListener('change', () => drawing.rewrite(record.code, { parent: parent.value }));
        parts.fields.append(labelled(say('above'), parent));
      }
    }
    if (hadFocus) parts.fields.querySelector(`[name=${hadFocus}]`)?.focus();
  }

  // ------------------------------------------------------------ in and out

  async function openDraft(number) {
    let said;
    try {
      said = await g.get(`/drafts/${number}`);
    } catch (error) {
      g.toast(error.message, 'bad');
      return;
    }
    const isNew = drawing.draft?.number !== said.number;
    drawing.draft = said;
    drawing.leafTier = said.leaf_tier;
    drawing.own = new Set(said.own);
    drawing.base = new Map(said.grids.features.map(each => [each.properties.code, drawing.recordOf(each)]));
    drawing.grids = new Map(drawing.base);
    drawing.forgetSteps();
    if (isNew) [drawing.chosen, drawing.answer] = [[], null];
    if (isNew) sheet();
    drawing.redraw();
    drawing.forgetQuestions();
    await drawing.look();
    if (isNew && !panel.contains(document.activeElement)) panel.querySelector('[data-act]')?.focus();
  }

  /* The draft is off the table; the mode goes on. */
  function close() {
    drawing.stopPen();
    drawing.forgetQuestions();
    [drawing.draft, drawing.answer, drawing.base, drawing.grids, drawing.chosen] = [null, null, new Map(), new Map(), []];
    drawing.clear();
  }

  function enter() {
    drawing.panes();
    g.select(null);
    document.documentElement.classList.add('gm-is-drawing');
    panel.hidden = false;
    opener.setAttribute('aria-pressed', 'true');
    for (const name of HIDDEN) if (g.layer(name)) g.map.removeLayer(g.layer(name));
    for (const group of drawing.groups) group.addTo(g.map);
    g.map.doubleClickZoom.disable();
    chooseDraft();
  }

  async function leave() {
    if (!(await drawing.mayLeave())) return;
    close();
    document.documentElement.classList.remove('gm-is-drawing');
    panel.hidden = true;
    opener.setAttribute('aria-pressed', 'false');
    for (const group of drawing.groups) group.remove();
    const isOn = name => document.querySelector(`[data-layer="${name === 'casing' ? 'tier1' : name}"]`)?.getAttribute('aria-pressed') !== 'false';
    for (const name of [...HIDDEN].reverse()) if (g.layer(name) && isOn(name)) g.map.addLayer(g.layer(name));
    g.map.doubleClickZoom.enable();
    opener.focus();
  }

  const opener = g.tool({ name: 'draw', label: say('tool'), icon: ICON, press: () => (panel.hidden ? enter() : leave()) });
  opener.setAttribute('aria-pressed', 'false');
  g.on('theme', () => { if (drawing.draft) drawing.redraw(); });
  window.addEventListener('beforeunload', event => {
    if (drawing.draft && drawing.count()) event.preventDefault();
  });
  document.addEventListener('keydown', event => {
    if (!drawing.draft || event.target.closest?.('input, select, textarea, dialog')) return;
    if (event.key === 'Escape' && g.map.pm.globalDrawModeEnabled()) drawing.stopPen();
    if (!(event.ctrlKey || event.metaKey)) return;
    if (event.key === 'z') drawing.acts[event.shiftKey ? 'redo' : 'undo']();
    else if (event.key === 'y') drawing.acts.redo();
    else if (event.key === 's' && drawing.count()) drawing.save();
    else return;
    event.preventDefault();
  });

  Object.assign(drawing, { say, parts, button, tools, labelled, fields, openDraft });

  for (const start of drawing.begins) start(drawing);
});
