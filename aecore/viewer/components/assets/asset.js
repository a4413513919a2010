// Large data shared by several components: images, weights, coordinates. A carrier stores them under a name, and a
// component that needs one waits for it. The most recently used few outlive the components.

/** @import { Assets } from "../types.js" */

const MOST = 24;
const page = /** @type {{ aecoreAssets?: Assets }} */ (/** @type {unknown} */ (globalThis));

/** One per page, although every component has this script. */
export const assets = (page.aecoreAssets ??= createAssets());

/** @returns {Assets} */
function createAssets() {
  /** @type {Map<string, unknown>} */
  const kept = new Map();
  /** @type {Map<string, ((parts: unknown) => void)[]>} */
  const waiting = new Map();
  return {
    put(name, parts) {
      kept.delete(name);
      kept.set(name, parts);
      for (const oldest of [...kept.keys()].slice(0, Math.max(kept.size - MOST, 0))) kept.delete(oldest);
      waiting.get(name)?.forEach((resolve) => resolve(parts));
      waiting.delete(name);
    },
    has: (name) => kept.has(name),
    get(name) {
      const parts = kept.get(name);
      if (parts) {
        kept.delete(name); // move to the end: most recently used
        kept.set(name, parts);
        return Promise.resolve(parts);
      }
      return new Promise((resolve) => waiting.set(name, [...(waiting.get(name) ?? []), resolve]));
    },
  };
}
