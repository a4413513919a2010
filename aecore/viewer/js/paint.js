// Draws points back to front: as round dots, and as their images where they are large enough. WebGL2 where there is
// one, else a plain canvas that is given the same list.

/** @import { Atlas, Painter } from "./types.js" */

import { context2d } from "./dom.js";

// A point is x, y, radius, share of the image, tile (float32 each), red, green, blue, opacity (bytes each). It is drawn as
// one of WebGL's points, a square of one vertex: two triangles have four, which is more to write and, without a GPU, to draw.
/** Bytes of a point. */
export const STRIDE = 24;

const VERTEX = `#version 300 es
in vec4 place; in float tile; in vec4 color;
uniform vec2 size; uniform vec2 room; uniform float density; uniform float margin;
flat out float radius; flat out float image; flat out float cell; flat out vec4 tint;
void main() {
  radius = place.z * density; image = place.w; cell = tile; tint = color;
  vec2 seen = (place.xy / size * room + margin) / (room + 2.0 * margin) * 2.0 - 1.0;
  gl_Position = vec4(seen.x, -seen.y, 0.0, 1.0);
  gl_PointSize = 2.0 * radius + 2.0;
}`;

// Everything leaves premultiplied: what is half covered is half as bright, on light and dark ground alike.
const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D sheet; uniform vec3 layout_; uniform vec2 texels; uniform vec3 ground; uniform bool glyphs;
flat in float radius; flat in float image; flat in float cell; flat in vec4 tint;
out vec4 paint;
void main() {
  vec2 at = (gl_PointCoord * 2.0 - 1.0) * (1.0 + 1.0 / radius);
  float dot_ = clamp((1.0 - length(at)) * radius + 0.5, 0.0, 1.0);
  vec4 round_ = vec4(tint.rgb, 1.0) * dot_ * tint.a;
  if (image <= 0.0) { if (dot_ <= 0.0) discard; paint = round_; return; }
  vec2 edge = abs(at) - 0.84;
  float away = (length(max(edge, 0.0)) + min(max(edge.x, edge.y), 0.0) - 0.16) * radius;
  float square = clamp(0.5 - away, 0.0, 1.0);
  if (square <= 0.0 && dot_ <= 0.0) discard;
  vec2 inside = clamp(at * 0.5 + 0.5, 0.02, 0.98);
  vec2 corner = vec2(mod(cell, layout_.x), floor(cell / layout_.x));
  vec3 texel = texture(sheet, (corner + inside) * layout_.yz * texels).rgb;
  vec4 picture;
  if (glyphs) {
    float ink = texel.r;
    picture = vec4(mix(ground, tint.rgb, ink), 1.0) * mix(0.35, 1.0, ink);
  } else {
    float frame = clamp(away + max(1.5, radius * 0.1), 0.0, 1.0);
    picture = vec4(mix(texel, tint.rgb, frame), 1.0);
  }
  paint = mix(round_, picture * square * tint.a, image);
}`;

/**
 * A painter on a canvas, or null without WebGL2. `onBack` is called when graphics that were gone return.
 * @param {HTMLCanvasElement} canvas
 * @param {() => void} onBack
 * @returns {Painter | null}
 */
export function createPainter(canvas, onBack) {
  const settings = { antialias: false, alpha: true, premultipliedAlpha: true, powerPreference: "high-performance" };
  const gl = /** @type {WebGL2RenderingContext | null} */ (canvas.getContext("webgl2", settings));
  return gl && createGlPainter(gl, canvas, onBack);
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {HTMLCanvasElement} canvas
 * @param {() => void} onBack
 * @returns {Painter}
 */
function createGlPainter(gl, canvas, onBack) {
  /** @type {Record<string, WebGLUniformLocation | null> | null} */
  let parts = null;
  /** @type {Atlas | null} */
  let atlas = null;
  let buffer = new ArrayBuffer(0);
  // In pixels of the screen; all that is drawn needs less than 256.
  const widest = Math.min(gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE)?.[1] ?? 256, 256); // none if the graphics are gone

  function build() {
    const program = gl.createProgram();
    for (const [type, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]])) {
      const shader = gl.createShader(type);
      if (!shader) return; // the graphics are gone
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (gl.isContextLost()) return;
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "");
    gl.useProgram(program);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    /** @type {(name: string, many: number, type: number, normal: boolean, at: number) => void} */
    const attribute = (name, many, type, normal, at) => {
      const place = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, many, type, normal, STRIDE, at);
    };
    attribute("place", 4, gl.FLOAT, false, 0);
    attribute("tile", 1, gl.FLOAT, false, 16);
    attribute("color", 4, gl.UNSIGNED_BYTE, true, 20);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    const names = ["size", "room", "density", "margin", "layout_", "texels", "ground", "glyphs"];
    parts = Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)]));
    const shown = atlas;
    atlas = null;
    setAtlas(shown);
  }

  /** @param {Atlas | null} next */
  function setAtlas(next) {
    if (!parts || next === atlas) return;
    atlas = next;
    if (!atlas || Math.max(atlas.bitmap.width, atlas.bitmap.height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) {
      atlas = null;
      return;
    }
    const grey = atlas.channels === 1;
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texImage2D(gl.TEXTURE_2D, 0, grey ? gl.R8 : gl.RGB8, grey ? gl.RED : gl.RGB, gl.UNSIGNED_BYTE, atlas.bitmap);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAX_LEVEL, 1); // further down tiles would run into each other
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.uniform3f(parts.layout_, atlas.across, atlas.width, atlas.height);
    gl.uniform2f(parts.texels, 1 / atlas.bitmap.width, 1 / atlas.bitmap.height);
    gl.uniform1i(parts.glyphs, grey ? 1 : 0);
  }

  /**
   * A list for `many` points, as arrays over one buffer that is kept and grows.
   * @param {number} many
   */
  function list(many) {
    if (buffer.byteLength < many * STRIDE) buffer = new ArrayBuffer(Math.ceil(many * 1.25) * STRIDE);
    return { floats: new Float32Array(buffer), bytes: new Uint8Array(buffer) };
  }

  /** @type {Painter["draw"]} */
  function draw(many, width, height, density, theme) {
    if (!parts || gl.isContextLost()) return;
    // A point whose middle is outside is not drawn at all: so the view is wider than the canvas, by half a point.
    const margin = Math.ceil(widest / 2), { width: across, height: down } = canvas;
    gl.viewport(-margin, -margin, across + 2 * margin, down + 2 * margin);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(parts.size, width, height);
    gl.uniform2f(parts.room, across, down);
    gl.uniform1f(parts.density, density);
    gl.uniform1f(parts.margin, margin);
    gl.uniform3fv(parts.ground, theme.ground.map((value) => value / 255));
    gl.bufferData(gl.ARRAY_BUFFER, new Uint8Array(buffer, 0, many * STRIDE), gl.DYNAMIC_DRAW);
    gl.drawArrays(gl.POINTS, 0, many);
  }

  /** @param {Event} event */
  const lost = (event) => {
    event.preventDefault(); // else it never comes back
    parts = null;
  };
  const back = () => {
    build();
    onBack();
  };
  canvas.addEventListener("webglcontextlost", lost);
  canvas.addEventListener("webglcontextrestored", back);
  build();

  function destroy() {
    canvas.removeEventListener("webglcontextlost", lost);
    canvas.removeEventListener("webglcontextrestored", back);
    gl.getExtension("WEBGL_lose_context")?.loseContext(); // browsers allow only so many at a time
  }
  return { kind: "webgl2", largest: (widest - 2) / 2, list, draw, setAtlas, hasAtlas: () => atlas !== null, destroy };
}

/**
 * An image in a frame of the context's colour, with its middle at (x, y).
 * @param {CanvasRenderingContext2D} context
 * @param {Atlas} atlas
 * @param {number} tile
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
export function paintPicture(context, { bitmap, across, width, height }, tile, x, y, radius) {
  context.fillRect(x - radius - 1, y - radius - 1, 2 * radius + 2, 2 * radius + 2);
  const column = (tile % across) * width, line = Math.floor(tile / across) * height;
  context.drawImage(bitmap, column, line, width, height, x - radius, y - radius, 2 * radius, 2 * radius);
}

/**
 * The same on a plain canvas: slower, and with dots only a little less fine.
 * @param {HTMLCanvasElement} canvas
 * @returns {Painter}
 */
export function createPlainPainter(canvas) {
  const context = context2d(canvas);
  /** @type {Atlas | null} */
  let atlas = null;
  let buffer = new ArrayBuffer(0);
  /** @param {number} many */
  function list(many) {
    if (buffer.byteLength < many * STRIDE) buffer = new ArrayBuffer(Math.ceil(many * 1.25) * STRIDE);
    return { floats: new Float32Array(buffer), bytes: new Uint8Array(buffer) };
  }
  /** @type {Painter["draw"]} */
  function draw(many, width, height, density) {
    const floats = new Float32Array(buffer), bytes = new Uint8Array(buffer);
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    for (let i = 0; i < many; i += 1) {
      const [x, y, radius, image, tile] = floats.subarray((i * STRIDE) / 4, (i * STRIDE) / 4 + 5), at = i * STRIDE + 20;
      context.globalAlpha = bytes[at + 3] / 255;
      context.fillStyle = `rgb(${bytes[at]},${bytes[at + 1]},${bytes[at + 2]})`;
      if (image > 0.5 && atlas) {
        paintPicture(context, atlas, tile, x, y, radius);
      } else if (radius < 2) {
        context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
      } else {
        context.beginPath();
        context.arc(x, y, radius, 0, 2 * Math.PI);
        context.fill();
      }
    }
    context.globalAlpha = 1;
  }
  return { kind: "canvas", largest: Infinity, list, draw, setAtlas: (next) => void (atlas = next), hasAtlas: () => atlas !== null, destroy() {} };
}
