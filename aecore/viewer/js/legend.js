// The legend: what the colours mean, classes on and off, finding a class or an image; and the figures beside the cloud.

function createLegend(owner, root, panel) {
  const part = (name) => root.querySelector(`.cl-${name}`);
  let built = "";

  function update(stages) {
    const stage = stages[0];
    if (!stage?.points) return;
    const widths = stages.map(({ points }) => points?.codes?.width ?? 0), errors = stages.some(({ points }) => points?.codes);
    const key = JSON.stringify([widths, errors, owner.data.classes, stage.view.id, stages.length, stage.points.count]);
    if (key !== built) {
      built = key;
      build(stage, Math.max(...widths), errors);
      trust(stages);
    }
    refresh(stage);
  }

  function build(stage, units, errors) {
    const box = part("colors"), choices = [["label", "Class"]];
    if (errors) choices.push(["error", "Error"]);
    if (units) choices.push(["unit", "Unit"]);
    const kinds = make("div", "cl-kinds");
    kinds.setAttribute("role", "group");
    kinds.setAttribute("aria-label", "Colour by");
    for (const [kind, name] of choices) {
      const one = button("cl-kind", name, () => owner.colorBy(kind === "unit" ? `unit${owner.state.unit}` : kind));
      one.dataset.kind = kind;
      kinds.append(one);
    }
    const head = make("div", "cl-head", make("strong", "", "Colour"), kinds);
    const unit = make("label", "cl-unit", "Unit ");
    const number = Object.assign(make("input"), { type: "number", min: 1, max: units, step: 1 });
    const slider = Object.assign(make("input"), { type: "range", min: 1, max: units, step: 1 });
    slider.setAttribute("aria-label", "Unit of the code");
    for (const input of [number, slider]) {
      input.oninput = () => input.value && owner.colorBy(`unit${clamp(Math.round(Number(input.value)), 1, units) - 1}`);
    }
    unit.append(number, ` of ${units}`, slider);
    const ramp = make("div", "cl-ramp", make("span"), make("i"), make("span"));
    const classes = make("div", "cl-classes"), counts = new Map();
    for (const label of stage.points.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
    for (const label of [...counts.keys()].sort((a, b) => a - b)) {
      const one = button("cl-class", "", () => owner.toggleClass(label));
      one.append(make("i", "cl-dot"), make("span", "", panel.nameOf(label)), make("small", "", counts.get(label).toLocaleString("en")));
      one.ondblclick = () => owner.onlyClass(label);
      one.onpointerenter = (event) => event.pointerType === "mouse" && owner.emphasise(label);
      one.onpointerleave = () => owner.emphasise(null);
      one.dataset.label = label;
      one.title = "Click: show or hide. Double click: only this class.";
      classes.append(one);
    }
    box.replaceChildren(head, unit, ramp, classes, find(counts));
  }

  function find(counts) {
    const form = make("form", "cl-find"), input = Object.assign(make("input"), { type: "search", placeholder: "Find a class, or #123" });
    input.setAttribute("aria-label", "Find a class or a test image");
    const said = make("span", "cl-said");
    form.onsubmit = (event) => {
      event.preventDefault();
      const text = input.value.trim().toLowerCase();
      if (!text) return;
      const label = [...counts.keys()].find((one) => panel.nameOf(one).toLowerCase() === text)
        ?? [...counts.keys()].find((one) => text.length > 2 && panel.nameOf(one).toLowerCase().startsWith(text));
      const index = /^#?\d+$/.test(text) ? Number(text.replace("#", "")) : null;
      said.textContent = "";
      if (label !== undefined && !text.startsWith("#")) owner.findClass(label);
      else if (index !== null) owner.goTo(owner.stages[0], index);
      else said.textContent = "No such class. A test image is found by its number, as in #123.";
    };
    input.oninput = () => (said.textContent = "");
    form.append(input, button("cl-button", "Find", () => form.requestSubmit()), said);
    return form;
  }

  function refresh(stage) {
    const { state } = owner, kind = stage.colored.kind, box = part("colors");
    for (const one of box.querySelectorAll(".cl-kind")) one.setAttribute("aria-pressed", one.dataset.kind === kind);
    const unit = box.querySelector(".cl-unit"), ramp = box.querySelector(".cl-ramp");
    unit.hidden = kind !== "unit";
    ramp.hidden = kind === "label";
    for (const input of unit.querySelectorAll("input")) if (root.getRootNode().activeElement !== input) input.value = state.unit + 1;
    if (kind !== "label") {
      const [low, line, high] = ramp.children, { colored } = stage;
      low.textContent = figure(colored.low);
      high.textContent = `${figure(colored.high)}${kind === "error" ? " (log)" : ""}`;
      line.style.background = `linear-gradient(to right, ${colored.ramp.map(toCss).join(", ")})`;
    }
    for (const one of box.querySelectorAll(".cl-class")) {
      const label = Number(one.dataset.label);
      one.setAttribute("aria-pressed", !state.hidden.has(label));
      if (kind === "label") panel.tint(one, label);
      else one.style.removeProperty("--cl-color");
    }
  }

  // How far to trust the drawing, a line a figure.
  function trust(stages) {
    const box = part("trust"), lines = stages.length === 1 ? (stages[0].view.quality ?? []) : [];
    box.hidden = !lines.length;
    box.replaceChildren(make("div", "cl-head", make("strong", "", "How far to trust it")));
    for (const { name, value, text, hint } of lines) {
      const bar = make("i");
      bar.style.width = `${clamp(value, 0, 1) * 100}%`;
      const line = make("div", "cl-figure", make("span", "", name), make("b", "", text), make("div", "", bar));
      line.title = hint;
      box.append(line);
    }
    const note = stages[0].view.note;
    if (note && stages.length === 1) box.append(make("p", "cl-quiet", note));
    const slow = stages.some(({ box: stage }) => stage.dataset.painter === "canvas");
    part("help").textContent = (slow ? "This browser has no WebGL2, so the cloud is drawn without it, more slowly. " : "") +
      "Drag to turn or move, scroll to come near, double click to go there. Keys: arrows, + −, R reset, space spin, [ ] next point, N its neighbour.";
  }

  return { update };
}
