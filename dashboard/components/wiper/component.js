// The wiper as a Streamlit component.

/** @import { ComponentArguments, WiperData } from "../types.js" */

import { mounted } from "../../../aecore/viewer/components/mount.js";
import { createWiper } from "./wiper.js";

/** @param {ComponentArguments<WiperData>} mount */
export default function ({ data, parentElement }) {
  const [wiper, cleanup] = mounted(parentElement, ".wp", createWiper);
  wiper.update(data);
  return cleanup;
}
