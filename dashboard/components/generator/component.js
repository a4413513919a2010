// The generator as a Streamlit component.

/** @import { ComponentArguments, GenerateData } from "../types.js" */

import { mounted } from "../mount.js";
import { createMaker } from "./maker.js";

/** @param {ComponentArguments<GenerateData>} mount */
export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const [maker, cleanup] = mounted(parentElement, ".ge", createMaker);
  maker.tell = (vector) => setStateValue("vector", vector);
  maker.pick = (vector) => setTriggerValue("picked", vector);
  maker.update(data);
  return cleanup;
}
