// The restorer as a Streamlit component.

/** @import { ComponentArguments, RestorerData } from "../types.js" */

import { mounted } from "../mount.js";
import { createRestorer } from "./restorer.js";

/** @param {ComponentArguments<RestorerData>} mount */
export default function ({ data, parentElement }) {
  const [restorer, cleanup] = mounted(parentElement, ".rs", createRestorer);
  restorer.update(data);
  return cleanup;
}
