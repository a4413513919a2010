// The generator as a Streamlit component.

/** @import { ComponentArguments, GenerateData } from "../types.js" */

import { mounted } from "../mount.js";
import { createGenerator } from "./generator.js";

/** @param {ComponentArguments<GenerateData>} mount */
export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const [generator, cleanup] = mounted(parentElement, ".ge", createGenerator);
  generator.onChange = (vector) => setStateValue("vector", vector);
  generator.pick = (vector) => setTriggerValue("picked", vector);
  generator.ask = (label) => setTriggerValue("asked", label);
  generator.open = (unit) => setTriggerValue("opened", unit);
  generator.update(data);
  return cleanup;
}
