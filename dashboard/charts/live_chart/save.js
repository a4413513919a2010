// The chart as an SVG file: what the style sheet says is written into a copy, which then stands by itself.

const WRITTEN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "font-size", "font-weight", "opacity", "text-anchor"];

function standalone(svg, root, legend) {
  const copy = svg.cloneNode(true), own = [...svg.querySelectorAll("*")], { width, height } = svg.getBoundingClientRect();
  [...copy.querySelectorAll("*")].forEach((node, i) => {
    const style = getComputedStyle(own[i]);
    for (const name of WRITTEN) node.setAttribute(name, style.getPropertyValue(name));
  });
  copy.querySelectorAll(".cursor, .select").forEach((node) => node.remove());
  const theme = getComputedStyle(root), head = 22;
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("viewBox", `0 ${-head} ${width} ${height + head}`);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height + head);
  copy.setAttribute("font-family", theme.fontFamily);
  for (const name of ["class", "tabindex", "role", "style"]) copy.removeAttribute(name);
  const made = (tag, attributes, text = "") => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.textContent = text;
    return node;
  };
  const paper = theme.getPropertyValue("--st-background-color") || "#ffffff";
  copy.prepend(made("rect", { x: 0, y: -head, width, height: height + head, fill: paper }));
  let x = LEFT;
  for (const { name, color } of legend) {
    copy.append(made("rect", { x, y: -12, width: 14, height: 3, fill: color }));
    copy.append(made("text", { x: x + 20, y: -7, fill: theme.color, "font-size": 12 }, name));
    x += 36 + 6.6 * name.length;
  }
  return new XMLSerializer().serializeToString(copy);
}

function saveAs(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
