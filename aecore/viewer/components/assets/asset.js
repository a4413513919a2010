// Large data shared by several components: images, weights, coordinates. A carrier stores them under a name, and a
// component that needs one waits for it. Those with a carrier on the page stay; of the others the most recently used few.

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
  /** @type {Map<string, Set<object>>} */
  const held = new Map();
  const dropOldest = () => {
    const free = [...kept.keys()].filter((name) => !held.has(name));
    for (const oldest of free.slice(0, Math.max(kept.size - MOST, 0))) kept.delete(oldest);
  };
  return {
    put(name, parts) {
      kept.delete(name);
      kept.set(name, parts);
      dropOldest();
      waiting.get(name)?.forEach((resolve) => resolve(parts));
      waiting.delete(name);
    },
    hold(name, carrier) {
      held.set(name, (held.get(name) ?? new Set()).add(carrier));
      return () => {
        const others = held.get(name);
        others?.delete(carrier);
        if (!others?.size) held.delete(name);
        dropOldest();
      };
    },
    has: (name) => kept.has(name),
    waits: () => [...waiting.keys()].some((name) => held.has(name)),
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
