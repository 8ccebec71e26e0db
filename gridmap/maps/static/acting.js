/* What one may do to an issue from its card: the buttons, the form of an action, and what the service answers. */
GridMap.base(g => g.desk.begins.push(desk => {
  'use strict';
  const {
    say, given, el, button, actionOf, send, issuePath, top, foot, named, close, asListed, drawIssue, fieldOf,
  } = desk;

  // action: what can be said with it; what has no question mark it cannot do without (domain/commands.py)
  const FORMS = {
    file: 'category? urgency? complex? note?',
    verify: 'category? urgency? complex? note? photos?',
    dispatch: 'to? due? note?',
    accept: '',
    return: 'note',
    transfer: 'to due? note?',
    start: '',
    arrive: '',
    control: 'note? photos?',
    hold: 'note look_at?',
    resume: '',
    support: 'note',
    refer: 'body reference? look_at? note?',
    resolve: 'note? photos?',
    check: 'passed note? photos?',
    answer: 'note',
    follow_up: 'via satisfaction? words? no_answer?',
    close: 'note? no_answer?',
    reopen: 'note',
    void: 'note',
    merge: 'parent note?',
    supervise: 'note?',
    plan: 'steps note?',
    sign: 'note?',
  };
  // status: what it waits for, of whoever has it or hands it out
  const AWAITED = { reported: 'dispatch', filed: 'dispatch', dispatched: 'accept', accepted: 'start', in_progress: 'resolve', on_hold: 'resume', referred: 'refer', resolved: 'check', checked: 'close' };
  const OF_HANDLER = ['accept', 'start', 'arrive', 'control', 'resolve', 'resume', 'hold', 'support', 'answer', 'return', 'transfer', 'refer', 'plan'];
  const OF_OTHERS = ['dispatch', 'check', 'close', 'supervise', 'follow_up', 'answer', 'verify', 'file', 'reopen', 'sign'];
  const MOST_SHOWN = 3;
  // issue: what is being written to it; it outlives the card
  const forms = new Map();

  const isMine = ({ handler }) => Boolean(handler?.person) && handler.person.code === g.config.person;

  function inOrder({ status, allowed, handler }) {
    const mine = isMine({ handler });
    const words = mine || !g.can('dispatch') ? [...OF_HANDLER, ...OF_OTHERS] : [...OF_OTHERS, ...OF_HANDLER];
    const awaited = AWAITED[status];
    const first = mine || OF_OTHERS.includes(awaited) || !g.can('dispatch') ? awaited : null;
    const rank = action => (action === first ? -1 : words.includes(action) ? words.indexOf(action) : words.length);
    return allowed.filter(action => action in FORMS).sort((one, other) => rank(one) - rank(other));
  }

  function drawActions() {
    const written = forms.get(desk.issue.code);
    if (written) {
      written.check();
      if (written.element.parentElement !== foot) foot.replaceChildren(written.element);
      return;
    }
    const actions = inOrder(desk.issue);
    if (!actions.length) {
      foot.replaceChildren();
      return;
    }
    const held = foot.contains(document.activeElement);
    const buttons = actions.map((action, n) => named(button(n ? 'gm-act' : 'gm-act gm-first', actionOf(action), () => begin(action)), `act:${action}`));
    // Whoever hands out is offered what is his own first; what the handler does he may do, too, but seldom does.
    const own = action => !g.can('dispatch') || isMine(desk.issue) || OF_OTHERS.includes(action);
    const count = Math.max(1, actions.slice(0, MOST_SHOWN).filter(own).length);
    const rest = buttons.slice(count);
    const bar = el('div', 'gm-acts', buttons.slice(0, count));
    bar.setAttribute('role', 'group');
    bar.setAttribute('aria-label', say('actions'));
    foot.replaceChildren(bar);
    if (rest.length) {
      const more = el('details', 'gm-more-acts', g.node('summary', 'gm-act', say('other_actions')), el('div', 'gm-acts', rest));
      bar.append(more);
    }
    if (held) top.querySelector('h2')?.focus({ preventScroll: true });
  }

  function begin(action) {
    const asked = FORMS[action];
    const form = formOf(desk.issue, action, asked);
    if (!asked) {
      for (const each of foot.querySelectorAll('button')) each.disabled = true;
      form.submit();
      return;
    }
    forms.set(desk.issue.code, form);
    drawActions();
    form.first()?.focus({ preventScroll: true });
  }

  function formOf(about, action, asked) {
    const { code } = about;
    const fields = asked.split(' ').filter(Boolean).map(said => fieldOf(said.replace('?', ''), { needed: !said.endsWith('?'), action, about }));
    const wrong = el('p', 'gm-wrong');
    wrong.setAttribute('role', 'alert');
    const send_ = el('button', 'gm-act gm-first', say('do'));
    send_.type = 'submit';
    const element = el('form', 'gm-form', g.node('h3', '', actionOf(action)), fields.map(field => field.element), wrong,
      el('div', 'gm-acts', send_, button('gm-act', say('cancel'), () => drop())));
    element.noValidate = true;
    element.setAttribute('aria-label', actionOf(action));
    let photosSent = null;

    function drop() {
      forms.delete(code);
      if (desk.issue?.code !== code || desk.view?.code !== code) return;
      drawActions();
      (foot.querySelector(`[data-at="act:${action}"]`) || foot.querySelector('button') || top.querySelector('h2')).focus({ preventScroll: true });
    }

    function tell(text) {
      wrong.textContent = text || '';
    }

    /* Whether it still can be done, now that the issue is what it is. */
    function check() {
      const may = desk.issue.allowed.includes(action);
      send_.disabled = !may;
      if (!may) tell(say('no_longer', { action: actionOf(action) }));
    }

    async function photoNumbers(field) {
      const files = field?.files() || [];
      if (!files.length) return [];
      photosSent = photosSent || [];
      for (const [n, file] of files.entries()) {
        if (photosSent[n]?.file === file) continue;
        send_.textContent = say('sending_photo', { number: n + 1, count: files.length });
        const sent = new FormData();
        sent.append('file', file);
        sent.append('sort', field.sort());
        photosSent[n] = { file, id: (await send('POST', issuePath(code, '/photos'), sent)).id };
      }
      return photosSent.slice(0, files.length).map(({ id }) => id);
    }

    async function submit(event) {
      event?.preventDefault();
      fields.forEach(field => field.wrong(''));
      tell('');
      const missing = fields.filter(field => field.needed && !given(field.read()));
      missing.forEach(field => field.wrong(say('needed')));
      if (missing.length) {
        missing[0].focus();
        return;
      }
      send_.disabled = true;
      send_.textContent = say('sending');
      try {
        const said = { action, version: desk.issue.code === code ? desk.issue.version : about.version };
        for (const field of fields) if (field.name !== 'photos' && given(field.read())) said[field.name] = field.read();
        const numbers = await photoNumbers(fields.find(field => field.name === 'photos'));
        if (numbers.length) said.photos = numbers;
        done(await send('POST', issuePath(code, '/actions'), said));
      } catch (error) {
        refused(error);
      } finally {
        send_.disabled = false;
        send_.textContent = say('do');
      }
    }

    function done(answer) {
      forms.delete(code);
      const away = !answer.history;
      g.toast(away ? say('given_away') : say('done', { code, status: g.term('statuses', answer.status) }), 'good');
      if (!away && answer.lon != null) g.upsert([asListed(answer)]);
      if (desk.view?.kind !== 'issue' || desk.view.code !== code) return;
      if (away) {
        close();
        return;
      }
      drawIssue(answer);
      drawActions();
      (foot.querySelector('button') || top.querySelector('h2')).focus({ preventScroll: true });
    }

    function refused(error) {
      const changed = error.status === 409 && error.problem?.issue;
      if (changed && desk.issue?.code === code) {
        const before = desk.issue.version;
        drawIssue(changed);
        check();
        tell(changed.version === before ? error.message : say('stale', { code, status: g.term('statuses', changed.status) }));
        if (!element.isConnected) g.toast(error.message, 'bad');
        if (!forms.has(code)) drawActions();
        return;
      }
      let placed = false;
      for (const each of error.problem?.errors || []) {
        const field = fields.find(one => one.name === each.field.split('.')[0]);
        if (!field) continue;
        field.wrong(each.message);
        if (!placed) field.focus();
        placed = true;
      }
      if (!placed) tell(error.message);
      if (element.isConnected) return;
      g.toast(error.message, 'bad');
      if (desk.issue?.code === code && desk.view?.code === code) drawActions();
    }

    element.addEventListener('submit', submit);
    return { element, check, submit, action, first: () => element.querySelector('textarea, input, select, button') };
  }

  Object.assign(desk, { drawActions });
}));
