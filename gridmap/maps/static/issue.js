/* The card of an issue: its clocks, what was reported, where it is, who has it, its photos, and what has happened. */
GridMap.base(g => g.desk.begins.push(desk => {
  'use strict';
  const {
    box, say, has, there, el, button, icon, section, unfolded, folded, facts, link, phone, roleOf, together, send,
    issuePath, people, head, named, fillBody, shows, show, running,
  } = desk;

  const FIRST_LINES = 6;
  const STAMPS = ['first_answer', 'accepted', 'on_site', 'under_control', 'resolved'];
  desk.issue = null;
  let known = new Map();

  async function showIssue({ code }, still) {
    const [found, staff] = await Promise.all([send('GET', issuePath(code)), people()]);
    if (!still()) return;
    known = staff;
    drawIssue(found);
    desk.drawActions();
  }

  const personName = code => known.get(code)?.name || code;
  const isOpen = said => g.config.rules.open.includes(said.status);
  const pointOf = said => ({ type: 'Feature', id: said.code, geometry: { type: 'Point', coordinates: [said.lon, said.lat] }, properties: said });

  /* An issue as the list and the map have it. */
  function asListed(answer) {
    const { history: _, reasons: __, answers: ___, ...kept } = answer;
    return { ...pointOf(answer), properties: kept };
  }

  function drawIssue(found) {
    desk.issue = found;
    const asks = isOpen(found) ? g.attention(found) : null;
    const kicker = [found.code, say(`kind_${found.kind}`), g.term('urgencies', found.urgency), g.term('statuses', found.status)];
    head({ title: g.categoryOf(found), kicker: kicker.join(' · '), symbol: asks && g.symbol(asks), feature: pointOf(found) });
    fillBody(call(found), clocks(found), report(found), where(found), who(found), photos(found), story(found), why(found), belongs(found));
  }

  function call({ call: outside }) {
    if (!outside) return null;
    return el('p', 'gm-call', icon('phone', 16), outside.number ? say('call', outside) : say('call_body', outside));
  }

  function clocks(found) {
    const rows = STAMPS.map(stamp => [stamp, found.deadlines[stamp]]).filter(([, due]) => due?.due_at);
    if (!rows.some(([stamp]) => stamp === 'resolved') && found.due_at) rows.push(['resolved', { due_at: found.due_at }]);
    if (!rows.length) return null;
    const waiting = isOpen(found) && !found.resolved_at;
    const next = rows.filter(([stamp]) => waiting && !found[`${stamp}_at`]).sort((one, other) => one[1].due_at.localeCompare(other[1].due_at))[0];
    return section('clocks', say('clocks'), el('ul', 'gm-dues', rows.map(([stamp, due]) => clock(found, stamp, due, next?.[0] === stamp, waiting))));
  }

  function clock(found, stamp, { due_at: due, provisional }, isNext, waiting) {
    const reached = found[`${stamp}_at`];
    const late = reached ? new Date(reached) > new Date(due) : new Date(due) < g.now();
    const made = el('li', `gm-due${isNext ? ' gm-next' : ''}${late ? ' gm-late' : ''}${reached ? ' gm-met' : ''}`, el('span', '', say(`stamp_${stamp}`)));
    if (reached) made.append(el('b', '', say(late ? 'met_late' : 'met', { moment: g.moment(reached) })));
    else if (found.held_at && waiting) made.append(el('b', 'gm-paused', say('paused', { moment: g.moment(found.held_at) })));
    else if (waiting) made.append(running(due));
    made.append(el('small', '', say('by', { moment: g.moment(due) })));
    if (provisional) made.append(el('em', '', say('provisional')));
    return made;
  }

  function report(found) {
    const others = found.supporters || [];
    const said = others.filter(each => each.text || each.name || each.phone).map(each => el('li', '', el('time', '', g.moment(each.at)), each.name && el('span', '', each.name), each.text && el('blockquote', '', each.text), each.phone && phone(each.phone)));
    return section('report', say('text'), found.text && el('p', 'gm-words', found.text), el('p', 'gm-aside', [say('reported_at', { moment: g.moment(found.reported_at) }), others.length && say('supported', { count: others.length })].filter(Boolean).join(' · ')), said.length ? el('ol', 'gm-story', said) : null);
  }

  function where(found) {
    const codes = [found.tier1, found.tier2, found.tier3].filter(there);
    const steps = (codes.length ? codes : [found.grid].filter(there)).flatMap((code, n) => [n ? el('span', 'gm-sep', '›') : null, link('grid', code, g.cells.get(code)?.properties.name || g.shortCode(code))]);
    const tags = [found.level && say('floor', { level: found.level }), has(`position_${found.position}`) && say(`position_${found.position}`)].filter(Boolean);
    return section('where', say('where'), el('nav', 'gm-chain', steps, tags.map(tag => el('span', 'gm-tag', tag))), found.facility && el('p', '', link('facility', found.facility)));
  }

  function who(found) {
    const line = (holder, label) => {
      if (!holder) return null;
      const name = holder.person?.name || roleOf(holder.role) || say('nobody');
      const under = [label, holder.person && roleOf(holder.role), holder.grid && g.shortCode(holder.grid)].filter(Boolean).join(' · ');
      const number = g.can('phones') && known.get(holder.person?.code)?.phone;
      return el('div', 'gm-person', el('div', '', g.node('b', '', name), g.node('small', '', under)), number && phone(number));
    };
    const reporter = found.reporter && el('div', 'gm-person', el('div', '', g.node('b', '', found.reporter.name || say('reporter')), g.node('small', '', say('reporter'))), found.reporter.phone && phone(found.reporter.phone));
    return section('who', say('people'), line(found.owner, say('owner')), line(found.handler, say('handler')), reporter);
  }

  // ------------------------------------------------------------ photos

  function photos(found) {
    if (!found.photos.length || !g.can('words')) return null;
    const grid = el('div', 'gm-photos', found.photos.map((photo, n) => thumbnail(found, photo, n)));
    send('GET', issuePath(found.code, '/photos')).then(rows => {
      for (const row of rows) {
        const doubt = [row.from_issue_m > 100 && say('far_off', { metres: Math.round(row.from_issue_m) }), row.elsewhere > 0 && say('elsewhere')].filter(Boolean).join(' · ');
        const made = grid.querySelector(`[data-photo="${row.id}"]`);
        if (doubt && made) made.append(el('span', 'gm-doubt', doubt));
      }
    }, () => {});
    return section('photos', say('photos'), grid);
  }

  function thumbnail(found, { id, sort, at, taken_at: taken }, n) {
    const picture = g.node('img');
    picture.loading = 'lazy';
    picture.alt = '';
    picture.src = `/photos/${Number(id)}`;
    const label = say('photo', { number: n + 1, sort: say(`sort_${sort}`) });
    const made = el('figure', '', named(button('', label, () => enlarge(found, n), picture), `photo:${id}`), el('figcaption', '', `${say(`sort_${sort}`)} · ${g.moment(taken || at)}`));
    made.dataset.photo = id;
    return made;
  }

  const light = el('dialog', 'gm-light');
  document.body.append(light);
  light.addEventListener('click', event => event.target === light && light.close());

  function enlarge(found, start) {
    const step = by => enlarge(found, (start + by + found.photos.length) % found.photos.length);
    const { id, sort } = found.photos[start];
    const picture = g.node('img');
    picture.src = `/photos/${Number(id)}`;
    picture.alt = say('photo', { number: start + 1, sort: say(`sort_${sort}`) });
    light.replaceChildren(picture, button('gm-icon', say('close'), () => light.close(), icon('close')));
    light.onkeydown = event => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (by) step(by);
    };
    if (!light.open) light.showModal();
  }

  // ------------------------------------------------------------ what has happened

  function story(found) {
    const lines = [...found.history].reverse();
    const list = el('ol', 'gm-story', lines.map(historyLine));
    if (lines.length > FIRST_LINES && !unfolded.has('story')) {
      [...list.children].slice(FIRST_LINES).forEach(each => { each.hidden = true; });
      const more = named(button('gm-plain', say('more', { count: lines.length }), () => {
        unfolded.add('story');
        [...list.children].forEach(each => { each.hidden = false; });
        more.remove();
      }), 'story');
      return section('history', say('history'), list, more);
    }
    return section('history', say('history'), list);
  }

  function historyLine(line) {
    const by = line.person || roleOf(line.role);
    const details = [...detailsOf(line)];
    return el('li', `gm-line-${line.action}`, el('time', '', g.moment(line.at)), el('b', '', say(`event_${line.action}`)), by && el('span', '', by), details.length ? el('small', '', details.join(' · ')) : null, line.note && el('blockquote', '', line.note));
  }

  function* detailsOf({ data }) {
    if (!data) return;
    if (data.to && typeof data.to === 'string') yield say('to_whom', { person: personName(data.to) });
    if (has(`stamp_${data.stamp}`)) yield say(`stamp_${data.stamp}`);
    if (Array.isArray(data.to) && data.to.length) yield say('to_whom', { person: together(data.to.map(personName)) });
    if (data.passed != null) yield say(data.passed ? 'passed' : 'failed');
    if (data.satisfaction) yield say('rated', { stars: data.satisfaction });
    if (data.no_answer) yield say('unanswered');
    if (data.via) yield say(`via_${data.via}`);
    if (data.as) yield say(`closed_${data.as}`);
    if (data.body) yield say(data.reference ? 'referred_as' : 'referred_to', data);
    if (data.look_at) yield say('look_again', { moment: g.moment(data.look_at) });
    if (data.parent) yield say('into', { code: data.parent });
    if (data.child) yield data.child;
    if (Array.isArray(data.category)) yield say('was_now', { was: g.term('categories', data.category[0]), now: g.term('categories', data.category[1]) });
    if (Array.isArray(data.urgency)) yield say('was_now', { was: g.term('urgencies', data.urgency[0]), now: g.term('urgencies', data.urgency[1]) });
    if (data.complex) yield say('complex');
    if (data.photos?.length) yield say('with_photos', { count: data.photos.length });
    for (const { what, due } of data.steps || []) yield say('plan_step', { what, moment: g.moment(due) });
    for (const [stamp, moved] of Object.entries(data.deadlines || {})) {
      const [was, now] = Array.isArray(moved) ? moved : [null, moved];
      if (STAMPS.includes(stamp)) yield say(now == null ? 'no_due' : was ? 'moved_due' : 'new_due', { stamp: say(`stamp_${stamp}`), was: g.moment(was), now: g.moment(now) });
    }
    for (const reason of data.reasons || []) if (reason?.text) yield reason.text;
  }

  function why({ reasons }) {
    return reasons.length ? folded('reasons', say('reasons'), el('ol', 'gm-reasons', reasons.map(({ text }) => el('li', '', text)))) : null;
  }

  function belongs({ parent, children }) {
    if (!parent && !children.length) return null;
    return section('links', say('links'), facts([[say('parent'), parent && link('issue', parent)], [say('children'), children.map(code => link('issue', code))]]));
  }

  // ------------------------------------------------------------ what changes while it is read

  async function reread() {
    const asked = desk.view;
    try {
      const found = await send('GET', issuePath(asked.code));
      if (desk.view !== asked || desk.issue?.code !== asked.code || found.version === desk.issue.version) return;
      drawIssue(found);
      desk.drawActions();
    } catch (error) {
      if (desk.view === asked && error.status === 404) show();
    }
  }

  /* Something has changed: whoever reads its card reads it as it is now, and keeps what he is writing. */
  g.on('issues', ({ changed, removed, all }) => {
    if (desk.view?.kind !== 'issue' || box.hidden) return;
    const feature = g.issues.get(desk.view.code);
    const moved = removed.includes(desk.view.code) || ((all || changed.includes(desk.view.code)) && (!feature || feature.properties.version !== desk.issue?.version));
    if (moved && desk.issue?.code === desk.view.code) reread();
  });

  shows.issue = showIssue;

  Object.assign(desk, { asListed, drawIssue });
}));
