// Path strings.
import type { Marker } from "../spec";
import type { Scale } from "./scale";

/** Pixels in tenths: finer steps cannot be seen and make the strings long. */
export const tenth = (pixel: number) => Math.round(pixel * 10) / 10;

/** Writes places and lengths of an element, in pixels. */
export function put(node: Element, places: Record<string, number>): void {
  for (const [name, pixel] of Object.entries(places)) node.setAttribute(name, `${tenth(pixel)}`);
}

/** A line through the points; it breaks where a value is not there. */
export function linePath(xs: ArrayLike<number>, ys: ArrayLike<number>, x: Scale, y: Scale): string {
  let path = "";
  let pen = "M";
  for (let i = 0; i < xs.length; i++) {
    const px = x.at(xs[i]);
    const py = y.at(ys[i]);
    if (Number.isNaN(px) || Number.isNaN(py)) {
      pen = "M";
      continue;
    }
    path += `${pen}${tenth(px)},${tenth(py)}`;
    pen = "L";
  }
  return path;
}

/** The closed area between two lines; several areas when values are missing in between. */
export function bandPath(
  xs: ArrayLike<number>,
  lo: ArrayLike<number>,
  hi: ArrayLike<number>,
  x: Scale,
  y: Scale,
): string {
  let path = "";
  let there = "";
  let back = "";
  const close = () => {
    if (there) path += `M${there.slice(1)}${back}Z`;
    there = back = "";
  };
  for (let i = 0; i < xs.length; i++) {
    const px = tenth(x.at(xs[i]));
    const top = tenth(y.at(hi[i]));
    const bottom = tenth(y.at(lo[i]));
    if (Number.isNaN(px + top + bottom)) {
      close();
      continue;
    }
    there += `L${px},${top}`;
    back = `L${px},${bottom}${back}`;
  }
  close();
  return path;
}

/** Two strokes across a point. */
export function cross(x: number, y: number): string {
  const [l, r, t, b] = [x - 2.2, x + 2.2, y - 2.2, y + 2.2].map(tenth);
  return `M${l},${t}L${r},${b}M${l},${b}L${r},${t}`;
}

/** A quarter of the corners of the shapes that look the same from all four sides. */
const QUARTERS = {
  diamond: [[1.3, 0]],
  square: [[0.9, 0.9]],
  cross: [
    [0.6, 0],
    [1.2, 0.6],
    [0.6, 1.2],
  ],
};

/** A symbol around (0, 0) of about the same area for every shape. */
export function symbolPath(shape: Marker["shape"], r: number): string {
  if (shape === "circle") return `M${-r},0A${r},${r} 0 1 1 ${r},0A${r},${r} 0 1 1 ${-r},0Z`;
  if (shape === "triangle") return `M0,${-r * 1.2}L${r * 1.2},${r * 0.9}H${-r * 1.2}Z`;
  let corners = QUARTERS[shape];
  const all = [0, 1, 2, 3].flatMap(() => (corners = corners.map(([x, y]) => [-y, x])));
  return `M${all.map((corner) => corner.map((at) => tenth(r * at))).join("L")}Z`;
}
