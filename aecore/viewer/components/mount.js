// Mounting a component: its state between Streamlit's calls, and its width.

/** @import { ComponentArguments, Mounted } from "./types.js" */

import { found } from "../js/dom.js";

/**
 * Streamlit calls a component again at every change of data or theme, and runs only the cleanup of the last call, so all
 * state lives on the mounted element. Returns what `create` made of the root, and the cleanup.
 * @template {Mounted<any>} T
 * @param {ComponentArguments<any>["parentElement"]} parentElement
 * @param {string} selector of the root
 * @param {(root: HTMLElement) => T} create
 * @returns {[T, () => void]}
 */
export function mounted(parentElement, selector, create) {
  const place = /** @type {{ __aecore?: T }} */ (/** @type {unknown} */ (parentElement));
  const made = (place.__aecore ??= create(found(parentElement, selector)));
  const cleanup = () => {
    made.destroy();
    delete place.__aecore;
  };
  return [made, cleanup];
}

/**
 * Calls `changed` with every new width, in whole pixels, until the returned function is called.
 * @param {HTMLElement} root
 * @param {(width: number) => void} changed
 */
export function watchWidth(root, changed) {
  let known = 0;
  const observer = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width === known) return;
    known = width;
    changed(width);
  });
  observer.observe(root);
  return () => observer.disconnect();
}
