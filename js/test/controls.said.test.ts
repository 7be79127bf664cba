import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Said } from "../src/controls/said";

/** As much of a page as a text needs. */
class Words {
  data = "";
}
class Node {
  firstChild: Words | null = null;
  setAttribute(): void {}
  append(): void {}
  set textContent(text: string) {
    this.firstChild = Object.assign(new Words(), { data: text });
  }
}
const doc = { createElement: () => new Node() } as unknown as Document;
const heard = (said: Said) => (said.node.firstChild as unknown as Words | null)?.data ?? "";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("Text", Words);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("the first text is there at once", () => {
  const said = new Said(doc);
  said.say("fit ok");
  expect(heard(said)).toBe("fit ok");
});

test("a text that changes in every frame is said when it has come to rest", () => {
  const said = new Said(doc);
  said.say("134 runs");
  for (let frame = 0; frame < 300; frame++) {
    said.say(frame % 2 ? "refitting" : `${134 - frame} runs`);
    vi.advanceTimersByTime(16);
    expect(heard(said)).toBe("134 runs");
  }
  said.say("4 runs");
  vi.advanceTimersByTime(2000);
  expect(heard(said)).toBe("4 runs");
});

test("one that stands still is not put off by being said again", () => {
  const said = new Said(doc);
  said.say("");
  for (let frame = 0; frame < 100; frame++) {
    said.say("the kernel has gone");
    vi.advanceTimersByTime(16);
  }
  expect(heard(said)).toBe("the kernel has gone");
});
