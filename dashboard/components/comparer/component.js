// The comparer as a Streamlit component.

/** @import { ComparisonData, ComponentArguments } from "../types.js" */

import { mounted } from "../../../aecore/viewer/components/mount.js";
import { createComparison } from "./comparison.js";

/** @param {ComponentArguments<ComparisonData>} mount */
export default function ({ data, parentElement }) {
  const [comparison, cleanup] = mounted(parentElement, ".cb", createComparison);
  comparison.update(data);
  return cleanup;
}
