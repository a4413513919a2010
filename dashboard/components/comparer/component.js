// The comparer as a Streamlit component.

/** @import { BenchData, ComponentArguments } from "../types.js" */

import { mounted } from "../mount.js";
import { createBench } from "./bench.js";

/** @param {ComponentArguments<BenchData>} mount */
export default function ({ data, parentElement, setStateValue }) {
  const [bench, cleanup] = mounted(parentElement, ".cb", createBench);
  bench.tell = (place) => setStateValue("place", place);
  bench.update(data);
  return cleanup;
}
