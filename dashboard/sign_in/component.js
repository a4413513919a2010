// Plain forms that the browser posts: the answer sets or removes a cookie that no script can read, and leads back.

/** @import { ComponentArguments } from "../components/types.js" */

/** @param {ComponentArguments<{ action: string, problem: string }>} mount */
export default function ({ data, parentElement }) {
  const form = /** @type {HTMLFormElement} */ (parentElement.querySelector("form"));
  form.action = new URL(data.action, document.baseURI).href;
  form.onsubmit = () => {
    /** @type {HTMLInputElement | null} */
    const next = form.querySelector("[name=next]");
    if (next) next.value = location.pathname + location.search;
    /** @type {HTMLButtonElement} */ (form.querySelector("button")).disabled = true; // a second click sends it twice
  };
  /** @type {HTMLElement | null} */
  const problem = form.querySelector(".si-problem");
  if (!problem) return;
  problem.textContent = data.problem;
  problem.hidden = !data.problem;
}
