import { beforeEach, describe, expect, test } from "vitest";
import { type Grip, type Ground, listen } from "../src/plot/hand";
import { walk } from "../src/plot/keys";
import { box, type Outline } from "../src/plot/pick";

/** As much of an element as gestures need. */
class Surface extends EventTarget {
  readonly ownerDocument = new EventTarget();
  setPointerCapture(): void {}
}

const px = [10, 50, 90];
const py = [10, 50, 90];
let surface: Surface;
let out: number[];
let drawn: Outline | null;
let grips: string[];
let ground: Ground;

function grip(name: string): Grip {
  return {
    move: (x, y) => grips.push(`${name} to ${x},${y}`),
    undo: () => grips.push(`${name} undone`),
  };
}

function send(target: EventTarget, name: string, fields: object): void {
  target.dispatchEvent(Object.assign(new Event(name), fields));
}

const hand = (name: string, x: number, y: number, more: object = {}) =>
  send(surface, `pointer${name}`, { x, y, button: 0, isPrimary: true, shiftKey: false, ...more });
const key = (name: string, more: object = {}) => send(surface, "keydown", { key: name, ...more });
const escape = () => send(surface.ownerDocument, "keydown", { key: "Escape" });

beforeEach(() => {
  surface = new Surface();
  out = [];
  drawn = null;
  grips = [];
  ground = {
    surface: surface as unknown as SVGElement,
    signal: new AbortController().signal,
    place: (event) => [event.x, event.y],
    runs: () => ({ px, py, out }),
    leaveOut: (rows) => (out = rows),
    grip: () => null,
    lift: (x) => (x === 50 ? grip("run") : null),
    freehand: () => false,
    hover: () => {},
    unhover: () => {},
    brush: (outline) => (drawn = outline && [...outline]),
  };
});

describe("a press", () => {
  test("that stays is a click, even with a little shake", () => {
    listen(ground);
    hand("down", 49, 50);
    hand("move", 51, 51);
    hand("up", 51, 51);
    expect(out).toEqual([1]);
    expect(drawn).toBeNull();
  });

  test("that moves off a run is a brush, which is gone when it is let go", () => {
    listen(ground);
    hand("down", 0, 0);
    hand("move", 60, 60);
    expect(drawn).toEqual(box([0, 0], [60, 60]));
    expect(out).toEqual([0, 1]);
    hand("move", 30, 30); // what is no longer covered comes back
    expect(out).toEqual([0]);
    hand("up", 30, 30);
    expect(drawn).toBeNull();
    expect(out).toEqual([0]);
  });

  test("with Shift takes back, and Escape makes all as it was", () => {
    out = [0, 1];
    listen(ground);
    hand("down", 0, 0);
    hand("move", 60, 60, { shiftKey: true });
    expect(out).toEqual([]);
    escape();
    expect(out).toEqual([0, 1]);
    hand("move", 100, 100); // the hand is still down, but means nothing any more
    hand("up", 100, 100);
    expect(out).toEqual([0, 1]);
  });

  test("of another button is nothing", () => {
    listen(ground);
    hand("down", 50, 50, { button: 2 });
    hand("up", 50, 50);
    expect(out).toEqual([]);
  });

  test("hears nothing once the lab is gone", () => {
    const end = new AbortController();
    listen({ ...ground, signal: end.signal });
    end.abort();
    hand("down", 50, 50);
    hand("up", 50, 50);
    expect(out).toEqual([]);
  });
});

test("Escape sends the note under the hand away, but not in the middle of a brush", () => {
  let gone = 0;
  listen({ ...ground, unhover: () => gone++ });
  escape();
  expect(gone).toBe(1);
  hand("down", 0, 0); // which puts it away by itself
  escape();
  expect(gone).toBe(2);
});

test("a brush by hand covers what it has gone around", () => {
  listen({ ...ground, freehand: () => true });
  hand("down", 30, 40);
  // A triangle around the middle run whose box would hold the first one as well.
  for (const [x, y] of [[100, 5], [60, 75]]) hand("move", x, y);
  expect(drawn).toEqual([[30, 40], [100, 5], [60, 75]]);
  expect(out).toEqual([1]);
  hand("up", 60, 75);
});

describe("a run", () => {
  test("is pulled when the hand goes up or down from it", () => {
    listen(ground);
    hand("down", 50, 50);
    hand("move", 51, 53);
    expect(grips).toEqual([]);
    hand("move", 52, 60);
    hand("move", 90, 61); // once taken, sideways no longer matters
    hand("up", 90, 61);
    expect(grips).toEqual(["run to 52,60", "run to 90,61"]);
    expect(out).toEqual([]);
    expect(drawn).toBeNull();
  });

  test("is brushed over when the hand goes sideways from it", () => {
    listen(ground);
    hand("down", 50, 45);
    hand("move", 70, 55);
    expect(grips).toEqual([]);
    expect(drawn).not.toBeNull();
  });

  test("goes back with Escape", () => {
    listen(ground);
    hand("down", 50, 50);
    hand("move", 50, 60);
    escape();
    hand("move", 50, 80);
    hand("up", 50, 80);
    expect(grips).toEqual(["run to 50,60", "run undone"]);
    expect(out).toEqual([]);
  });

  test("goes to a double click above or below it, and to none on it or aside", () => {
    listen(ground);
    send(surface, "dblclick", { x: 53, y: 20 });
    expect(grips).toEqual(["run to 53,20"]);
    send(surface, "dblclick", { x: 51, y: 52 });
    send(surface, "dblclick", { x: 70, y: 20 });
    expect(grips).toHaveLength(1);
    expect(out).toEqual([]);
  });

  test("under a marker stays: the marker is taken", () => {
    listen({ ...ground, grip: () => grip("marker") });
    hand("down", 50, 50);
    hand("move", 50, 51);
    hand("up", 50, 51);
    expect(grips).toEqual(["marker to 50,51"]);
    expect(out).toEqual([]);
  });
});

describe("the keyboard", () => {
  const steps: string[] = [];
  const start = (pullable: boolean) => {
    steps.length = 0;
    walk({
      ...ground,
      seen: () => ({ px, py }),
      stand: (row) => steps.push(`at ${row}`),
      pull: (row, by) => {
        if (pullable) steps.push(`${row} times ${by.toFixed(4)}`);
        return pullable;
      },
    });
  };

  test("walks, leaves out and goes away", () => {
    start(false);
    for (const name of ["ArrowRight", "ArrowRight", " ", "Escape"]) key(name);
    expect(steps).toEqual(["at 0", "at 1", "at 1", "at -1"]);
    expect(out).toEqual([1]);
  });

  test("walks over points that cannot be left out", () => {
    ground = { ...ground, runs: () => null };
    start(false);
    for (const name of ["ArrowRight", " ", "Enter", "End"]) key(name);
    expect(steps).toEqual(["at 0", "at 2"]);
    expect(out).toEqual([]);
  });

  test("pulls the run that it stands on with Shift and an arrow", () => {
    start(true);
    key("ArrowUp", { shiftKey: true }); // stands nowhere yet
    key("ArrowUp", { shiftKey: true });
    key("ArrowDown", { shiftKey: true });
    key("ArrowRight", { shiftKey: true });
    expect(steps).toEqual(["at 0", "0 times 1.0050", "at 0", "0 times 0.9950", "at 0", "at 1"]);
  });

  test("walks with Shift as without where nothing can be pulled", () => {
    start(false);
    key("ArrowRight");
    key("ArrowDown", { shiftKey: true });
    expect(steps).toEqual(["at 0", "at 1"]);
  });
});
