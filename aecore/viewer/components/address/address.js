// What the browser itself writes into the address: positions and the views of charts, which no server is asked about.
// An entry of the history is changed in place. Streamlit writes the parameters that it knows of; what components
// on the page have written is added to those.

/** @import { Address, Claim } from "../types.js" */

const PAUSE_MS = 250; // Chromium refuses more than 200 changes in 30 s
const SETTLED_MS = 1000; // by then Streamlit has written what belongs to a new chart

const page = /** @type {{ aecoreAddress?: Address }} */ (/** @type {unknown} */ (globalThis));

/** One per page, although every component has this script. */
export const address = (page.aecoreAddress ??= createAddress());

/**
 * A group is a name, `at`, or a beginning: `curves` has the parameters `curves.x` and `curves.hide`.
 * @param {string} group
 * @param {string} name
 */
export const belongs = (group, name) => name === group || name.startsWith(`${group}.`);

/** @returns {Address} */
function createAddress() {
  const push = history.pushState.bind(history), replace = history.replaceState.bind(history);
  // The address of a file, and of a frame that has its page in itself, cannot be changed.
  const fixed = globalThis.origin === "null";
  /** @type {Map<string, Claim>} */
  const claims = new Map();
  /** @type {Map<string, { visit: number, text: string | null }>} */
  const kept = new Map();
  /** @type {Set<() => void>} */
  const backs = new Set();
  let path = location.pathname, pushes = 0;
  /** @type {Record<string, string>} */
  let known = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** Another page's components know nothing of this one's address. */
  function turn() {
    if (path === location.pathname) return;
    path = location.pathname;
    claims.clear();
    known = {};
    clearTimeout(timer);
    timer = undefined;
  }

  /**
   * The address with what the components have written; null if it has that already.
   * @param {URL} url
   * @param {boolean} [withFresh] also with what belongs to the entry that Streamlit is about to push
   */
  function merged(url, withFresh = true) {
    const before = url.search;
    for (const [group, { texts, live, fresh }] of claims) {
      if (!live || (fresh && !withFresh)) continue;
      const now = [...url.searchParams].filter(([name]) => belongs(group, name)), wanted = Object.entries(texts);
      if (now.length === wanted.length && now.every(([name, text]) => texts[name] === text)) continue;
      for (const [name] of now) url.searchParams.delete(name);
      for (const [name, text] of wanted) url.searchParams.set(name, text);
    }
    return url.search === before ? null : url;
  }

  /** @param {boolean} [withFresh] */
  function flush(withFresh = true) {
    turn();
    clearTimeout(timer);
    timer = undefined;
    if (withFresh) for (const claim of claims.values()) claim.fresh = false;
    const url = merged(new URL(location.href), withFresh);
    if (!url || fixed) return;
    replace(history.state, "", url);
  }

  /** As long as the page's script runs, Streamlit may still push the entry to which a new chart belongs. */
  function flushSettled() {
    const running = document.querySelector('[data-testid="stApp"][data-test-script-state="running"]') !== null;
    if (running && [...claims.values()].some(({ fresh }) => fresh)) {
      flush(false);
      soon();
    } else flush();
  }

  /** Once nothing has moved for a moment. */
  function soon(wait = PAUSE_MS) {
    clearTimeout(timer);
    if (!fixed) timer = setTimeout(flushSettled, wait);
  }

  /**
   * What Streamlit is about to write.
   * @param {typeof push} act
   * @param {boolean} adds an entry to the history
   * @returns {typeof push}
   */
  const streamlitWrites = (act, adds) => (state, unused, url) => {
    if (adds && timer !== undefined) flush(false); // into the entry that is left
    const next = new URL(url ?? location.href, location.href), stays = next.pathname === location.pathname;
    const wanted = (stays && merged(next)) || url;
    if (adds && stays && new URL(wanted ?? "", location.href).href === location.href) return;
    act(state, unused, wanted);
    if (adds) {
      pushes += 1;
      for (const claim of claims.values()) claim.fresh = false;
    }
    turn();
  };
  history.pushState = streamlitWrites(push, true);
  history.replaceState = streamlitWrites(replace, false);

  addEventListener("popstate", () => {
    clearTimeout(timer);
    timer = undefined;
    claims.clear(); // the address decides
    turn();
    for (const back of backs) back();
  });

  return {
    read(group) {
      return Object.fromEntries([...new URLSearchParams(location.search)].filter(([name]) => belongs(group, name)));
    },
    claim(group, identity) {
      turn();
      const before = claims.get(group);
      if (before?.identity === identity) {
        [before.live, before.pushes] = [true, pushes];
        return "same";
      }
      claims.set(group, { identity, texts: before ? {} : this.read(group), live: true, fresh: Boolean(before), pushes });
      if (!before) return "address";
      soon(SETTLED_MS);
      return "other";
    },
    write(group, texts) {
      turn();
      const identity = claims.get(group)?.identity ?? "";
      claims.set(group, { identity, texts, live: true, fresh: false, pushes });
      soon();
    },
    release(group) {
      turn();
      const claim = claims.get(group);
      if (!claim) return;
      // An entry that was pushed while the component was still there got what is not its own.
      if (pushes > claim.pushes) {
        claim.texts = {};
        flush();
      }
      claim.live = false;
    },
    recall(group, visit) {
      const found = kept.get(`${location.pathname} ${group}`);
      return found?.visit === visit ? found.text : undefined;
    },
    keep(group, visit, text) {
      kept.set(`${location.pathname} ${group}`, { visit, text });
      this.write(group, text === null ? {} : { [group]: text });
    },
    onBack(back) {
      backs.add(back);
      return () => void backs.delete(back);
    },
    know(settings) {
      turn();
      known = settings;
    },
    whole() {
      turn();
      return known;
    },
    flush,
  };
}
