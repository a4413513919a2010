// What every page has at the end of its heading's line: the theme, and a button that copies the page's address.

/** @import { ComponentArguments } from "../types.js" */

import { partsOf } from "../../../aecore/viewer/js/dom.js";
import { mounted } from "../../../aecore/viewer/components/mount.js";
import { copyText, fullAddress } from "./copy.js";
import { chooseTheme, chosenTheme, rememberedTheme } from "./theme.js";

const SAID_MS = 2000;

/** @param {ComponentArguments<{}>} mount */
export default function ({ parentElement, setTriggerValue }) {
  const [tools, cleanup] = mounted(parentElement, ".pt", createTools);
  tools.onTheme = (choice) => setTriggerValue("theme", choice);
  tools.update();
  return cleanup;
}

/** @param {HTMLElement} root */
function createTools(root) {
  const part = partsOf(root, "pt"), copy = part("copy"), said = part("said");
  /** @type {HTMLSelectElement} */
  const choice = part("choice");
  /** @type {HTMLInputElement} */
  const field = part("link");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const tools = { update, destroy: () => clearTimeout(timer), onTheme: /** @type {(choice: string) => void} */ (() => {}) };

  /** Streamlit calls it at every change of the theme, its own switch's too. */
  function update() {
    const remembered = rememberedTheme(), now = chosenTheme();
    if (remembered && now && remembered !== now) chooseTheme(remembered); // another page was loaded first
    choice.value = remembered ?? now ?? "system";
  }

  choice.onchange = () => {
    chooseTheme(choice.value);
    tools.onTheme(choice.value); // what the server draws in the theme's colours follows
  };

  copy.onclick = async () => {
    const text = fullAddress();
    field.value = text;
    field.hidden = false; // selected, so that a browser without a clipboard for pages has something to copy
    const copied = await copyText(text, field);
    field.hidden = copied;
    say(copied ? "Copied" : "Press Ctrl+C");
    if (copied) copy.focus({ preventScroll: true });
  };
  field.onblur = () => (field.hidden = true);
  field.onkeydown = (event) => {
    if (event.key !== "Escape") return;
    field.hidden = true;
    copy.focus();
  };

  /** @param {string} words */
  function say(words) {
    said.textContent = part("spoken").textContent = words;
    said.classList.add("pt-done");
    clearTimeout(timer);
    timer = setTimeout(() => {
      said.textContent = "Copy link";
      part("spoken").textContent = "";
      said.classList.remove("pt-done");
    }, SAID_MS);
  }

  return tools;
}
