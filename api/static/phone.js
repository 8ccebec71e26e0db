/* What the pages for phones share: words, elements, requests, pictures, where one is, and what waits for a network. */
const Phone = (() => {
  'use strict';

  const said = JSON.parse(document.getElementById('said').textContent);
  const LONGEST_SIDE = 1600;
  const QUALITY = 0.85;
  const PATIENCE_MS = 30_000;
  const AGAIN_MS = 15_000;
  const FOUND_WITHIN_MS = 8_000;
  const SVG = 'http://www.w3.org/2000/svg';

  // ------------------------------------------------------------ words and elements

  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const say = (name, values = {}) => fill(said.words[name] ?? name, values);

  function node(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined && text !== null) made.textContent = text;
    return made;
  }

  function icon(name) {
    const made = document.createElementNS(SVG, 'svg');
    made.setAttribute('class', 'icon');
    made.setAttribute('aria-hidden', 'true');
    const used = document.createElementNS(SVG, 'use');
    used.setAttribute('href', `#i-${name}`);
    made.append(used);
    return made;
  }

  // A moment as people say it, by the clock of the site: today and tomorrow are called so.
  function moment(iso, from = new Date()) {
    const zone = { timeZone: said.timezone };
    const day = at => at.toLocaleDateString('en-CA', zone);
    const at = new Date(iso);
    const time = at.toLocaleTimeString(said.language, { ...zone, hour: '2-digit', minute: '2-digit', hour12: false });
    if (day(at) === day(from)) return say('today', { time });
    if (day(at) === day(new Date(from.getTime() + 86_400_000))) return say('tomorrow', { time });
    return `${at.toLocaleDateString(said.language, { ...zone, month: 'numeric', day: 'numeric' })} ${time}`;
  }

  function uid() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  // ------------------------------------------------------------ requests

  class Problem extends Error {
    constructor(answer, status) {
      super(answer?.detail ?? String(status));
      Object.assign(this, { status, answer, fields: (answer?.errors ?? []).map(each => each.field) });
    }
  }

  // What is not answered at all fails as a TypeError, which means: no network.
  async function ask(path, options = {}) {
    let answer;
    try {
      answer = await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS), headers: { Accept: 'application/json', ...options.headers }, ...options });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new TypeError('no network');
    }
    const body = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (!answer.ok) throw new Problem(body, answer.status);
    return body;
  }

  const get = (path, values = {}, signal = undefined) => {
    const asked = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== ''));
    asked.set('lang', said.language);
    return ask(`${path}?${asked}`, signal ? { signal } : {});
  };
  const post = (path, body) =>
    body instanceof FormData
      ? ask(path, { method: 'POST', body })
      : ask(path, { method: 'POST', body: JSON.stringify(body), headers: { Accept: 'application/json', 'Content-Type': 'application/json' } });

  // ------------------------------------------------------------ pictures

  // Drawn anew and smaller: what the camera wrote beside the picture stays on the phone.
  async function picture(file) {
    const drawn = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const share = Math.min(1, LONGEST_SIDE / Math.max(drawn.width, drawn.height));
    const canvas = node('canvas');
    canvas.width = Math.max(1, Math.round(drawn.width * share));
    canvas.height = Math.max(1, Math.round(drawn.height * share));
    canvas.getContext('2d').drawImage(drawn, 0, 0, canvas.width, canvas.height);
    drawn.close();
    const blob = await new Promise(settle => canvas.toBlob(settle, 'image/jpeg', QUALITY));
    return { bytes: await blob.arrayBuffer(), type: 'image/jpeg' };
  }
  const blobOf = kept => new Blob([kept.bytes], { type: kept.type });

  // ------------------------------------------------------------ where one is

  const whereAmI = () =>
    new Promise((found, failed) => {
      if (!window.isSecureContext) return failed(new Error('insecure'));
      if (!navigator.geolocation) return failed(new Error('no_position'));
      navigator.geolocation.getCurrentPosition(
        place => found({ lon: place.coords.longitude, lat: place.coords.latitude, accuracy: place.coords.accuracy }),
        error => failed(new Error(error.code === 1 ? 'denied' : 'no_position')),
        { enableHighAccuracy: true, timeout: FOUND_WITHIN_MS, maximumAge: 30_000 },
      );
    });

  // ------------------------------------------------------------ what waits for a network

  // A box of this phone: what is put in is sent in its order, once, now or as soon as there is a network.
  function box(name, sendOne, tell) {
    const memory = new Map();
    let store = null, busy = null, timer = 0;
    const opened = new Promise(settle => {
      if (!window.indexedDB) return settle(null);
      const asked = indexedDB.open(`gridmap-${name}`, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore('items', { keyPath: 'uid' });
      asked.onsuccess = () => settle(asked.result);
      asked.onerror = () => settle(null);
    });
    const work = async (mode, what) => {
      store ??= await opened;
      if (!store) return what(null);
      return new Promise((settle, fail) => {
        const asked = what(store.transaction('items', mode).objectStore('items'));
        asked.onsuccess = () => settle(asked.result);
        asked.onerror = () => fail(asked.error);
      });
    };
    const keep = item => work('readwrite', items => (items ? items.put(item) : memory.set(item.uid, item)));
    const drop = one => work('readwrite', items => (items ? items.delete(one) : memory.delete(one)));
    const all = async () => {
      const found = await work('readonly', items => (items ? items.getAll() : [...memory.values()]));
      return [...found].sort((one, other) => one.since - other.since);
    };

    async function empty() {
      clearTimeout(timer);
      for (const item of await all()) {
        if (item.refused) continue;
        try {
          const answer = await sendOne(item);
          await drop(item.uid);
          await tell('sent', item, answer);
        } catch (error) {
          if (error instanceof Problem && ![408, 429, 502, 503, 504].includes(error.status)) {
            await keep({ ...item, refused: error.message });
            await tell('refused', item, error);
            continue;
          }
          await keep(item);
          await tell('waiting', item, error);
          timer = setTimeout(go, AGAIN_MS);
          return;
        }
      }
    }
    // Two tabs of one phone take turns, where the browser knows how to.
    const alone = () => (navigator.locks ? navigator.locks.request(`gridmap-${name}`, empty) : empty());
    const go = () => {
      busy = (busy ?? Promise.resolve()).catch(() => null).then(alone);
      return busy;
    };
    window.addEventListener('online', go);
    document.addEventListener('visibilitychange', () => document.hidden || go());
    return { put: async item => { await keep({ ...item, since: Date.now() }); return go(); }, all, drop, go };
  }

  return { said, say, node, icon, moment, uid, Problem, get, post, picture, blobOf, whereAmI, box };
})();
