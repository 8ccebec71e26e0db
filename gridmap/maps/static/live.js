/* Keeps the issues on the page as they are: a stream of changes, and where there can be none, a question every few
   seconds. A badge says which of the two it is. */
GridMap.part('live', g => {
  'use strict';

  const SILENCE_MS = 26_000;
  const FIRST_PAUSE_MS = 1_000;
  const LONGEST_PAUSE_MS = 10_000;
  const ERRORS = 3;
  const POLL_EVERY_MS = 5_000;
  let source = null, errors = 0, over = false, state = '', since = null, lastTotal = {};
  const timers = {};

  const badge = g.node('span', 'gm-live');
  const words = g.node('b');
  badge.setAttribute('role', 'status');
  badge.setAttribute('aria-live', 'polite');
  badge.append(g.node('i'), words);
  document.getElementById('gm-badge')?.append(badge);

  function become(next) {
    if (next === state) return;
    state = next;
    badge.dataset.state = state;
    words.textContent = g.say(`live.${state}`);
    badge.title = since ? g.say('live.since', { moment: g.moment(since) }) : '';
    g.tell('live', { state, since, ...lastTotal });
  }

  function later(name, fn, ms) {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(fn, ms);
  }

  // ------------------------------------------------------------ what is told

  const takes = {
    snapshot(said) {
      lastTotal = { total: said.total, counts: said.counts, more: said.more };
      g.tell('live', { state, since, ...lastTotal });
      g.replace(said.features);
    },
    upsert: said => g.upsert(said.features),
    remove: said => g.remove(said.codes),
    beat() {},
  };

  function take(name, said) {
    if (said.at) g.setClock(said.at);
    since = g.now().toISOString();
    takes[name](said);
    badge.title = g.say('live.since', { moment: g.moment(since) });
  }

  // ------------------------------------------------------------ the stream

  function close() {
    source?.close();
    source = null;
    for (const name of ['silence', 'retry', 'poll']) clearTimeout(timers[name]);
  }

  function open() {
    close();
    if (over || document.hidden) return;
    const address = new URL('/live', location.href);
    if (g.config.site) address.searchParams.set('site', g.config.site);
    const opened = new EventSource(address);
    source = opened;
    for (const name of Object.keys(takes)) {
      opened.addEventListener(name, event => {
        const said = JSON.parse(event.data);
        errors = 0;
        clearTimeout(timers.poll);
        later('silence', lost, SILENCE_MS);
        take(name, said);
        become(said.listening === false ? 'again' : 'live');
      });
    }
    // An answer that is no stream is the end for the browser; the reason is found by asking otherwise.
    opened.addEventListener('error', () => lost(opened.readyState === EventSource.CLOSED));
    later('silence', lost, SILENCE_MS);
    if (errors >= ERRORS) later('poll', poll, POLL_EVERY_MS);
  }

  function lost(refused = false) {
    close();
    errors += 1;
    later('retry', open, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (errors - 1)));
    if (state !== 'polling') become('again');
    if (refused || errors >= ERRORS) poll();
  }

  // ------------------------------------------------------------ where there is none

  async function poll() {
    clearTimeout(timers.poll);
    if (over || document.hidden) return;
    try {
      take('snapshot', await g.get('/live/snapshot'));
      if (errors >= ERRORS) become('polling');
    } catch (error) {
      if ([401, 403, 404].includes(error.status)) end();
      else become('again');
    }
    if (errors >= ERRORS) later('poll', poll, POLL_EVERY_MS);
  }

  /* Whoever watched may no longer. */
  function end() {
    over = true;
    close();
    become('off');
  }

  // ------------------------------------------------------------ who looks

  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('pagehide', close);
  addEventListener('pageshow', event => { if (event.persisted) open(); });
  addEventListener('online', open);
  open();
});
