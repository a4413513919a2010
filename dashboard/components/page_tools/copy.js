// The page's full address, and putting it on the clipboard.

import { address } from "../../../aecore/viewer/components/address/address.js";

/** The address with what it leaves out while a page is as it was opened: another store may open it otherwise. */
export function fullAddress() {
  address.flush();
  const url = new URL(location.href);
  for (const [name, text] of Object.entries(address.whole())) {
    if (!url.searchParams.has(name)) url.searchParams.set(name, text);
  }
  return url.href;
}

/**
 * Returns whether it is on the clipboard. Pages have the clipboard's interface over https and on localhost alone; the
 * field is selected for what is left.
 * @param {string} text
 * @param {HTMLInputElement} field with the text
 */
export async function copyText(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}
