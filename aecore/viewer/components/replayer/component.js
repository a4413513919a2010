// The replayer as a Streamlit component.

/** @import { ComponentArguments, ReplayData } from "../types.js" */

import { mounted } from "../mount.js";
import { createPlayer } from "./player.js";

/** @param {ComponentArguments<ReplayData>} mount */
export default function ({ data, parentElement }) {
  const [player, cleanup] = mounted(parentElement, ".rp", createPlayer);
  player.update(data);
  return cleanup;
}
