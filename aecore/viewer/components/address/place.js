// A position that lives in the browser and stands in the address.

import { address } from "./address.js";

/**
 * The position under `group`. A visit begins with what the server took from the address; a component that is mounted
 * again during the visit, or when the page is come back to, goes on where it was.
 * @param {string} group
 */
export function createPlace(group) {
  let visit = -1;
  return {
    /**
     * The text of the position with which to begin, null for the default.
     * @param {number} now the visit
     * @param {string | null} given by the server
     */
    arrive(now, given) {
      visit = now;
      const kept = address.recall(group, visit), text = kept === undefined ? given : kept;
      address.keep(group, visit, text);
      return text;
    },
    /** @param {string | null} text */
    moved: (text) => address.keep(group, visit, text),
    release: () => address.release(group),
  };
}
