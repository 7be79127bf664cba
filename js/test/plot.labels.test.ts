import { expect, test } from "vitest";
import { type Placed, placeLabels, type Spot } from "../src/plot/labels";

/** Left and right end of a name: n letters are about 6 n wide. */
function ends({ x, anchor }: Placed, { text }: Spot): [number, number] {
  const width = text.length * 6;
  const left = { start: x, middle: x - width / 2, end: x - width }[anchor];
  return [left, left + width];
}

function overlaps(spots: readonly Spot[], before: readonly number[] = []): number {
  const placed = placeLabels(spots, 600, 300, before);
  let count = 0;
  for (let i = 0; i < placed.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [placed[i], placed[j]];
      const [[a0, a1], [b0, b1]] = [ends(a, spots[i]), ends(b, spots[j])];
      const apart = a1 <= b0 || b1 <= a0 || Math.abs(a.y - b.y) >= 12;
      if (!apart) count++;
    }
  }
  return count;
}

test("names of markers that lie close together do not cover one another", () => {
  for (let shift = 0; shift < 40; shift += 2) {
    const spots = ["Chinchilla", "inference-aware", "precision-aware", "your model"].map(
      (text, i) => ({
        x: 300 + i * (20 - shift),
        y: 150 + i * 4,
        text,
      }),
    );
    expect(overlaps(spots)).toBe(0);
  }
});

test("a name at the edge stays inside", () => {
  for (const [x, y] of [
    [598, 150],
    [2, 150],
    [300, 2],
    [300, 298],
    [599, 299],
  ]) {
    const spot = { x, y, text: "precision-aware" };
    const [at] = placeLabels([spot], 600, 300, []);
    const [left, right] = ends(at, spot);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(600);
    expect(at.y).toBeGreaterThan(8);
    expect(at.y).toBeLessThanOrEqual(300);
  }
});

test("a name stays on its side while there is room", () => {
  const spot = { x: 300, y: 150, text: "your model" };
  for (let place = 0; place < 4; place++) {
    expect(placeLabels([spot], 600, 300, [place])[0].place).toBe(place);
  }
});

test("a name that had to go far away comes back when there is room", () => {
  const spot = { x: 300, y: 150, text: "your model" };
  expect(placeLabels([spot], 600, 300, [10])[0].place).toBe(0);
});
