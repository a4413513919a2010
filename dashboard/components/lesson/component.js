// Shows nothing: makes the lesson's bar a landmark, and keeps the lesson in the address.

/** @import { ComponentArguments } from "../types.js" */

const BAR = ".st-key-lesson";

/** @param {ComponentArguments<{ page: string, label: string, carried: Record<string, string> }>} mount */
export default function ({ data, parentElement }) {
  const root = parentElement.getRootNode();
  const inside = root instanceof ShadowRoot ? root.host : parentElement instanceof HTMLElement ? parentElement : null;
  const bar = inside?.closest(BAR);
  bar?.setAttribute("role", "region");
  bar?.setAttribute("aria-label", data.label);
  const address = new URL(location.href), missing = Object.entries(data.carried).filter(([name]) => !address.searchParams.has(name));
  if (!missing.length) return;
  for (const [name, text] of missing) address.searchParams.set(name, text);
  history.replaceState(history.state, "", address);
}
