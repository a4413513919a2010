// The interpolator as a Streamlit component.

/** @import { ComponentArguments, InterpolationData } from "../types.js" */

import { mounted } from "../mount.js";
import { createInterpolator } from "./interpolator.js";

/** @param {ComponentArguments<InterpolationData>} mount */
export default function ({ data, parentElement, setStateValue }) {
  const [interpolator, cleanup] = mounted(parentElement, ".ip", createInterpolator);
  interpolator.onChange = (place) => setStateValue("place", place);
  interpolator.update(data);
  return cleanup;
}
