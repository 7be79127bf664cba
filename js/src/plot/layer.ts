// What all layers of a plot share.
import { roleColor } from "../dom";
import type { Sheet } from "../engine/sheet";
import type { Mark } from "../spec";
import type { Scale } from "./scale";

export const NOTHING = new Float64Array();

/** True unless the mark's `visible` cell is there and zero or unknown. */
export function isVisible(sheet: Sheet, visible: string | undefined): boolean {
  if (visible === undefined) return true;
  const value = sheet.get(visible);
  return value !== 0 && !Number.isNaN(value);
}

/** The cells, and that of `visible` where there is one. */
export function withVisible(cells: string[], visible: string | undefined): string[] {
  return visible === undefined ? cells : [...cells, visible];
}

/** A mark as it was last read. It draws when it is `fresh` or an axis has moved. */
export abstract class Layer<M extends Mark> {
  fresh = true;
  visible = true;
  xs: Float64Array = NOTHING;
  ys: Float64Array = NOTHING;

  constructor(
    readonly mark: M,
    readonly node: SVGElement,
  ) {
    node.style.color = roleColor(mark.color);
  }

  abstract draw(x: Scale, y: Scale): void;
}
