// The restorer with the images that the page holds.

/** @import { RestorerData } from "../types.js" */

import { found } from "../../js/dom.js";
import { createRestorer } from "../restorer/restorer.js";

/**
 * @param {ShadowRoot} root
 * @param {RestorerData} data
 * @param {URLSearchParams} given
 */
export function showRestorer(root, data, given) {
  const restorer = createRestorer(found(root, ".rs"));
  const show = () => restorer.update({ ...data, place: given.get("hand") });
  show();
  return show;
}
