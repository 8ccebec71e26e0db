/* What the service says of a draft: what its checks find, what moves to whom; and what is asked before it is kept or
   put in force. */
GridMap.base(g => g.drawing.begins.push(drawing => {
  'use strict';
  const {
    say, parts, button, tools, labelled, openDraft, isLeaf, featureOf, count, changes, become, finds, colours,
    restyle, choose,
  } = drawing;

  const QUIET_MS = 350;
  let asked = 0;
  let wait = null;

  function later() {
    tools();
    clearTimeout(wait);
    wait = setTimeout(look, QUIET_MS);
  }

  async function look() {
    const number = drawing.draft?.number;
    if (!number) return;
    asked += 1;
    const mine = asked;
    parts.findings.setAttribute('aria-busy', 'true');
    parts.state.textContent = say('checking');
    try {
      const said = await g.post(`/drafts/${number}/checks`, changes());
      if (mine !== asked || drawing.draft?.number !== number) return;
      drawing.answer = said;
      if (!drawing.gesture) become(said, false);
    } catch (error) {
      if (mine === asked) fail(error);
    }
    if (mine === asked) report();
  }

  function fail(error) {
    drawing.answer = null;
    parts.failed.textContent = error.message;
    parts.failed.hidden = false;
    report(true);
  }

  /* What is drawn by the server: a grid divided, grids joined, ground taken from others. */
  async function ask(what, body) {
    try {
      become(await g.post(`/drafts/${drawing.draft.number}/${what}`, { ...changes(), ...body }), true);
      later();
      return true;
    } catch (error) {
      g.toast(error.message, 'bad');
      return false;
    }
  }

  /* What has been asked is not waited for any more. */
  function forgetQuestions() {
    clearTimeout(wait);
    asked += 1;
  }

  // ------------------------------------------------------------ what is told

  function report(isFailed = false) {
    parts.findings.removeAttribute('aria-busy');
    if (!isFailed) parts.failed.hidden = true;
    const said = drawing.answer || { findings: [], moving: [], balance: [], checked: {}, ground: {} };
    const of = severity => said.findings.filter(each => each.severity === severity).length;
    parts.state.textContent = !drawing.answer ? '' : `${of('error') + of('warning') ? say('summary', { errors: of('error'), warnings: of('warning') }) : say('clean')} · ${say('looked_at', said.checked)}`;
    parts.state.dataset.errors = of('error');
    parts.findings.replaceChildren(...said.findings.map(finding));
    parts.moving.replaceChildren(...said.moving.map(move));
    if (drawing.answer && !said.moving.length) parts.moving.append(g.node('li', 'gm-none', say('nothing_moves')));
    parts.balance.replaceChildren(...(said.balance.length ? [balance(said)] : []));
    finds.clearLayers();
    for (const each of said.findings) {
      if (!each.geometry || each.severity === 'note') continue;
      finds.addLayer(L.geoJSON(each.geometry, { pane: 'drawing-finds', interactive: false, style: { color: colours().bad, weight: 2, fillOpacity: 0.45 }, pointToLayer: (_, at) => L.circleMarker(at, { pane: 'drawing-finds', radius: 8 }) }));
    }
    restyle();
    tools();
  }

  function finding(each) {
    const row = g.node('li', `gm-finding gm-is-${each.severity}`);
    const enter = button('', '', () => {
      if (each.geometry) g.fly({ type: 'Feature', geometry: each.geometry });
      else if (drawing.grids.has(each.codes[0])) g.fly(featureOf(drawing.grids.get(each.codes[0])));
      if (drawing.grids.get(each.codes[0]) && isLeaf(drawing.grids.get(each.codes[0]))) choose(each.codes[0]);
    });
    enter.append(g.node('b', '', say(each.severity === 'note' ? 'remark' : each.severity)), g.node('span', '', each.text));
    row.append(enter);
    return row;
  }

  const placeOf = side => [side.grid ? g.shortCode(side.grid) : say('nowhere'), side.person?.name || say('nobody')].join(' ');

  function move(each) {
    const row = g.node('li', 'gm-moving');
    const [from, to] = [placeOf(each.from), placeOf(each.to)];
    // The same grid and person in another post.
    row.append(g.node('b', '', from === to ? to : `${from} → ${to}`));
    const what = [];
    if (each.issues.length) what.push(say('issues', { count: each.issues.length }));
    if (each.buildings.length) what.push(say('buildings', { count: each.buildings.length, households: each.households }));
    row.append(g.node('span', '', what.join(' · ')));
    row.title = [...each.issues, ...each.buildings].slice(0, 40).join(', ');
    return row;
  }

  function balance(said) {
    const box = g.node('div');
    const table = g.node('table');
    const head = g.node('tr');
    for (const name of ['who', 'households', 'open_issues']) {
      const cell = g.node('th', '', say(name));
      cell.scope = 'col';
      head.append(cell);
    }
    table.append(head, ...said.balance.map(({ person, before, after }) => {
      const row = g.node('tr');
      row.append(g.node('td', '', person?.name || say('nobody')));
      for (const name of ['households', 'issues']) {
        const cell = g.node('td', before[name] === after[name] ? '' : 'gm-shifted', before[name] === after[name] ? after[name] : `${before[name]} → ${after[name]}`);
        row.append(cell);
      }
      return row;
    }));
    box.append(table);
    if (said.ground.gained_m2 >= 1 || said.ground.lost_m2 >= 1) {
      box.append(g.node('p', 'gm-sub', say('ground', { gained: Math.round(said.ground.gained_m2), lost: Math.round(said.ground.lost_m2) })));
    }
    return box;
  }

  // ------------------------------------------------------------ asked before something is done

  function dialog(title, content, press) {
    const box = g.node('dialog', 'gm-ask');
    const head = g.node('h2', '', title);
    head.id = 'gm-ask-title';
    box.setAttribute('aria-labelledby', head.id);
    const foot = g.node('footer');
    box.append(head, ...content, foot);
    document.body.append(box);
    box.addEventListener('close', () => box.remove());
    for (const [text, className, fn] of press) foot.append(button(text, className, () => fn(box)));
    box.showModal();
    return box;
  }

  const sure = (title, text, yes) => new Promise(answered => {
    const end = value => box => {
      box.close();
      answered(value);
    };
    const box = dialog(title, [g.node('p', '', text)], [[say('stay'), 'gm-plain', end(false)], [yes, 'gm-plain gm-main', end(true)]]);
    box.addEventListener('cancel', () => answered(false));
  });

  const mayLeave = async () => count() === 0 || sure(say('leave_title'), say('leave_text'), say('leave'));

  async function save() {
    try {
      const { version } = await g.put(`/drafts/${drawing.draft.number}`, { ...changes(), version: drawing.draft.version });
      g.toast(say('save_done', drawing.draft));
      await openDraft(drawing.draft.number, version);
      return true;
    } catch (error) {
      g.toast(error.message, 'bad');
      return false;
    }
  }

  async function publish() {
    if (count() && !(await save())) return;
    if (!drawing.answer) await look();
    if (!drawing.answer) return;
    const errors = drawing.answer.findings.filter(each => each.severity === 'error');
    const total = name => drawing.answer.moving.reduce((sum, each) => sum + (each[name].length ?? each[name]), 0);
    const content = [g.node('p', '', say('publish_text', { issues: total('issues'), buildings: total('buildings'), households: total('households') }))];
    const from = g.node('input');
    from.type = 'datetime-local';
    content.push(labelled(say('publish_from'), from));
    if (errors.length) content.push(g.node('p', 'gm-warn', say('accept')));
    const ticks = errors.map(each => tick(each.text, each.accept));
    if (drawing.draft.outdated) ticks.push(tick(say('over_newer', { number: drawing.draft.in_force }), ''));
    const box = dialog(say('publish_title', drawing.draft), [...content, ...ticks.map(each => each.label)], [
      [say('stay'), 'gm-plain', opened => opened.close()],
      [say('publish_now'), 'gm-plain gm-main', opened => putInForce(opened, from.value, ticks)],
    ]);
    const now = box.querySelector('footer .gm-main');
    const allow = () => { now.disabled = !ticks.every(each => each.field.checked); };
    for (const each of ticks) each.field.addEventListener('change', allow);
    allow();
  }

  function tick(text, accepts) {
    const field = g.node('input');
    field.type = 'checkbox';
    const label = g.node('label', 'gm-tick');
    label.append(field, g.node('span', '', text));
    return { field, label, accepts };
  }

  async function putInForce(box, from, ticks) {
    const body = { version: drawing.draft.version, accept: ticks.map(each => each.accepts).filter(Boolean), over_newer: drawing.draft.outdated };
    if (from) body.from = new Date(from).toISOString();
    try {
      const said = await g.post(`/drafts/${drawing.draft.number}/publish`, body);
      box.close();
      drawing.base = drawing.grids;
      dialog(say('published', { number: said.edition, moved: said.moved }), [], [[say('show'), 'gm-plain gm-main', () => location.reload()]]);
    } catch (error) {
      box.close();
      g.toast(error.message, 'bad');
    }
  }

  Object.assign(drawing, { later, look, ask, forgetQuestions, sure, mayLeave, save, publish });
}));
