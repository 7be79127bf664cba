// Where a marker's name stands: beside it, inside the plot, on no other name or marker.

export interface Spot {
  x: number;
  y: number;
  text: string;
}

export interface Placed {
  /** Which of the places around the marker, to be tried first the next time. */
  place: number;
  /** Where the text is anchored, and its baseline. The end beside the marker is the anchor, so that
   *  a text wider than thought still keeps off the marker. */
  x: number;
  y: number;
  anchor: "start" | "middle" | "end";
}

export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export const PER_LETTER = 6.8; // px at the labels' size; measuring the text would force a layout
const HEIGHT = 13;
const GAP = 10; // from the marker's centre

/** A name gives up its place only for one better by this much, so that it does not flicker. */
const STAY = 14;

const PLACES: readonly (readonly [number, number])[] = [
  [1, -0.6],
  [-1, -0.6],
  [1, 0.6],
  [-1, 0.6],
  [0, -1.2],
  [0, 1.2],
  [1, -1.8],
  [-1, -1.8],
  [1, 1.8],
  [-1, 1.8],
  [0, -2.4],
  [0, 2.4],
];

function boxAt(spot: Spot, place: number): Box {
  const [right, down] = PLACES[place];
  const width = spot.text.length * PER_LETTER;
  const x0 = spot.x + right * GAP + (right < 0 ? -width : right === 0 ? -width / 2 : 0);
  const y0 = spot.y + down * (HEIGHT + 1) - HEIGHT / 2;
  return { x0, y0, x1: x0 + width, y1: y0 + HEIGHT };
}

export function overlap(a: Box, b: Box): number {
  const wide = Math.min(a.x1, b.x1) - Math.max(a.x0, b.x0);
  const high = Math.min(a.y1, b.y1) - Math.max(a.y0, b.y0);
  return wide > 0 && high > 0 ? wide * high : 0;
}

function outside(box: Box, width: number, height: number): number {
  const over = Math.max(0, -box.x0) + Math.max(0, box.x1 - width);
  return over * HEIGHT + (Math.max(0, -box.y0) + Math.max(0, box.y1 - height)) * 60;
}

/** Places for the names of all markers, in order of importance. `before` are the places of the
 *  last frame: a name moves only when it must. */
export function placeLabels(
  spots: readonly Spot[],
  width: number,
  height: number,
  before: readonly number[],
): Placed[] {
  const markers = spots.map(({ x, y }) => ({ x0: x - 7, y0: y - 7, x1: x + 7, y1: y + 7 }));
  const taken: Box[] = [];
  return spots.map((spot, index) => {
    let best = { cost: Infinity, place: 0, box: boxAt(spot, 0) };
    for (let place = 0; place < PLACES.length; place++) {
      const box = boxAt(spot, place);
      let cost = 4 * outside(box, width, height) + 4 * place - (place === before[index] ? STAY : 0);
      for (const other of taken) cost += 3 * overlap(box, other);
      for (const marker of markers) cost += overlap(box, marker);
      if (cost < best.cost) best = { cost, place, box };
    }
    taken.push(best.box);
    return { place: best.place, y: best.box.y1 - 3, ...anchored(best.box, PLACES[best.place][0]) };
  });
}

function anchored({ x0, x1 }: Box, right: number): Pick<Placed, "x" | "anchor"> {
  if (right > 0) return { x: x0, anchor: "start" };
  if (right < 0) return { x: x1, anchor: "end" };
  return { x: (x0 + x1) / 2, anchor: "middle" };
}
