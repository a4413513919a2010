// The interpolator as a Streamlit component.

/** @import { ComponentArguments, WalkData } from "../types.js" */

import { mounted } from "../mount.js";
import { createWalker } from "./walker.js";

/** @param {ComponentArguments<WalkData>} mount */
export default function ({ data, parentElement, setStateValue }) {
  const [walker, cleanup] = mounted(parentElement, ".ip", createWalker);
  walker.tell = (place) => setStateValue("place", place);
  walker.update(data);
  return cleanup;
}
