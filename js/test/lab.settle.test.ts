import { expect, test } from "vitest";
import { Job } from "../src/engine/job";
import { Settle, type Task } from "../src/settle";

/** A settle tier whose clock the test turns by hand. */
function byHand() {
  const steps: (() => void)[] = [];
  const settle = new Settle((step) => steps.push(step));
  const turn = (times = 1) => {
    for (let i = 0; i < times; i++) steps.shift()?.();
  };
  return { settle, turn, steps };
}

/** A job that takes so many slices, whatever the clock says. */
class Slices extends Job<number> {
  constructor(private left: number) {
    super([].values() as Iterator<void, number>);
    this.result = left;
  }

  override step(): boolean {
    this.done = --this.left <= 0;
    return this.done;
  }
}

function task(log: string[], name: string, count: number): Task<number> {
  return {
    start: () => {
      log.push(`${name} starts`);
      return new Slices(count);
    },
    done: (result) => log.push(`${name} done ${result}`),
  };
}

test("a long task goes on to its end while it is invalidated in every frame", () => {
  const log: string[] = [];
  const { settle, turn } = byHand();
  const long = settle.add(task(log, "long", 3));
  for (let frame = 0; frame < 5; frame++) {
    settle.invalidate(long);
    turn();
  }
  expect(log.slice(0, 3)).toEqual(["long starts", "long done 3", "long starts"]);
});

test("tasks take turns, so that a drag does not starve the later ones", () => {
  const log: string[] = [];
  const { settle, turn } = byHand();
  const tasks = ["a", "b", "c"].map((name) => settle.add(task(log, name, 1)));
  for (let frame = 0; frame < 3; frame++) {
    for (const each of tasks) settle.invalidate(each);
    turn();
  }
  expect(log.filter((line) => line.includes("done"))).toEqual(["a done 1", "b done 1", "c done 1"]);
});

test("it rests when nothing is stale, and stops when told", () => {
  const log: string[] = [];
  const { settle, turn, steps } = byHand();
  const one = settle.add(task(log, "one", 1));
  settle.invalidate(one);
  turn();
  expect(settle.idle).toBe(true);
  expect(steps).toHaveLength(0);
  settle.invalidate(one);
  settle.stop();
  turn();
  expect(log.filter((line) => line.includes("done"))).toHaveLength(1);
});
