// The mouse, pen or finger on a plot: hover, click, brush, and dragging a marker.
import { brushed, nearest, type Rect, rectOf, rowsInside, toggled } from "./pick";

const CLICK = 4; // px of movement that still counts as a click
const REACH = 11; // px around a run

/** What a gesture may ask of its plot; all places are pixels of the plotting area. */
export interface Ground {
  surface: SVGElement;
  signal: AbortSignal;
  place(event: PointerEvent): { x: number; y: number };
  /** Pixel positions of the runs and those left out; null when none can be left out. */
  runs(): { px: ArrayLike<number>; py: ArrayLike<number>; out: readonly number[] } | null;
  leaveOut(rows: number[]): void;
  /** The draggable marker at a place. */
  grip(x: number, y: number): Grip | null;
  hover(x: number, y: number): void;
  unhover(): void;
  brush(rect: Rect | null): void;
}

export interface Grip {
  /** From the marker to where it was taken hold of, so that it does not jump to the hand. */
  offset: number;
  move(x: number): void;
}

type Gesture =
  | { kind: "press" | "brush"; x: number; y: number; before: readonly number[] }
  | ({ kind: "drag" } & Grip);

export function listen(ground: Ground): void {
  const { surface, signal } = ground;
  let gesture: Gesture | null = null;

  const on = <K extends keyof SVGElementEventMap>(
    name: K,
    heard: (event: SVGElementEventMap[K]) => void,
  ) => surface.addEventListener(name, heard as EventListener, { signal });

  on("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const { x, y } = ground.place(event);
    gesture = begin(ground, x, y);
    if (gesture === null) return;
    surface.setPointerCapture(event.pointerId);
    ground.unhover();
  });

  on("pointermove", (event) => {
    const { x, y } = ground.place(event);
    if (gesture === null) ground.hover(x, y);
    else if (gesture.kind === "drag") gesture.move(x - gesture.offset);
    else gesture = sweep(ground, gesture, x, y, event.shiftKey);
  });

  on("pointerup", (event) => {
    const { x, y } = ground.place(event);
    if (gesture?.kind === "press") click(ground, x, y);
    gesture = end(ground);
  });

  on("pointercancel", () => {
    gesture = end(ground);
  });

  on("pointerleave", () => ground.unhover());

  surface.ownerDocument.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || gesture?.kind !== "brush") return;
      ground.leaveOut([...gesture.before]);
      gesture = end(ground);
    },
    { signal, capture: true },
  );
}

function begin(ground: Ground, x: number, y: number): Gesture | null {
  const grip = ground.grip(x, y);
  if (grip) return { kind: "drag", ...grip };
  const runs = ground.runs();
  return runs && { kind: "press", x, y, before: runs.out };
}

function sweep(
  ground: Ground,
  gesture: Extract<Gesture, { x: number }>,
  x: number,
  y: number,
  takeBack: boolean,
): Gesture {
  const far = Math.hypot(x - gesture.x, y - gesture.y);
  if (gesture.kind === "press" && far < CLICK) return gesture;
  const rect = rectOf(gesture.x, gesture.y, x, y);
  const runs = ground.runs();
  ground.brush(rect);
  if (runs) ground.leaveOut(brushed(gesture.before, rowsInside(runs.px, runs.py, rect), takeBack));
  return { ...gesture, kind: "brush" };
}

function click(ground: Ground, x: number, y: number): void {
  const runs = ground.runs();
  if (!runs) return;
  const row = nearest(runs.px, runs.py, x, y, REACH);
  if (row >= 0) ground.leaveOut(toggled(runs.out, row));
}

function end(ground: Ground): null {
  ground.brush(null);
  return null;
}
