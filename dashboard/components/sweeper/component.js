// The sweeper as a Streamlit component.

/** @import { ComponentArguments, SweeperData } from "../types.js" */

import { mounted } from "../../../aecore/viewer/components/mount.js";
import { createSweeper } from "./sweeper.js";

/** @param {ComponentArguments<SweeperData>} mount */
export default function ({ data, parentElement }) {
  const [sweeper, cleanup] = mounted(parentElement, ".sw", createSweeper);
  sweeper.update(data);
  return cleanup;
}
