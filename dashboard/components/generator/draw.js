// A pad to draw on: what the network makes of the drawing is seen with every stroke.

const BRUSH = 0.055; // its radius, in parts of the image's width

function createPad(host, { encode, decode, shape, colors, say, near, pick }) {
  const [channels, height, width] = shape, values = new Float32Array(channels * height * width);
  const pad = host.querySelector(".ge-pad"), made = host.querySelector(".ge-made"), bars = host.querySelector(".ge-code");
  const part = (name) => host.querySelector(`.ge-${name}`);
  let color = colors[0] ?? [1], last = null, frame = 0, code = null;

  // A soft round dab; the brighter of two dabs counts.
  function dab(x, y) {
    const radius = Math.max(BRUSH * width, 0.6), reach = Math.ceil(radius * 2);
    for (let r = Math.max(0, Math.floor(y) - reach); r <= Math.min(height - 1, Math.floor(y) + reach); r += 1) {
      for (let c = Math.max(0, Math.floor(x) - reach); c <= Math.min(width - 1, Math.floor(x) + reach); c += 1) {
        const away = Math.hypot(c + 0.5 - x, r + 0.5 - y) / radius, ink = Math.min(1, Math.max(0, 1.6 - away));
        for (let k = 0; k < channels; k += 1) {
          const at = (r * width + c) * channels + k;
          if (ink > 0) values[at] = Math.max(values[at], ink * color[k % color.length]);
        }
      }
    }
  }

  function stroke(event) {
    const box = pad.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width, y = ((event.clientY - box.top) / box.height) * height;
    const [fromX, fromY] = last ?? [x, y], steps = Math.ceil(Math.hypot(x - fromX, y - fromY) * 2) || 1;
    for (let i = 1; i <= steps; i += 1) dab(fromX + ((x - fromX) * i) / steps, fromY + ((y - fromY) * i) / steps);
    last = [x, y];
    show();
  }

  function show() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      render();
    });
  }

  function render() {
    paint(pad, values, shape);
    code = encode(values).slice();
    const image = decode(code), drawn = values.some((value) => value > 0);
    paint(made, image, shape);
    part("drawn-says").textContent = drawn ? say(values) : "Draw here";
    part("made-says").textContent = drawn ? say(image) : "";
    part("made-near").textContent = drawn ? near(code) : "";
    part("use").disabled = part("clear").disabled = !drawn;
    bars.replaceChildren(barsOf(code));
    made.setAttribute("aria-label", `What the network makes of the drawing${drawn ? `, ${say(image)}` : ""}`);
    host.dataset.ink = values.reduce((sum, value) => sum + value, 0).toFixed(1);
  }

  pad.onpointerdown = (event) => {
    if (event.button > 0) return;
    pad.setPointerCapture(event.pointerId);
    last = null;
    stroke(event);
  };
  pad.onpointermove = (event) => {
    if (!pad.hasPointerCapture(event.pointerId)) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) stroke(one);
  };
  part("clear").onclick = () => {
    values.fill(0);
    render();
  };
  part("use").onclick = () => pick(asText(code));
  part("inks").replaceChildren(
    ...colors.map((ink, i) => {
      const button = element("button", "ge-ink");
      button.type = "button";
      button.style.background = `rgb(${ink.map((value) => Math.round(255 * value)).join(" ")})`;
      button.setAttribute("aria-label", `Colour of ${i}`);
      button.setAttribute("aria-pressed", String(i === 0));
      button.onclick = () => {
        color = ink;
        for (const other of part("inks").children) other.setAttribute("aria-pressed", String(other === button));
      };
      return button;
    }),
  );
  part("inks").hidden = colors.length < 2;
  render();
}
