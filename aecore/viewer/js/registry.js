// What all clouds of a page know of each other, also those of other components, whose scripts are their own.

/** @import { Cloud } from "./types.js" */

const page = /** @type {{ aecoreClouds?: { groups: Map<string, Set<Cloud>>, kept: Map<string, string> } }} */ (/** @type {unknown} */ (globalThis));

/** `groups`: clouds that turn together; `kept`: views that were left and may be come back to, by key. */
export const registry = (page.aecoreClouds ??= { groups: new Map(), kept: new Map() });
