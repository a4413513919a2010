// The comparer as a Streamlit component.

/** @import { ComparisonData, ComponentArguments } from "../types.js" */

import { mounted } from "../mount.js";
import { createComparison } from "./comparison.js";

/** @param {ComponentArguments<ComparisonData>} mount */
export default function ({ data, parentElement, setStateValue }) {
  const [comparison, cleanup] = mounted(parentElement, ".cb", createComparison);
  comparison.onChange = (place) => setStateValue("place", place);
  comparison.update(data);
  return cleanup;
}
