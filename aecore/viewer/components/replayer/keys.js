// The keys of everything that is scrubbed over the epochs.

/**
 * The arrow keys step by one, the page keys by ten, Home and End go to the ends, space plays or pauses unless a button
 * has the focus. `more` are further keys, `mine` says which elements keep theirs: those of a list of choices always do.
 *
 * @param {HTMLElement} root
 * @param {{
 *   ready: () => boolean, at: () => number, last: () => number, move: (index: number) => void, play: () => void,
 *   more?: Record<string, () => void>, mine?: string,
 * }} player
 */
export function steppingKeys(root, { ready, at, last, move, play, more = {}, mine = "select" }) {
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => move(at() - 1),
    ArrowDown: () => move(at() - 1),
    ArrowRight: () => move(at() + 1),
    ArrowUp: () => move(at() + 1),
    PageDown: () => move(at() - 10),
    PageUp: () => move(at() + 10),
    Home: () => move(0),
    End: () => move(last()),
    " ": play,
    ...more,
  };
  root.onkeydown = (event) => {
    const target = /** @type {Element} */ (event.target);
    if (!ready() || event.altKey || event.ctrlKey || event.metaKey || target.closest(mine)) return;
    if (event.key === " " && target.matches("button, input[type=checkbox]")) return; // it presses them
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  };
}
