/* What is said with an action, a field for each; each knows how it is read and where it says what is wrong. */
GridMap.base(g => g.desk.begins.push(desk => {
  'use strict';
  const { say, el, button, roleOf, together, send, issuePath, once, people } = desk;

  const AFTER = ['resolve', 'check'];
  let numbered = 0;

  function fieldOf(name, { needed, action, about }) {
    const label = { parent: 'merge_into', complex: 'is_complex', passed: 'check_passed', photos: 'add_photos' }[name] || name;
    const control = CONTROLS[name]({ action, about });
    numbered += 1;
    const id = `gm-field-${numbered}`;
    const wrong = el('p', 'gm-wrong');
    wrong.id = `${id}-wrong`;
    wrong.setAttribute('role', 'alert');
    const grouped = Boolean(control.group);
    const name_ = el(grouped ? 'legend' : 'label', '', say(label), !needed && !control.box && el('small', '', say('optional')));
    const element = el(grouped ? 'fieldset' : 'div', `gm-field gm-field-${name}${control.box ? ' gm-box-field' : ''}`, control.box ? [control.element, name_] : [name_, control.element], wrong);
    const input = control.input || control.element;
    if (!grouped) {
      input.id = id;
      name_.htmlFor = id;
    }
    input.setAttribute?.('aria-describedby', wrong.id);
    if (needed) input.required = true;
    return {
      name, element, needed, read: control.read, files: control.files, sort: control.sort, focus: () => input.focus(),
      wrong: text => {
        wrong.textContent = text;
        input.setAttribute?.('aria-invalid', Boolean(text));
      },
    };
  }

  function input(type, more = {}) {
    const made = Object.assign(g.node('input'), { type, ...more });
    return { element: made, read: () => made.value.trim() || null };
  }

  function writing() {
    const made = Object.assign(g.node('textarea'), { rows: 2, maxLength: 2000 });
    return { element: made, read: () => made.value.trim() || null };
  }

  function select(options, empty) {
    const made = g.node('select');
    const option = ([value, text]) => Object.assign(g.node('option', '', text), { value });
    made.append(...[empty != null && ['', empty], ...options].filter(Boolean).map(option));
    return { element: made, read: () => made.value || null };
  }

  function ticked() {
    const made = Object.assign(g.node('input'), { type: 'checkbox' });
    return { element: made, box: true, read: () => made.checked || null };
  }

  function radios(options, chosen) {
    numbered += 1;
    const name = `gm-choice-${numbered}`;
    const inputs = options.map(([value]) => Object.assign(g.node('input'), { type: 'radio', name, value, checked: value === chosen }));
    const element = el('div', 'gm-choices', options.map(([, text, more], n) => el('label', '', inputs[n], el('span', '', text), more)));
    return { element, group: true, input: inputs[0], value: () => inputs.find(each => each.checked)?.value ?? null, read: () => inputs.find(each => each.checked)?.value || null };
  }

  /* A moment by the site's clock, whatever the clock of this machine says. */
  function momentField() {
    const { element } = input('datetime-local');
    return { element, read: () => (element.value ? new Date(instantOf(element.value)).toISOString() : null) };
  }

  function instantOf(wall) {
    const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: g.config.timezone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' });
    const wallOf = ms => Date.parse(`${parts.format(ms).replace(' ', 'T')}Z`);
    const wanted = Date.parse(`${wall}Z`);
    const guess = wanted - (wallOf(wanted) - wanted);
    return guess - (wallOf(guess) - wanted);
  }

  function categoryField() {
    const made = select([], say('unchanged'));
    once('/categories').then(rows => {
      const groups = new Map();
      for (const row of rows) {
        if (!groups.has(row.group)) groups.set(row.group, Object.assign(g.node('optgroup'), { label: row.group_name }));
        groups.get(row.group).append(Object.assign(g.node('option', '', row.name), { value: row.code }));
      }
      made.element.append(...groups.values());
    }, () => {});
    return made;
  }

  function photoField({ action }) {
    const { element: file } = input('file', { accept: 'image/jpeg,image/png,image/webp', multiple: true });
    const kinds = select(['near', 'far', 'before', 'after', 'reference'].map(sort => [sort, say(`sort_${sort}`)]));
    kinds.element.value = AFTER.includes(action) ? 'after' : 'near';
    kinds.element.setAttribute('aria-label', say('photo_kind'));
    return { element: el('div', 'gm-two', file, kinds.element), input: file, read: () => file.files.length || null, files: () => [...file.files], sort: kinds.read };
  }

  function stepsField() {
    const rows = el('div', 'gm-steps');
    const add = () => {
      const number = rows.children.length + 1;
      const what = input('text', { maxLength: 200 }).element;
      what.setAttribute('aria-label', say('step', { number }));
      const when = momentField();
      when.element.setAttribute('aria-label', say('due'));
      const row = el('div', 'gm-two', what, when.element);
      row.read = () => (what.value.trim() && when.read() ? { what: what.value.trim(), due: when.read() } : null);
      rows.append(row);
      return what;
    };
    add();
    const read = () => {
      const steps = [...rows.children].map(row => row.read()).filter(Boolean);
      return steps.length ? steps : null;
    };
    return { element: el('div', '', rows, button('gm-plain', say('add_step'), () => add().focus())), group: true, input: rows.querySelector('input'), read };
  }

  function listed(options) {
    numbered += 1;
    const list = Object.assign(g.node('datalist'), { id: `gm-known-${numbered}` });
    list.append(...options.map(([value, text]) => Object.assign(g.node('option', '', text), { value })));
    return list;
  }

  function parentField({ about }) {
    const { element, read } = input('text', { autocomplete: 'off' });
    const far = ({ geometry: { coordinates: [lon, lat] } }) => g.map.distance([lat, lon], [about.lat, about.lon]);
    const near = [...g.issues.values()].filter(feature => feature.geometry && feature.properties.code !== about.code).sort((one, other) => far(one) - far(other)).slice(0, 12);
    const list = listed(near.map(({ properties: each }) => [each.code, `${g.categoryOf(each)} · ${each.text || ''}`]));
    element.setAttribute('list', list.id);
    return { element: el('div', '', element, list), input: element, read };
  }

  /* Whoever of the site is meant, found by name or code. */
  function personInput() {
    const { element, read } = input('text', { autocomplete: 'off', placeholder: say('find_person') });
    const list = listed([]);
    element.setAttribute('list', list.id);
    element.setAttribute('aria-label', say('find_person'));
    let staff = new Map();
    people().then(found => {
      staff = found;
      list.append(...[...found.values()].map(each => Object.assign(g.node('option', '', [each.name, together([...new Set(each.posts.map(post => roleOf(post.role)))])].join(' · ')), { value: each.code })));
    });
    const code = () => {
      const asked = read();
      if (!asked || staff.has(asked)) return asked;
      const found = [...staff.values()].filter(each => each.name === asked);
      return found.length === 1 ? found[0].code : asked;
    };
    return { element: el('div', 'gm-person-input', element, list), input: element, read: code };
  }

  function standing({ on_duty: onDuty, open_work: work, distance_m: metres }) {
    const said = [say(onDuty ? 'on_duty' : 'off_duty'), say('load', { count: work }), metres != null && say('metres_off', { metres: Math.round(metres) })];
    return said.filter(Boolean).join(' · ');
  }

  const ELSE = 'somebody else';

  /* Who gets it: as the rules choose, one of those whose work it is, or somebody else. */
  function toField({ action, about }) {
    const other = personInput();
    if (!g.can('dispatch')) return other;
    const holder = el('div', 'gm-who');
    let choice = null;
    const draw = (rules, rows) => {
      const options = [
        ...(action === 'dispatch' ? [['', rules]] : []),
        ...rows.map(each => [each.person.code, each.person.name, el('small', '', [roleOf(each.role), standing(each)].join(' · '))]),
        [ELSE, say('somebody_else')],
      ];
      // Who has chosen while the candidates were asked for has chosen.
      const held = choice ? choice.value() : action === 'dispatch' ? '' : null;
      const hadFocus = choice?.element.contains(document.activeElement);
      const before = choice?.element;
      choice = radios(options, held);
      if (before) before.replaceWith(choice.element);
      else holder.replaceChildren(choice.element, other.element);
      if (hadFocus) choice.element.querySelector('input:checked, input')?.focus({ preventScroll: true });
      other.element.hidden = held !== ELSE;
      choice.element.addEventListener('change', () => {
        other.element.hidden = choice.value() !== ELSE;
        if (choice.value() === ELSE) other.input.focus();
      });
    };
    draw(say('by_rules'), []);
    send('GET', issuePath(about.code, '/candidates')).then(found => {
      const name = found.person ? say('by_rules_to', { person: found.person.name }) : say('by_rules');
      draw(name, found.candidates);
      if (action === 'dispatch') holder.append(el('ul', 'gm-reasons', found.reasons.map(({ text }) => el('li', '', text))));
    }, () => {});
    return { element: holder, group: true, input: holder, read: () => (choice.value() === ELSE ? other.read() : choice.read()) };
  }

  const CONTROLS = {
    note: writing, words: writing, due: momentField, look_at: momentField, photos: photoField, steps: stepsField, parent: parentField, to: toField,
    body: () => input('text', { maxLength: 200 }), reference: () => input('text', { maxLength: 200 }),
    complex: ticked, no_answer: ticked, category: categoryField,
    urgency: () => select(Object.entries(g.config.terms.urgencies), say('unchanged')),
    via: () => select(['phone', 'visit', 'link', 'page'].map(via => [via, say(`via_${via}`)])),
    passed: () => {
      const made = radios([['yes', say('yes')], ['no', say('no')]]);
      return { ...made, read: () => ({ yes: true, no: false })[made.value()] ?? null };
    },
    satisfaction: () => {
      const made = radios(['1', '2', '3', '4', '5'].map(each => [each, each]));
      return { ...made, read: () => (made.value() ? Number(made.value()) : null) };
    },
  };

  Object.assign(desk, { fieldOf, radios, personInput, standing, ELSE });
}));
