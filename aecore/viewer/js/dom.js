// Making and finding the nodes of a component.

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} [className]
 * @param {...(Node | string)} content
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, className = "", ...content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...content);
  return node;
}

/**
 * @param {string} className
 * @param {Node | string} content
 * @param {(event: MouseEvent) => void} onclick
 * @param {string} [label] for a button whose content does not say what it does
 */
export function button(className, content, onclick, label) {
  const node = element("button", className, content);
  node.type = "button";
  node.onclick = onclick;
  if (label) node.setAttribute("aria-label", label);
  return node;
}

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 * @returns {SVGElementTagNameMap[T]}
 */
export function svgElement(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text !== undefined) node.textContent = text;
  return node;
}

/**
 * Finds the parts of a component, whose classes are its prefix and their name: `.rp-slider` is `part("slider")`.
 * @param {ParentNode} root
 * @param {string} prefix
 * @returns {<T extends Element = HTMLElement>(name: string) => T}
 */
export const partsOf = (root, prefix) => (name) => found(root, `.${prefix}-${name}`);

/**
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {T}
 */
export function found(root, selector) {
  const node = root.querySelector(selector);
  if (!node) throw new Error(`there is no ${selector}`);
  return /** @type {T} */ (node);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function context2d(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("this browser provides no 2D canvas");
  return context;
}
