// Cameras of the clouds, and where points stand on the screen.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  betweenCameras, cameraAxes, cameraFromText, cameraText, copyCamera, homeCamera, panCamera, pixelsPerUnit, placeAt, turnCamera, zoomCamera,
} from "../../aecore/viewer/js/camera.js";
import { projectPoints, sortByDepth, within } from "../../aecore/viewer/js/projection.js";

/** @param {number} actual @param {number} expected */
const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`);
/** @param {any} camera @param {number[]} place */
function project(camera, place) {
  const out = { x: [0], y: [0], depth: [0], scale: [0] };
  projectPoints(camera, place, 1, 800, 600, out);
  return { x: out.x[0], y: out.y[0], depth: out.depth[0], scale: out.scale[0] };
}

test("the axes of every camera are at right angles and of length 1", () => {
  for (const [yaw, pitch] of [[0, 0], [0.7, 0.3], [-2, 1.2]]) {
    const axes = cameraAxes({ yaw, pitch }), rows = [axes.slice(0, 3), axes.slice(3, 6), axes.slice(6)];
    rows.forEach((one, i) => rows.forEach((other, j) => {
      near(one.reduce((sum, value, k) => sum + value * other[k], 0), i === j ? 1 : 0);
    }));
  }
});

test("a flat camera puts the target into the middle, x to the right and y up", () => {
  const camera = homeCamera(2), unit = pixelsPerUnit(camera, 800, 600);
  near(unit, (1.7 * 600) / 2 / 1.95);
  assert.deepEqual([project(camera, [0, 0, 0]).x, project(camera, [0, 0, 0]).y], [400, 300]);
  near(project(camera, [0.5, 0, 0]).x, 400 + 0.5 * unit);
  near(project(camera, [0, 0.5, 0]).y, 300 - 0.5 * unit);
});

test("parallel rays keep sizes, perspective makes near things large and hides what is behind the eye", () => {
  const flat = homeCamera(2), deep = { ...homeCamera(3), yaw: 0, pitch: 0 };
  near(project(flat, [0, 0, 1]).scale, project(flat, [0, 0, -1]).scale);
  assert.ok(project(deep, [0, 0, 1]).scale > project(deep, [0, 0, -1]).scale);
  near(project(deep, [0, 0, 1]).depth, 0.95);
  assert.equal(project(deep, [0, 0, 3]).scale, 0);
});

test("zooming keeps the place under the pointer where it is", () => {
  const camera = homeCamera(2), place = placeAt(camera, 120, -60, 800, 600), before = project(camera, place);
  near(before.x, 520);
  near(before.y, 240);
  zoomCamera(camera, 1.5, place);
  near(camera.distance, 1.3);
  near(project(camera, place).x, 520);
  near(project(camera, place).y, 240);
});

test("panning moves what is seen by as many pixels; pitch stops before the pole", () => {
  const camera = homeCamera(3), target = [...camera.target];
  panCamera(camera, 30, -20, 800, 600);
  near(project(camera, target).x, 430);
  near(project(camera, target).y, 280);
  turnCamera(camera, 0.2, 9);
  near(camera.yaw, 0.42);
  near(camera.pitch, Math.PI / 2 - 0.01);
});

test("between two cameras one turns the shorter way and comes nearer by equal factors", () => {
  const from = { ...homeCamera(3), yaw: 3, distance: 1 }, to = { ...homeCamera(3), yaw: -3, distance: 4 };
  near(betweenCameras(from, to, 0.5).yaw, Math.PI);
  near(betweenCameras(from, to, 0.5).distance, 2);
  assert.equal(betweenCameras(from, to, 0).yaw, 3);
  near(Math.sin(betweenCameras(from, to, 1).yaw), Math.sin(-3));
});

test("a camera survives the address, and nonsense does not become one", () => {
  const camera = { ...homeCamera(3), yaw: 0.5, pitch: -0.25, distance: 1.5, target: [0.1, -0.2, 0.3] };
  assert.equal(cameraText(camera, 3), "3d,0.5,-0.25,1.5,0.1,-0.2,0.3");
  assert.deepEqual(cameraFromText(cameraText(camera, 3)), { dims: 3, camera });
  const flat = { ...homeCamera(2), distance: 0.7, target: [0.5, -0.5, 0] };
  assert.deepEqual(cameraFromText(cameraText(flat, 2)), { dims: 2, camera: flat });
  for (const text of [null, "", "4d,1,2,3", "2d,1,2", "2d,1,,3", "3d,1,2,x,0,0,0", "2d,1,2,3,4"]) assert.equal(cameraFromText(text), null);
  assert.equal(cameraFromText("2d,900,0,0")?.camera.distance, 12);
});

test("a copy has a target of its own", () => {
  const camera = homeCamera(2), copy = copyCamera(camera);
  copy.target[0] = 1;
  assert.equal(camera.target[0], 0);
});

test("points are sorted from back to front, without hidden ones", () => {
  const screen = { x: [], y: [], depth: [1, 3, 2, 5, 4], scale: [1, 1, 1, 0, 1] }, order = new Uint32Array(5);
  const many = sortByDepth(screen, [1, 1, 1, 1, 0], 5, order);
  assert.deepEqual([...order.slice(0, many)], [1, 2, 0]);
});

test("within a polygon, by the even-odd rule", () => {
  /** @type {[number, number][]} */
  const hollow = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
  assert.ok(within(hollow, 1, 1));
  assert.ok(!within(hollow, 2, 3));
  assert.ok(!within(hollow, 5, 1));
});
