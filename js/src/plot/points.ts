// The runs of a plot: where they stand, which are left out, how near they are to what is looked at.
import { svg } from "../dom";
import type { Sheet } from "../engine/sheet";
import { type Changed, type Roots, touches, treeName } from "../roots";
import type { Points } from "../spec";
import { isVisible, Layer, NOTHING, withVisible } from "./layer";
import { cross, tenth } from "./paths";
import type { Scale } from "./scale";

const RADIUS = 3.6;
const FAINT = 0.22; // opacity of a run that is far from what is looked at
const LEVELS = 20; // of opacity: a run whose level stays needs no writing to the page

/** `xs` and `ys` are empty while the runs are not shown. */
export class PointsLayer extends Layer<Points> {
  /** Pixels; NaN where the axes cannot show a run. */
  px: Float64Array = NOTHING;
  py: Float64Array = NOTHING;
  out: ReadonlySet<number> = new Set();
  /** True while a brush follows the hand. */
  freehand = false;
  /** `row, factor, row, factor, ...` of the runs that a hand has moved. */
  pulls: readonly number[] = [];
  /** For people: a name for each run, and what was measured under which cell. */
  names: readonly string[] = [];
  columns: [cell: string, values: Float64Array][] = [];
  readonly #roots: ReadonlySet<string>;
  readonly #dots: SVGGElement;
  readonly #crosses: SVGPathElement;
  readonly #circles: SVGCircleElement[] = [];
  readonly #levels: number[] = [];
  #weights: Float64Array | undefined;

  constructor(
    private readonly doc: Document,
    mark: Points,
    roots: Roots,
  ) {
    const dots = svg(doc, "g");
    const crosses = svg(doc, "path", { class: "sw-crosses" });
    const name = `sw-points${mark.weight === undefined ? "" : " sw-weighted"}`;
    super(mark, svg(doc, "g", { class: name }, dots, crosses));
    this.#dots = dots;
    this.#crosses = crosses;
    this.#roots = roots.ofRows(withVisible(this.#cells(), mark.visible), mark.rows);
  }

  #cells(): string[] {
    const { x, y, weight } = this.mark;
    return weight === undefined ? [x, y] : [x, y, weight];
  }

  read(sheet: Sheet, changed: Changed): void {
    const { mark } = this;
    const { excluded, lasso, nudged } = mark;
    this.freehand = lasso !== undefined && sheet.get(lasso) === 1;
    if (nudged) this.pulls = sheet.list(nudged);
    if (touches(this.#roots, changed)) {
      this.#readColumns(sheet);
      const seen = isVisible(sheet, mark.visible) ? sheet.rows(this.#cells(), mark.rows) : [];
      [this.xs = NOTHING, this.ys = NOTHING, this.#weights] = seen;
      this.fresh = true;
    }
    if (excluded && (changed === "all" || changed.has(treeName(excluded)))) {
      this.out = new Set(sheet.list(excluded));
      this.fresh = true;
    }
  }

  #readColumns(sheet: Sheet): void {
    const { rows, names } = this.mark;
    this.names = names === undefined ? [] : sheet.strings(names);
    this.columns = Object.entries(rows).map(([cell, array]) => [cell, sheet.array(array)]);
  }

  draw(x: Scale, y: Scale): void {
    const count = this.xs.length;
    this.#grow(count);
    if (this.px.length !== count) {
      this.px = new Float64Array(count).fill(NaN);
      this.py = new Float64Array(count).fill(NaN);
    }
    let crosses = "";
    for (let row = 0; row < count; row++) {
      this.#move(row, x.at(this.xs[row]), y.at(this.ys[row]));
      this.#shade(row);
      if (this.out.has(row) && !Number.isNaN(this.px[row] + this.py[row])) {
        crosses += cross(this.px[row], this.py[row]);
      }
    }
    this.#crosses.setAttribute("d", crosses);
  }

  #grow(count: number): void {
    while (this.#circles.length > count) this.#circles.pop()!.remove();
    while (this.#circles.length < count) {
      const circle = svg(this.doc, "circle", {
        r: this.mark.radius ?? RADIUS,
        "data-row": this.#circles.length,
      });
      this.#levels[this.#circles.length] = NaN;
      this.#circles.push(circle);
      this.#dots.append(circle);
      this.px = NOTHING; // a circle has no place yet, so none may be taken as kept
    }
  }

  #move(row: number, px: number, py: number): void {
    const [wasX, wasY] = [this.px[row], this.py[row]];
    if (px === wasX && py === wasY) return;
    const circle = this.#circles[row];
    const there = !Number.isNaN(px + py);
    circle.style.display = there ? "" : "none";
    if (there && px !== wasX) circle.setAttribute("cx", String(tenth(px)));
    if (there && py !== wasY) circle.setAttribute("cy", String(tenth(py)));
    // NaN in both where it is not shown, so that both are written when it comes back.
    this.px[row] = there ? px : NaN;
    this.py[row] = there ? py : NaN;
  }

  /** Level -1 is a run that is left out. */
  #shade(row: number): void {
    const weight = Math.min(1, Math.max(0, this.#weights?.[row] ?? 1)) || 0;
    const level = this.out.has(row) ? -1 : Math.round(weight * LEVELS);
    if (level === this.#levels[row]) return;
    this.#levels[row] = level;
    const circle = this.#circles[row];
    circle.classList.toggle("sw-out", level < 0);
    const opacity = FAINT + (0.85 - FAINT) * (level / LEVELS);
    circle.style.fillOpacity = level < 0 ? "" : opacity.toFixed(3);
  }
}
