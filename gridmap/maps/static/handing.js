/* Several issues at once: chosen in the list or by a box on the map, and handed out together. */
GridMap.base(g => g.desk.begins.push(desk => {
  'use strict';
  const {
    box, say, given, el, button, drawing, icon, section, link, roleOf, send, issuePath, people, top, foot, head,
    named, fillBody, open, close, shows, show, issueRow, asListed, fieldOf, radios, personInput, standing, ELSE,
  } = desk;

  const MOST_ASKED = 60;
  const AT_ONCE = 6;
  desk.chosen = [];
  let outcome = null;
  let manyForm = null;
  const bar = document.getElementById('gm-marked');
  const candidatesOf = new Map();

  function onMarked(codes) {
    desk.chosen = codes;
    drawBar();
    for (const tick_ of document.querySelectorAll('#gm-list [data-code] input')) tick_.checked = codes.includes(tick_.closest('[data-code]').dataset.code);
    if (desk.view?.kind === 'several') {
      if (codes.length || outcome) g.soon('several', () => desk.view?.kind === 'several' && show());
      else close();
    } else if (codes.length && box.hidden && !g.small()) open({ kind: 'several', code: '' }, { focus: false });
  }

  function drawBar() {
    if (!bar) return;
    bar.hidden = !desk.chosen.length;
    bar.replaceChildren(
      g.node('b', '', say('chosen', { count: desk.chosen.length })),
      button('gm-plain', say('hand_out', { count: desk.chosen.length }), () => { outcome = null; open({ kind: 'several', code: '' }); }),
      button('gm-plain', say('drop_all'), () => g.unmark?.()),
    );
  }

  const turnMark = code => g.select({ kind: 'issue', code, several: true });

  async function showSeveral(asked, still) {
    const features = desk.chosen.map(code => g.issues.get(code)).filter(Boolean);
    head({ title: say('chosen', { count: desk.chosen.length }) });
    manyForm = manyForm || severalForm();
    fillBody(outcome && outcomePart(), features.length ? el('ol', 'gm-issues gm-chosen', features.map(chosenRow)) : null, features.length ? manyForm.element : null);
    foot.replaceChildren(...(features.length ? [manyForm.foot] : []));
    manyForm.count();
    if (features.length) await manyForm.offer(features, still);
  }

  function chosenRow(feature) {
    const { properties: said_ } = feature;
    const made = issueRow({ ...said_, attention: g.attention(said_) });
    made.append(named(button('gm-icon', say('drop', { code: said_.code }), () => turnMark(said_.code), icon('close', 16)), `drop:${said_.code}`));
    return made;
  }

  /* What one says once for all of them; it stays while issues are added and left out. */
  function severalForm() {
    const note = fieldOf('note', { needed: false, action: 'dispatch' });
    note.element.querySelector('label').firstChild.textContent = say('tell_all');
    const due = fieldOf('due', { needed: false, action: 'dispatch' });
    const other = personInput();
    const holder = el('div', 'gm-who');
    const wrong = el('p', 'gm-wrong');
    wrong.setAttribute('role', 'alert');
    const element = el('form', 'gm-form', el('fieldset', 'gm-field', g.node('legend', '', say('all_to')), holder), due.element, note.element, wrong);
    element.noValidate = true;
    element.id = 'gm-many';
    const press = Object.assign(el('button', 'gm-act gm-first'), { type: 'submit' });
    press.setAttribute('form', element.id);
    const foot_ = el('div', 'gm-acts', press, button('gm-act', say('drop_all'), () => g.unmark?.()));
    let choice = null;
    let asked = '';

    function draw(rows, quiet) {
      const before = choice?.value() ?? '';
      const options = [['', say('each_by_rules')], ...rows.map(each => [each.person.code, each.person.name, el('small', '', [roleOf(each.role), standing(each), each.fits === desk.chosen.length ? say('fits_all') : say('fits', { count: each.fits, all: desk.chosen.length })].join(' · '))]), [ELSE, say('somebody_else')]];
      choice = radios(options, options.some(([value]) => value === before) ? before : '');
      other.element.hidden = choice.value() !== ELSE;
      choice.element.addEventListener('change', () => { other.element.hidden = choice.value() !== ELSE; });
      holder.replaceChildren(...[choice.element, other.element, quiet && el('p', 'gm-quiet', quiet)].filter(Boolean));
    }

    async function offer(features, still) {
      const wanted = features.map(feature => `${feature.properties.code}/${feature.properties.version}`).join(' ');
      if (wanted === asked) return;
      if (!choice) draw([]);
      if (features.length > MOST_ASKED) {
        draw([], say('too_many', { most: MOST_ASKED }));
        return;
      }
      const found = await allCandidates(features);
      if (!still()) return;
      asked = wanted;
      draw(found, found.some(each => each.fits === features.length) ? '' : say('no_common'));
    }

    async function submit(event) {
      event.preventDefault();
      wrong.textContent = '';
      const to = choice?.value() === ELSE ? other.read() : choice?.read();
      if (choice?.value() === ELSE && !to) {
        wrong.textContent = say('needed');
        other.input.focus();
        return;
      }
      press.disabled = true;
      press.textContent = say('sending');
      try {
        await handOut({ to, note: note.read(), due: due.read() });
        note.element.querySelector('textarea').value = '';
        asked = '';
      } catch (error) {
        wrong.textContent = error.message;
      } finally {
        press.disabled = false;
        count();
      }
    }

    const count = () => { press.textContent = say('hand_out', { count: desk.chosen.length }); };
    element.addEventListener('submit', submit);
    draw([]);
    return { element, foot: foot_, offer, count };
  }

  /* Who could have them, those first whose work most of them are, then by the order of the rules. */
  async function allCandidates(features) {
    const waiting = [...features];
    const counted = new Map();
    const next = async () => {
      for (let feature = waiting.shift(); feature; feature = waiting.shift()) {
        const { code, version } = feature.properties;
        const key = `${code}/${version}`;
        if (!candidatesOf.has(key)) candidatesOf.set(key, send('GET', issuePath(code, '/candidates')).then(said_ => said_.candidates, () => []));
        for (const each of await candidatesOf.get(key)) {
          const known_ = counted.get(each.person.code);
          counted.set(each.person.code, { ...each, fits: (known_?.fits || 0) + 1 });
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    return [...counted.values()].sort((one, other) => other.fits - one.fits || other.on_duty - one.on_duty || one.open_work - other.open_work || one.person.code.localeCompare(other.person.code)).slice(0, 12);
  }

  async function handOut(how) {
    const wanted = Object.fromEntries(Object.entries(how).filter(([, value]) => given(value)));
    const actions = desk.chosen.map(code => ({ issue: code, action: 'dispatch', version: g.issues.get(code)?.properties.version, ...wanted }));
    const answer = await send('POST', '/issues/actions', { actions });
    candidatesOf.clear();
    const staff = await people();
    const rows = answer.results.map(each => ({ ...each, name: staff.get(each.handler)?.name || each.handler }));
    outcome = { done: answer.done, refused: rows.length - answer.done, rows };
    await refresh(rows.map(each => each.issue));
    // What was refused stays chosen.
    for (const each of rows) if (!each.error && desk.chosen.includes(each.issue)) turnMark(each.issue);
    g.toast(say('handed_out', outcome), outcome.refused ? 'bad' : 'good');
    if (desk.view?.kind !== 'several') return;
    show();
    top.querySelector('h2')?.focus({ preventScroll: true });
  }

  /* The issues as they are now, for a map that nothing tells. */
  async function refresh(codes) {
    const found = await Promise.all(codes.slice(0, MOST_ASKED).map(code => send('GET', issuePath(code)).catch(() => null)));
    g.upsert(found.filter(Boolean).map(asListed));
  }

  function outcomePart() {
    const rows = outcome.rows.map(each => el('li', each.error ? 'gm-refused' : 'gm-done-one', link('issue', each.issue), el('span', '', each.error ? say('refused', { reason: each.error }) : each.name || g.term('statuses', each.status))));
    const made = section('outcome', say('handed_out', outcome), el('ul', 'gm-outcome', rows));
    made.setAttribute('role', 'status');
    return made;
  }

  // ------------------------------------------------------------ choosing on the map

  let choosing = false;
  let lasso = null;
  let boxed = false;

  function addChoosing() {
    if (!g.can('dispatch')) return;
    const press = g.tool({ name: 'several', label: say('several'), icon: drawing('several'), press: () => setChoosing(!choosing) });
    press?.setAttribute('aria-pressed', 'false');

    function setChoosing(isOn) {
      choosing = isOn;
      press.setAttribute('aria-pressed', isOn);
      g.map.getContainer().classList.toggle('gm-choosing', isOn);
      if (isOn) {
        g.map.dragging.disable();
        g.toast(say('several_on'));
      } else g.map.dragging.enable();
    }

    const container = g.map.getContainer();
    const at = event => g.map.mouseEventToLatLng(event);

    container.addEventListener('pointerdown', event => {
      if (choosing && !event.button && !event.target.closest('.leaflet-control')) lasso = { from: at(event), x: event.clientX, y: event.clientY, shape: null };
    }, true);
    document.addEventListener('pointermove', event => {
      if (!lasso) return;
      const far = Math.hypot(event.clientX - lasso.x, event.clientY - lasso.y) > 6;
      if (!lasso.shape && far) lasso.shape = L.rectangle([lasso.from, at(event)], { className: 'gm-lasso', interactive: false }).addTo(g.map);
      lasso.shape?.setBounds([lasso.from, at(event)]);
    });
    document.addEventListener('pointerup', () => {
      const shape = lasso?.shape;
      lasso = null;
      if (!shape) return;
      const bounds = shape.getBounds();
      shape.remove();
      // The click that follows is the end of the drawing.
      boxed = true;
      setTimeout(() => { boxed = false; }, 0);
      for (const code of shownIn(bounds)) if (!desk.chosen.includes(code)) turnMark(code);
    });
    container.addEventListener('keydown', event => event.key === 'Escape' && choosing && setChoosing(false));
  }

  function shownIn(bounds) {
    const found = [...g.issues.values()].filter(feature => feature.geometry && g.shown(feature) && bounds.contains([feature.geometry.coordinates[1], feature.geometry.coordinates[0]]));
    return found.map(feature => feature.properties.code);
  }

  /* Whether what is chosen is the business of choosing several. */
  function isOfSeveral(next) {
    if (boxed && !next?.several) return true;
    if (!next) return choosing;
    if (next.several && g.can('dispatch')) return true;
    const byHand = choosing && next.kind === 'issue' && !next.byList && !box.contains(document.activeElement);
    if (byHand) turnMark(next.code);
    return byHand;
  }

  shows.several = showSeveral;
  g.on('marked', onMarked);
  addChoosing();

  Object.assign(desk, { shownIn, isOfSeveral });
}));
