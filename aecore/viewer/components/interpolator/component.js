// The interpolator as a Streamlit component.

/** @import { ComponentArguments, InterpolationData } from "../types.js" */

import { mounted } from "../mount.js";
import { createInterpolator } from "./interpolator.js";

/** @param {ComponentArguments<InterpolationData>} mount */
export default function ({ data, parentElement }) {
  const [interpolator, cleanup] = mounted(parentElement, ".ip", createInterpolator);
  interpolator.update(data);
  return cleanup;
}
