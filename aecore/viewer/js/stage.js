// One cloud on the screen: its canvas, its movements, and what is drawn over it. What it shares with the clouds beside
// it (camera, colours, hidden classes, the pinned point) it asks of its owner.

const MORPH_MS = 900, CARD_AT = 7, IMAGE_AT = 10.5, LARGEST = 30;
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const ease = (share) => 1 - (1 - share) ** 3;

function createStage(owner, box) {
  const part = (name) => box.querySelector(`.cl-${name}`);
  const over = part("over"), overContext = over.getContext("2d");
  let canvas = part("gl");
  const stage = { box, canvas, view: null, points: null, width: 0, height: 0, draw: invalidate };
  let painter = createPainter(canvas, invalidate);
  if (!painter) {
    const plain = canvas.cloneNode(); // a canvas keeps the first kind of context that it was asked for
    canvas.replaceWith(plain);
    canvas = stage.canvas = plain;
    painter = createPlainPainter(canvas);
  }
  box.dataset.painter = painter.kind;
  let xyz = new Float32Array(0), morph = null, screen = null, order = null, keep = null, colored = null, frame = 0;
  let home = 1, last = 0, frames = 0, pace = 16, path = null, visible = true;

  // ---- what is shown ------------------------------------------------------------------------

  // Show points; those that were here before move to their new places.
  function show(view, points, duration = MORPH_MS) {
    const before = stage.points, from = new Float32Array(points.xyz);
    if (before && before !== points) {
      for (let i = 0; i < points.count; i += 1) {
        const row = before.rowOf.get(points.indices[i]);
        if (row !== undefined) from.set(xyz.subarray(row * 3, row * 3 + 3), i * 3);
      }
    } else if (!before) {
      for (let i = 0; i < from.length; i += 1) from[i] *= 0.55; // it unfolds when it is first seen
    }
    [stage.view, stage.points] = [view, points];
    const room = (kind) => new kind(points.count);
    screen = { x: room(Float32Array), y: room(Float32Array), depth: room(Float32Array), scale: room(Float32Array) };
    [order, keep] = [room(Uint32Array), room(Uint8Array)];
    morph = still() || before === points ? null : { from, to: points.xyz, since: null, duration };
    xyz = morph ? new Float32Array(from) : new Float32Array(points.xyz);
    painter.setAtlas(points.atlas);
    recolor();
  }

  function recolor() {
    if (!stage.points) return;
    colored = colorPoints(stage.points, owner.state.color, owner.theme);
    stage.colored = colored;
    invalidate();
  }

  const camera = () => owner.cameraOf(stage);
  const rowOf = (index) => stage.points?.rowOf.get(index) ?? -1;

  // ---- drawing ------------------------------------------------------------------------------

  function invalidate() {
    frame ||= requestAnimationFrame(render);
  }

  function resize() {
    const { clientWidth: width, clientHeight: height } = box, density = Math.min(devicePixelRatio || 1, 2);
    if (!width || !height) return false;
    [stage.width, stage.height, stage.density] = [width, height, density];
    for (const layer of [canvas, over]) {
      const [w, h] = [Math.round(width * density), Math.round(height * density)];
      if (layer.width !== w || layer.height !== h) [layer.width, layer.height] = [w, h];
    }
    return true;
  }

  function render(now) {
    frame = 0;
    if (!stage.points || !visible || !box.isConnected || !resize()) return;
    const passed = now - last;
    last = now;
    let moving = owner.advance(stage, Math.min(passed, 50), now);
    if (morph) {
      morph.since ??= now;
      const share = clamp((now - morph.since) / morph.duration, 0, 1), part = morph.duration === MORPH_MS ? ease(share) : share;
      for (let i = 0; i < xyz.length; i += 1) xyz[i] = morph.from[i] + (morph.to[i] - morph.from[i]) * part;
      if (share === 1) morph = null;
      moving = true;
    }
    paint();
    frames += 1;
    box.dataset.frames = frames;
    pace += (Math.min(passed, 200) - pace) * 0.1;
    // Where every frame is hard work, the points that a job moves must not take the job's own processor from it.
    if (moving && stage.view.live && pace > 28) setTimeout(invalidate, 150);
    else if (moving) invalidate();
  }

  function paint() {
    const { points, width, height, density } = stage, { count } = points;
    const seen = camera();
    projectPoints(seen, xyz, count, width, height, screen);
    for (let i = 0; i < count; i += 1) keep[i] = owner.state.hidden.has(points.labels[i]) ? 0 : 1;
    const many = sortByDepth(screen, keep, count, order);
    home = pixelsPerUnit(HOMES[stage.view.dims], width, height);
    const extra = emphasised();
    const list = painter.list(many + extra.length);
    let length = 0;
    const only = owner.state.only, selected = owner.state.selected, pictured = painter.hasAtlas();
    const push = (i, radius, opacity, image) => {
      const at = (length * STRIDE) / 4, first = length * STRIDE, byte = first + 20, { floats, bytes } = list;
      floats[at] = screen.x[i];
      floats[at + 1] = screen.y[i];
      floats[at + 2] = radius;
      floats[at + 3] = image;
      floats[at + 4] = points.tile ? points.tile[i] : 0;
      for (let k = 0; k < 3; k += 1) bytes[byte + k] = colored.colors[i * 3 + k];
      bytes[byte + 3] = opacity * 255;
      bytes.copyWithin(first + CORNER, first, first + CORNER);
      bytes.copyWithin(first + 2 * CORNER, first, first + 2 * CORNER);
      length += 1;
    };
    for (let n = 0; n < many; n += 1) {
      const i = order[n], radius = radiusOf(i);
      if (screen.x[i] < -radius || screen.x[i] > width + radius || screen.y[i] < -radius || screen.y[i] > height + radius) continue;
      const fog = seen.perspective * clamp((screen.depth[i] - seen.distance + 1) / 2, 0, 1);
      const close = 1 - seen.perspective * (1 - clamp((screen.depth[i] - 0.05) / 0.12, 0, 1)); // what is at the eye hides all else
      let opacity = (0.92 - 0.55 * fog) * close;
      const shaded = (only !== null && points.labels[i] !== only) || (selected && !selected.has(points.indices[i]));
      if (shaded) opacity *= 0.13;
      const image = pictured && points.tile[i] >= 0 && !shaded ? clamp((radius - CARD_AT) / (IMAGE_AT - CARD_AT), 0, 1) : 0;
      push(i, radius, opacity, image);
    }
    for (const { row, radius } of extra) {
      if (screen.scale[row] > 0) push(row, Math.max(radiusOf(row), radius), 1, pictured && points.tile[row] >= 0 ? 1 : 0);
    }
    painter.draw(length, width, height, density, owner.theme);
    paintOver();
  }

  // In pixels; grows as one comes near, in a flat drawing a little more slowly than the distances.
  function radiusOf(i) {
    const { points, width, height } = stage, base = clamp(Math.sqrt((width * height) / points.count) * 0.16, 1.5, 4);
    const near = screen.scale[i] / home;
    return Math.min(base * (stage.view.dims === 3 ? near : near ** 0.92), LARGEST);
  }

  // What is drawn once more on top: neighbours of the pinned point, the pinned point, the one under the pointer.
  function emphasised() {
    const list = owner.neighboursIn(stage).map((row) => ({ row, radius: 9 }));
    for (const [index, radius] of [[owner.state.pinned, 14], [owner.state.hovered, 6]]) {
      const row = index === null ? -1 : rowOf(index);
      if (row >= 0) list.push({ row, radius });
    }
    return list;
  }

  // ---- drawn over it ------------------------------------------------------------------------

  function paintOver() {
    const { width, height, density } = stage, { theme, state } = owner, g = overContext;
    g.setTransform(density, 0, 0, density, 0, 0);
    g.clearRect(0, 0, width, height);
    const text = toCss(theme.text), accent = toCss(theme.accent);
    const ring = (row, extra, color, line) => {
      if (row < 0 || screen.scale[row] === 0) return;
      g.beginPath();
      g.arc(screen.x[row], screen.y[row], Math.max(radiusOf(row), extra) + 3, 0, 2 * Math.PI);
      [g.strokeStyle, g.lineWidth] = [color, line];
      g.stroke();
    };
    const centre = owner.centreIn(stage, at);
    if (centre) {
      g.globalAlpha = 0.45;
      for (const row of owner.neighboursIn(stage)) {
        g.beginPath();
        g.moveTo(...centre);
        g.lineTo(screen.x[row], screen.y[row]);
        [g.strokeStyle, g.lineWidth] = [text, 1];
        g.stroke();
      }
      g.globalAlpha = 1;
    }
    if (state.pinned !== null) ring(rowOf(state.pinned), 17, text, 2);
    if (state.hovered !== null && state.hovered !== state.pinned) ring(rowOf(state.hovered), 6, text, 1.5);
    if (stage.extra) paintExtra(g, text, accent);
    if (stage.view.axes) paintAxes(g, text);
    if (path) {
      g.beginPath();
      path.forEach(([x, y], i) => (i ? g.lineTo(x, y) : g.moveTo(x, y)));
      g.closePath();
      [g.strokeStyle, g.fillStyle, g.lineWidth] = [accent, accent, 1.5];
      g.globalAlpha = 0.12;
      g.fill();
      g.globalAlpha = 1;
      g.stroke();
    }
  }

  // An image that is not one of the points, at its place: a diamond with the image in it.
  function paintExtra(g, text, accent) {
    const [x, y] = at(stage.extra.xyz), { canvas: picture } = stage.extra, side = 34;
    g.save();
    g.translate(x, y);
    g.beginPath();
    g.moveTo(0, 0);
    for (const [a, b] of [[-5, -12], [5, -12]]) g.lineTo(a, b);
    g.closePath();
    g.fillStyle = accent;
    g.fill();
    g.beginPath();
    g.roundRect(-side / 2 - 3, -side - 15, side + 6, side + 6, 5);
    g.fill();
    g.imageSmoothingEnabled = false;
    if (picture) g.drawImage(picture, -side / 2, -side - 12, side, side);
    g.beginPath();
    g.arc(0, 0, 3.5, 0, 2 * Math.PI);
    [g.fillStyle, g.strokeStyle, g.lineWidth] = [accent, toCss(owner.theme.ground), 1.5];
    g.fill();
    g.stroke();
    g.restore();
  }

  // Which way the axes of the drawing point, small, in the corner; only where they mean something.
  function paintAxes(g, text) {
    const seen = camera(), rows = cameraAxes(seen), [x, y, length] = [50, stage.height - 46, 28];
    g.font = `11px ${getComputedStyle(box).fontFamily}`;
    g.textBaseline = "middle";
    [g.strokeStyle, g.fillStyle, g.lineWidth, g.globalAlpha] = [text, text, 1, 0.6];
    stage.view.axes.forEach((name, k) => {
      const across = rows[k] * length, up = rows[3 + k] * length;
      g.beginPath();
      g.moveTo(x, y);
      g.lineTo(x + across, y - up);
      g.stroke();
      const way = Math.hypot(across, up);
      if (way < 7) return; // it points at the eye
      g.textAlign = across < -4 ? "right" : across > 4 ? "left" : "center";
      const tight = g.textAlign === "right" && g.measureText(name).width > x + across - 6;
      if (tight) g.textAlign = "left";
      g.fillText(name, x + across + (across / way) * 6, y - up - (up / way) * 9);
    });
    g.globalAlpha = 1;
  }

  // ---- places on the screen -----------------------------------------------------------------

  // Where a point of the drawing's own frame stands now.
  function at(place) {
    const one = { x: [0], y: [0], depth: [0], scale: [0] };
    projectPoints(camera(), place, 1, stage.width, stage.height, one);
    return [one.x[0], one.y[0]];
  }

  // The visible point at (x, y): the nearest on the screen, of those about as near the one in front; -1 for none.
  function pick(x, y, reach = 9) {
    if (!screen) return -1;
    let best = -1, least = Infinity, front = Infinity;
    for (let i = 0; i < stage.points.count; i += 1) {
      if (!keep[i] || screen.scale[i] === 0) continue;
      if (owner.state.only !== null && stage.points.labels[i] !== owner.state.only) continue;
      const away = Math.hypot(screen.x[i] - x, screen.y[i] - y), radius = radiusOf(i);
      if (away > Math.max(radius, reach)) continue;
      const apart = Math.max(away - radius, 0); // within a large image all places are alike
      if (apart < least - 1.5 || (apart < least + 1.5 && screen.depth[i] < front)) [best, least, front] = [i, apart, screen.depth[i]];
    }
    return best;
  }

  // Test images whose points lie within a polygon on the screen.
  function inside(polygon) {
    const found = [];
    for (let i = 0; i < stage.points.count; i += 1) {
      if (keep[i] && screen.scale[i] > 0 && within(polygon, screen.x[i], screen.y[i])) found.push(stage.points.indices[i]);
    }
    return found;
  }

  // The picture as it is, on the theme's ground.
  function snapshot() {
    paint();
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const g = copy.getContext("2d");
    g.fillStyle = toCss(owner.theme.ground);
    g.fillRect(0, 0, copy.width, copy.height);
    for (const layer of [canvas, over]) g.drawImage(layer, 0, 0);
    return copy;
  }

  // Nothing is drawn out of sight: a page may have several clouds below one another.
  const watching = new IntersectionObserver((entries) => {
    visible = entries.at(-1).isIntersecting;
    if (visible) invalidate();
  });
  watching.observe(box);
  const observer = new ResizeObserver(invalidate);
  observer.observe(box);
  function destroy() {
    watching.disconnect();
    observer.disconnect();
    cancelAnimationFrame(frame);
    painter.destroy();
  }

  const screenOf = (row) => ({ x: screen.x[row], y: screen.y[row], radius: radiusOf(row), shown: screen.scale[row] > 0 });
  const placeOf = (row) => Array.from(stage.points.xyz.subarray(row * 3, row * 3 + 3));
  const drawPath = (next) => {
    path = next;
    invalidate();
  };
  return Object.assign(stage, { show, recolor, invalidate, pick, inside, snapshot, destroy, rowOf, screenOf, placeOf, drawPath });
}
