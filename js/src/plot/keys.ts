// The same by keyboard: a cursor that walks from run to run.
import { type Direction, nextRow, stepRow, toggled } from "./pick";

export interface Walk {
  surface: SVGElement;
  signal: AbortSignal;
  /** Pixel positions of the points that the cursor goes to; null when none are shown. */
  seen(): { px: ArrayLike<number>; py: ArrayLike<number> } | null;
  /** The same points where they can be left out, with those that are; null where they cannot. */
  runs(): { out: readonly number[] } | null;
  leaveOut(rows: number[]): void;
  /** The cursor stands on a row; -1 when it is put away. */
  stand(row: number): void;
  /** Multiply the height of a run; false where that cannot be done. */
  pull(row: number, by: number): boolean;
}

/** With Shift an arrow pulls a run by half a percent. */
const PULLS: Record<string, number> = { ArrowUp: 1.005, ArrowDown: 1 / 1.005 };

const WAYS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

/** In the order of the rows: arrows can miss a run in a crowd, these cannot. */
const PAGES: Record<string, 1 | -1> = { PageDown: 1, PageUp: -1 };

export function walk(on: Walk): void {
  const { surface, signal } = on;
  let row = -1;
  const go = (to: number) => {
    row = to;
    on.stand(row);
  };

  surface.addEventListener(
    "keydown",
    (event) => {
      const seen = on.seen();
      if (!seen || event.ctrlKey || event.metaKey || event.altKey) return;
      const { px, py } = seen;
      const way = WAYS[event.key];
      const page = PAGES[event.key];
      const by = event.shiftKey && PULLS[event.key];
      if ((way || page) && !standing(row, px, py)) go(first(px));
      else if (by && on.pull(row, by)) on.stand(row);
      else if (way) go(nextRow(row, way, px, py));
      else if (page) go(stepRow(row, page, px, py));
      else if (event.key === "Home") go(first(px));
      else if (event.key === "End") go(first(px, -1));
      else if ((event.key === " " || event.key === "Enter") && row >= 0) {
        const runs = on.runs();
        if (!runs) return;
        on.leaveOut(toggled(runs.out, row));
        on.stand(row);
      } else if (event.key === "Escape" && row >= 0) go(-1);
      else return;
      event.preventDefault();
    },
    { signal },
  );
  surface.addEventListener("blur", () => go(-1), { signal });
}

/** Arrow keys as steps in pixels. */
export function steer(
  on: Pick<Walk, "surface" | "signal">,
  step: (right: number, down: number) => void,
): void {
  const heard = (event: KeyboardEvent) => {
    const way = WAYS[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    const far = (event.shiftKey ? 20 : 4) * (way === "left" || way === "up" ? -1 : 1);
    if (way === "left" || way === "right") step(far, 0);
    else step(0, far);
    event.preventDefault();
  };
  on.surface.addEventListener("keydown", heard, { signal: on.signal });
}

function standing(row: number, px: ArrayLike<number>, py: ArrayLike<number>): boolean {
  return row >= 0 && Number.isFinite(px[row] + py[row]);
}

/** The leftmost run, or with `sign` -1 the rightmost. */
function first(px: ArrayLike<number>, sign = 1): number {
  let best = -1;
  for (let i = 0; i < px.length; i++) {
    if (Number.isFinite(px[i]) && (best < 0 || (px[i] - px[best]) * sign < 0)) best = i;
  }
  return best;
}
