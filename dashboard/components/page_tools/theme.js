// Streamlit's theme. It has no interface for pages to switch it, and with a small toolbar no menu either: its own
// setter is found through React, which shows the theme at once. Where it is not found, the choice is stored as
// Streamlit stores it, and the page is loaded anew.

const KEY = "aecore-theme", STORED = /^stActiveTheme-(.*)(-v\d+)$/;
/** @type {Record<string, RegExp>} */
const NAMES = { system: /Auto$|system/i, light: /Light$/, dark: /Dark$/ };

/** @typedef {{ name: string }} Theme */
/** @typedef {{ setTheme: (theme: Theme) => void, activeTheme: Theme, availableThemes: Theme[] }} Manager */

/** @param {string} choice `system`, `light` or `dark` */
export function chooseTheme(choice) {
  store(choice);
  const manager = findManager(), theme = manager?.availableThemes.find(({ name }) => NAMES[choice].test(name));
  if (manager && theme) manager.setTheme(theme);
  else location.reload();
}

/** What Streamlit shows: `system`, `light` or `dark`; undefined if that cannot be known. */
export function chosenTheme() {
  const name = findManager()?.activeTheme.name;
  return name && Object.keys(NAMES).find((choice) => NAMES[choice].test(name));
}

/** What was chosen last, on any page; undefined if nothing was. */
export function rememberedTheme() {
  const choice = storage()?.getItem(KEY) ?? "";
  return choice in NAMES ? choice : undefined;
}

/**
 * Streamlit stores the theme for the path that was loaded. All pages of the menu get it, so that none flashes.
 * @param {string} choice
 */
function store(choice) {
  const local = storage();
  if (!local) return;
  const version = Object.keys(local).map((key) => STORED.exec(key)?.[2]).find(Boolean) ?? "-v2";
  const links = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll('[data-testid="stTopNavLink"], [data-testid="stSidebarNavLink"]')]);
  for (const path of new Set([location.pathname, ...links.map((link) => new URL(link.href).pathname)])) {
    local.setItem(`stActiveTheme-${path}${version}`, JSON.stringify(choice[0].toUpperCase() + choice.slice(1)));
  }
  local.setItem(KEY, choice);
}

/** None where the browser keeps nothing for a page in a foreign frame. */
function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** @returns {Manager | undefined} */
function findManager() {
  const root = /** @type {Record<string, any> | null} */ (document.getElementById("root"));
  const key = Object.keys(root ?? {}).find((name) => name.startsWith("__reactContainer"));
  const waiting = [key && root?.[key].stateNode?.current];
  while (waiting.length) {
    const node = waiting.pop();
    if (!node) continue;
    if (node.memoizedProps?.theme?.setTheme) return node.memoizedProps.theme;
    waiting.push(node.sibling, node.child);
  }
  return undefined;
}
