// Which runs a hand means: pure geometry on pixel positions, for the mouse and for the keyboard.

/** The corners of an area, closed from the last to the first. */
export type Outline = (readonly [x: number, y: number])[];

export type Direction = "left" | "right" | "up" | "down";

/** The box between two corners. */
export function box([ax, ay]: Outline[0], [bx, by]: Outline[0]): Outline {
  return [
    [ax, ay],
    [bx, ay],
    [bx, by],
    [ax, by],
  ];
}

/** The row nearest to a place and at most `reach` pixels away; -1 when there is none. */
export function nearest(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  x: number,
  y: number,
  reach: number,
): number {
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < xs.length; i++) {
    const far = (xs[i] - x) ** 2 + (ys[i] - y) ** 2;
    if (far <= least) [best, least] = [i, far];
  }
  return best;
}

/** The row that stands above or below a place, at most `reach` pixels aside; -1 when there is none. */
export function inColumn(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  x: number,
  y: number,
  reach: number,
): number {
  const aside = Array.from(xs, (at) => (Math.abs(at - x) <= reach ? x : NaN));
  return nearest(aside, ys, x, y, Infinity);
}

/** The rows in an area. Where its outline crosses itself, what is enclosed twice is outside. */
export function rowsInside(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  outline: Outline,
): number[] {
  const rows: number[] = [];
  for (let i = 0; i < xs.length; i++) if (inside(xs[i], ys[i], outline)) rows.push(i);
  return rows;
}

/** True when a ray to the right crosses the outline an odd number of times. */
function inside(x: number, y: number, outline: Outline): boolean {
  let odd = false;
  let [ax, ay] = outline[outline.length - 1];
  for (const [bx, by] of outline) {
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) odd = !odd;
    [ax, ay] = [bx, by];
  }
  return odd;
}

/** The rows left out once a brush covers `inside`, from those left out when it began. */
export function brushed(
  before: readonly number[],
  inside: readonly number[],
  takeBack: boolean,
): number[] {
  const out = new Set(before);
  for (const row of inside) {
    if (takeBack) out.delete(row);
    else out.add(row);
  }
  return [...out].sort((a, b) => a - b);
}

export function toggled(before: readonly number[], row: number): number[] {
  return brushed(before, [row], before.includes(row));
}

/** The list `row, factor, row, factor, ...` once a run has been pulled to `by` times its height. A
 *  run that is back where it was measured is not in it. */
export function pulled(before: readonly number[], row: number, by: number): number[] {
  const next: number[] = [];
  let factor = by;
  for (let i = 0; i + 1 < before.length; i += 2) {
    if (before[i] === row) factor *= before[i + 1];
    else next.push(before[i], before[i + 1]);
  }
  factor = Number(factor.toPrecision(4));
  return factor === 1 ? next : [...next, row, factor];
}

/** The row that an arrow key leads to from `from`; `from` itself when nothing lies that way. Points
 *  straight ahead come before nearer ones to the side. */
export function nextRow(
  from: number,
  way: Direction,
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
): number {
  const flat = way === "left" || way === "right";
  const sign = way === "right" || way === "down" ? 1 : -1;
  let best = from;
  let least = Infinity;
  for (let i = 0; i < xs.length; i++) {
    const dx = xs[i] - xs[from];
    const dy = ys[i] - ys[from];
    const [ahead, aside] = flat ? [dx * sign, Math.abs(dy)] : [dy * sign, Math.abs(dx)];
    // Runs on the very same spot follow each other in the order of their rows.
    const sameSpot = dx === 0 && dy === 0 && (i - from) * sign > 0;
    if (!(ahead > 0.01) && !sameSpot) continue;
    const far = sameSpot ? -1 / Math.abs(i - from) : ahead + 2.5 * aside;
    if (far < least) [best, least] = [i, far];
  }
  return best;
}

/** The next row (`step` 1) or the one before (-1) that the axes can show, whatever the geometry. */
export function stepRow(
  from: number,
  step: 1 | -1,
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
): number {
  for (let row = from + step; row >= 0 && row < xs.length; row += step) {
    if (Number.isFinite(xs[row] + ys[row])) return row;
  }
  return from;
}
