// Frames of points that are on the move, by channel: whoever shows a channel hears of every frame, and of the last at once.

/** @import { Frame } from "./types.js" */

/**
 * @typedef {{ last: Frame | null, listeners: Set<(frame: Frame) => void> }} Channel
 */
const page = /** @type {{ aecoreChannels?: Map<string, Channel> }} */ (/** @type {unknown} */ (globalThis));
const channels = (page.aecoreChannels ??= new Map());

/**
 * @param {string} name
 * @returns {Channel}
 */
function channel(name) {
  const known = channels.get(name);
  if (known) return known;
  /** @type {Channel} */
  const made = { last: null, listeners: new Set() };
  channels.set(name, made);
  return made;
}

/**
 * @param {string} name
 * @param {Frame} frame
 */
export function tellFrame(name, frame) {
  const one = channel(name);
  one.last = frame;
  for (const hear of one.listeners) hear(frame);
}

/**
 * Calls `hear` until the returned function is called.
 * @param {string} name
 * @param {(frame: Frame) => void} hear
 */
export function hearFrames(name, hear) {
  const one = channel(name);
  one.listeners.add(hear);
  if (one.last) hear(one.last);
  return () => {
    one.listeners.delete(hear);
  };
}
