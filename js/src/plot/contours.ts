// Lines of equal height, of a formula over the whole plot or of a grid from the kernel.
import { svg } from "../dom";
import type { Sheet } from "../engine/sheet";
import { formatter } from "../format";
import { type Changed, type Roots, touches } from "../roots";
import type { Contours } from "../spec";
import { type Box, overlap, PER_LETTER } from "./labels";
import { isVisible, Layer, NOTHING, withVisible } from "./layer";
import { contourLines, type Line } from "./marching";
import { tenth } from "./paths";
import type { Scale } from "./scale";

const GRID = [44, 32] as const; // of a formula: a line is within a pixel of where finer ones put it
const LABEL_HEIGHT = 13; // px

/** `xs` and `ys` are those of the kernel's grid, for the axes to show; a formula has none. */
export class ContoursLayer extends Layer<Contours> {
  readonly #path: SVGPathElement;
  readonly #labels: SVGGElement;
  readonly #roots: ReadonlySet<string>;
  #levels: Float64Array = NOTHING;
  #grid: { xs: Float64Array; ys: Float64Array; z: Float64Array } | null = null;
  #x: Scale | null = null;
  #y: Scale | null = null;

  constructor(
    private readonly doc: Document,
    mark: Contours,
    roots: Roots,
  ) {
    const path = svg(doc, "path", { class: "sw-contour", "stroke-dasharray": mark.dash });
    const labels = svg(doc, "g", { class: "sw-levels" });
    super(mark, svg(doc, "g", {}, path, labels));
    this.#path = path;
    this.#labels = labels;
    this.#roots = roots.of(withVisible(mark.grid ? [] : [mark.z], mark.visible), [mark.x, mark.y]);
  }

  read(sheet: Sheet, changed: Changed): void {
    if (!touches(this.#roots, changed)) return;
    const { mark } = this;
    this.visible = isVisible(sheet, mark.visible);
    this.#levels = sheet.array(mark.levels);
    this.#grid = null;
    this.fresh = true;
    if (!mark.grid) return;
    const [xs, ys, z] = [mark.x, mark.y, mark.z].map((name) => sheet.array(name));
    [this.xs, this.ys] = this.visible ? [xs, ys] : [NOTHING, NOTHING];
    this.#grid = { xs, ys, z };
  }

  /** A formula is read over the axes as they are now. */
  sample(sheet: Sheet, x: Scale, y: Scale): void {
    const { mark, visible } = this;
    if (mark.grid || !visible || (this.#grid && x.same(this.#x) && y.same(this.#y))) return;
    this.#x = x;
    this.#y = y;
    const [xs, ys] = [x.grid(GRID[0]), y.grid(GRID[1])];
    this.#grid = { xs, ys, z: sheet.grid(mark.z, mark.x, xs, mark.y, ys) };
    this.fresh = true;
  }

  draw(x: Scale, y: Scale): void {
    const levels = this.visible ? this.#lines(x, y) : [];
    const path = levels.flatMap(({ lines }) => lines.map(pathOf)).join("");
    this.#path.setAttribute("d", path);
    const spots = this.mark.format ? placeLevels(levels, x.range[1], y.range[0]) : [];
    this.#labels.replaceChildren(
      ...spots.map(({ text, x, y }) => {
        const node = svg(this.doc, "text", { x: tenth(x), y: tenth(y) });
        node.textContent = text;
        return node;
      }),
    );
  }

  #lines(x: Scale, y: Scale): Level[] {
    if (!this.#grid) return [];
    const { xs, ys, z } = this.#grid;
    const [px, py] = [xs.map((value) => x.at(value)), ys.map((value) => y.at(value))];
    const write = formatter(this.mark.format ?? "quantity");
    return [...this.#levels].map((level) => {
      return { text: write(level), lines: contourLines(px, py, z, level) };
    });
  }
}

interface Level {
  text: string;
  lines: Line[];
}

function pathOf(line: Line): string {
  return `M${line.map(([x, y]) => `${tenth(x)},${tenth(y)}`).join("L")}`;
}

/** Where the labels end, and their baselines: one a level, where its lines leave the picture at the
 *  right or else at the top; none on another. */
export function placeLevels(
  levels: readonly Level[],
  width: number,
  height: number,
): { text: string; x: number; y: number }[] {
  const taken: Box[] = [];
  return levels.flatMap(({ text, lines }) => {
    const seen = lines.flat().filter(([x, y]) => x > 0 && x < width + 1 && y > -1 && y < height);
    if (seen.length === 0) return [];
    const [endX, endY] = seen.reduce((a, b) => (b[0] - b[1] / 8 > a[0] - a[1] / 8 ? b : a));
    const wide = text.length * PER_LETTER;
    const x = Math.max(wide, endX - 3);
    const y = Math.max(LABEL_HEIGHT, endY - 3);
    const box = { x0: x - wide, y0: y - LABEL_HEIGHT, x1: x, y1: y };
    if (taken.some((other) => overlap(other, box) > 0)) return [];
    taken.push(box);
    return [{ text, x, y }];
  });
}
