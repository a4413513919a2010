// A page of its own: the payloads stand in the page, in base64.

const content = JSON.parse(document.getElementById("content").textContent);
const bytesFrom = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const parts = Object.fromEntries(Object.entries(content.parts).map(([name, fields]) => [
  name,
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value?.base64 === undefined ? value : bytesFrom(value.base64)])),
]));
const cloud = createCloud(document.querySelector(".cl"), { asset: async (name) => parts[name] });
const fit = () => cloud.update({ ...content.data, height: Math.max(window.innerHeight - document.querySelector("header").offsetHeight - 56, 420) });
window.addEventListener("resize", fit);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fit);
fit();
