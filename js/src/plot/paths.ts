// Path strings.
import type { Marker } from "../spec";
import type { Scale } from "./scale";

/** Pixels in tenths: finer steps cannot be seen and make the strings long. */
export const tenth = (pixel: number) => Math.round(pixel * 10) / 10;

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

/** A symbol around (0, 0) of about the same area for every shape. */
export function symbolPath(shape: Marker["shape"], r: number): string {
  switch (shape) {
    case "circle":
      return `M${-r},0A${r},${r} 0 1 1 ${r},0A${r},${r} 0 1 1 ${-r},0Z`;
    case "diamond":
      return `M0,${-r * 1.3}L${r * 1.3},0L0,${r * 1.3}L${-r * 1.3},0Z`;
    case "square":
      return `M${-r * 0.9},${-r * 0.9}H${r * 0.9}V${r * 0.9}H${-r * 0.9}Z`;
    case "triangle":
      return `M0,${-r * 1.2}L${r * 1.2},${r * 0.9}H${-r * 1.2}Z`;
    case "cross":
      return [45, 135, 225, 315].reduce((path, turn, i) => path + arm(turn, r, i === 0), "") + "Z";
  }
}

/** One of the four arms of a fat X. */
function arm(turn: number, r: number, first: boolean): string {
  const at = (length: number, side: number) => {
    const [c, s] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
    return `${tenth(length * c - side * s)},${tenth(length * s + side * c)}`;
  };
  const half = r * 0.42;
  return `${first ? "M" : "L"}${at(half, -half)}L${at(r * 1.3, -half)}L${at(r * 1.3, half)}`;
}
