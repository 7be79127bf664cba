// The mouse, pen or finger on a plot: hover, click, brush, and dragging a marker or a run.
import { box, brushed, inColumn, nearest, type Outline, rowsInside, toggled } from "./pick";

const CLICK = 4; // px of movement that still counts as a click
export const REACH = 11; // px around a run

/** What a gesture may ask of its plot; all places are pixels of the plotting area. */
export interface Ground {
  surface: SVGElement;
  signal: AbortSignal;
  place(event: MouseEvent): readonly [x: number, y: number];
  /** Pixel positions of the runs and those left out; null when none can be left out. */
  runs(): { px: ArrayLike<number>; py: ArrayLike<number>; out: readonly number[] } | null;
  leaveOut(rows: number[]): void;
  /** The draggable marker at a place. */
  grip(x: number, y: number): Grip | null;
  /** The run at a place, where runs can be pulled up and down. */
  lift(x: number, y: number): Grip | null;
  /** True while a brush follows the hand instead of being a box. */
  freehand(): boolean;
  hover(x: number, y: number): void;
  unhover(): void;
  brush(outline: Outline | null): void;
}

export interface Grip {
  move(x: number, y: number): void;
  undo?(): void;
}

type Press = { kind: "press" | "brush"; trail: Outline; before: readonly number[]; undo(): void };
type Gesture = Press | ({ kind: "drag" } & Grip);

export function listen(ground: Ground): void {
  const { surface, signal } = ground;
  let gesture: Gesture | null = null;
  const end = () => {
    gesture = null;
    ground.brush(null);
  };

  const on = <K extends keyof SVGElementEventMap>(
    name: K,
    heard: (event: SVGElementEventMap[K]) => void,
  ) => surface.addEventListener(name, heard as EventListener, { signal });

  on("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    gesture = begin(ground, ...ground.place(event));
    if (gesture === null) return;
    surface.setPointerCapture(event.pointerId);
    ground.unhover();
  });

  on("pointermove", (event) => {
    const [x, y] = ground.place(event);
    if (gesture?.kind === "press") gesture = become(ground, gesture, x, y);
    if (gesture === null) ground.hover(x, y);
    else if (gesture.kind === "drag") gesture.move(x, y);
    else if (gesture.kind === "brush") sweep(ground, gesture, x, y, event.shiftKey);
  });

  on("pointerup", (event) => {
    if (gesture?.kind === "press") click(ground, ...ground.place(event));
    end();
  });

  on("dblclick", (event) => put(ground, ...ground.place(event)));

  on("pointercancel", end);
  on("pointerleave", () => ground.unhover());

  surface.ownerDocument.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape") return;
      if (!gesture) ground.unhover(); // a note that covers something can be sent away
      else if (gesture.undo) {
        gesture.undo();
        end();
      }
    },
    { signal, capture: true },
  );
}

function begin(ground: Ground, x: number, y: number): Gesture | null {
  const grip = ground.grip(x, y);
  if (grip) return { kind: "drag", ...grip };
  const before = ground.runs()?.out;
  if (!before) return null;
  return { kind: "press", trail: [[x, y]], before, undo: () => ground.leaveOut([...before]) };
}

/** A press that has left its place is a run being pulled or a brush. */
function become(ground: Ground, press: Press, x: number, y: number): Gesture {
  const [[fromX, fromY]] = press.trail;
  const [across, along] = [Math.abs(x - fromX), Math.abs(y - fromY)];
  if (Math.hypot(across, along) < CLICK) return press;
  const grip = along > across ? ground.lift(fromX, fromY) : null;
  return grip ? { kind: "drag", ...grip } : { ...press, kind: "brush" };
}

function sweep(
  ground: Ground,
  { trail, before }: Press,
  x: number,
  y: number,
  takeBack: boolean,
): void {
  trail.push([x, y]);
  const outline = ground.freehand() ? trail : box(trail[0], [x, y]);
  const runs = ground.runs();
  ground.brush(outline);
  if (runs) ground.leaveOut(brushed(before, rowsInside(runs.px, runs.py, outline), takeBack));
}

function click(ground: Ground, x: number, y: number): void {
  const runs = ground.runs();
  if (!runs) return;
  const row = nearest(runs.px, runs.py, x, y, REACH);
  if (row >= 0) ground.leaveOut(toggled(runs.out, row));
}

/** Pulls a run without dragging: to where a double click is, above or below it. */
function put(ground: Ground, x: number, y: number): void {
  const runs = ground.runs();
  // On a run the two clicks have left it out and taken it back.
  if (!runs || ground.grip(x, y) || nearest(runs.px, runs.py, x, y, REACH) >= 0) return;
  const row = inColumn(runs.px, runs.py, x, y, REACH);
  if (row >= 0) ground.lift(runs.px[row], runs.py[row])?.move(x, y);
}
