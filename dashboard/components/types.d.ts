// What Python gives the components that only the app has. For `tsc` alone: nothing here reaches a browser.

import type { LossCurve, PathKind, Shipped } from "../../aecore/viewer/components/types.js";
import type { CloudData, ImageShape } from "../../aecore/viewer/js/types.js";

export type { ComponentArguments } from "../../aecore/viewer/components/types.js";

// ---- sweeper ------------------------------------------------------------------------------------------

/** `rows`: by the places of the values, with commas between. `place`: such places. */
export interface SweeperData {
  images: string;
  shape: ImageShape;
  count: number;
  settings: { name: string; values: string[] }[];
  rows: Record<string, { row: number; words: string }>;
  first: number[];
  corrupted: boolean;
  place: string | null;
  visit: number;
}

// ---- epoch cloud (`aecore.viewer.epoch_cloud`) ----------------------------------------------------------

/** A cloud whose points have a place at each of `epochs`. `spread`: of every epoch, of every unit, from 0 to 1 of the
 * widest; `faithful`: how much of an epoch is seen, in words. */
export interface EpochCloudData {
  cloud: CloudData;
  epochs: number[];
  train: LossCurve;
  test: LossCurve;
  units: { spread: number[][]; active: number[]; dead: number[][]; of: number; rule: string };
  faithful: string[];
  start: number | null;
  visit: number;
}

// ---- wiper -------------------------------------------------------------------------------------------

/** A version of the images: base64 of uint8 (H, W, C), or the networks that make it. */
export interface WiperLayer {
  key: string;
  name: string;
  number: number | null;
  images: string | null;
  encoder: string | null;
  decoder: string | null;
  marks: string[];
}
export interface WiperData {
  layers: WiperLayer[];
  usual: string[];
  clean: string;
  /** What networks are given, base64 of float32 (H, W, C). */
  shown: string;
  names: string[];
  labels: number[];
  shape: ImageShape;
  place: string | null;
  visit: number;
}

// ---- comparer ----------------------------------------------------------------------------------------

export interface ComparedRun {
  title: string;
  /** Its place among all compared runs, from 0, which its letter and its colour say. */
  number: number;
  encoder: string;
  decoder: string;
}
export interface ComparisonData {
  runs: ComparedRun[];
  reader: string | null;
  clean: string;
  shown: string;
  names: string[];
  classes: string[];
  labels: number[];
  shape: ImageShape;
  view: "images" | "way";
  noisy: boolean;
  /** The error that is drawn in full ink, null for none. */
  errors: number | null;
  path: PathKind;
  shares: number[];
  place: number | null;
  visit: number;
}
