// Shares in a triangle: where a place is, and what a hand does to the amounts.
import { describe, expect, test } from "vitest";
import { mixed, sharesAt, TALL } from "../src/plot/simplex";

const near = (found: readonly number[], wanted: readonly number[]) => {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], 12));
};

describe("a place in the triangle", () => {
  test("at a corner is all of it", () => {
    near(sharesAt(0, 0), [1, 0, 0]);
    near(sharesAt(1, 0), [0, 1, 0]);
    near(sharesAt(0.5, TALL), [0, 0, 1]);
  });

  test("has the shares of which it is the centre of gravity", () => {
    const [left, right, top] = [0.2, 0.5, 0.3];
    near(sharesAt(right + top / 2, top * TALL), [left, right, top]);
  });

  test("outside of it has no negative share, and they sum to 1", () => {
    for (const [x, y] of [[-1, 0.2], [3, -2], [0.5, 9], [0.5, -0.1], [-4, -4]]) {
      const shares = sharesAt(x, y);
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
      expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    }
    near(sharesAt(0.5, -0.1).slice(2), [0]);
  });
});

describe("amounts that a hand mixes", () => {
  test("leave the others their shares, whatever the amounts summed to", () => {
    near(mixed([1, 1, 2, 3, 1], [0.5, 0.25, 0.25]), [0.25, 0.125, 0.125, 0.375, 0.125]);
  });

  test("of three alone are the shares themselves", () => {
    near(mixed([9, 0, 0], [0.2, 0.3, 0.5]), [0.2, 0.3, 0.5]);
  });

  test("where there is nothing at all were equal shares", () => {
    near(mixed([0, 0, 0, 0], [1, 0, 0]), [0.75, 0, 0, 0.25]);
  });

  test("stay as they are where the others have everything", () => {
    near(mixed([0, 0, 0, 2], [0.2, 0.3, 0.5]), [0, 0, 0, 1]);
  });

  test("mixed twice alike do not drift", () => {
    const shares = sharesAt(0.4, 0.3);
    const once = mixed([0.3, 0.2, 0.1, 0.7], shares);
    near(mixed(once, shares), once);
  });
});
