// The components that need nothing more on a page without a server: replayer and point cloud.

/** @import { ReplayData } from "../types.js" */
/** @import { CloudData } from "../../js/types.js" */

import { createCloud } from "../../js/cloud.js";
import { found } from "../../js/dom.js";
import { assets } from "../assets/asset.js";
import { createPlayer } from "../replayer/player.js";

/**
 * @param {ShadowRoot} root
 * @param {ReplayData} data
 * @param {URLSearchParams} given
 */
export function showReplay(root, data, given) {
  const player = createPlayer(found(root, ".rp")), epoch = parseFloat(given.get("epoch") ?? "");
  const shown = { ...data, start: epoch >= 0 ? epoch : null, difference: given.get("difference") === "1" };
  player.update(shown);
  return () => player.update(shown);
}

/**
 * @param {ShadowRoot} root
 * @param {CloudData} data
 */
export function showCloud(root, data) {
  const cloud = createCloud(found(root, ".cl"), { asset: (name) => assets.get(name) });
  const shown = { ...data, address: location.protocol !== "about:" }; // a frame with its page in itself has none
  cloud.update(shown);
  return () => void cloud.update(shown);
}
