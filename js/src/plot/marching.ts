// Lines of equal height over a grid: marching squares, the pieces joined to lines.

export type Line = [x: number, y: number][];

/** The lines on which `z` has the height `level`; a closed one ends where it begins. `z` holds a
 *  value for each of `xs`, row by row of `ys`. Squares with a value that is not there have no line. */
export function contourLines(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  z: ArrayLike<number>,
  level: number,
): Line[] {
  const wide = xs.length;
  const links = linksOf(z, wide, level);
  const place = (edge: number): Line[0] => {
    const from = edge >> 1;
    const to = from + (edge & 1 ? wide : 1);
    const share = (level - z[from]) / (z[to] - z[from]);
    const between = (list: ArrayLike<number>, i: number, j: number) =>
      list[i] + share * (list[j] - list[i]);
    return [
      between(xs, from % wide, to % wide),
      between(ys, Math.floor(from / wide), Math.floor(to / wide)),
    ];
  };
  const lines: Line[] = [];
  const follow = (start: number) => {
    const line: Line = [];
    for (let edge: number | undefined = start; edge !== undefined; ) {
      line.push(place(edge));
      const near: number[] = links.get(edge)!;
      links.delete(edge);
      edge = near.find((next) => links.has(next));
      if (edge === undefined && line.length > 2 && near.includes(start)) line.push(line[0]);
    }
    lines.push(line);
  };
  // Open lines first, from their ends; what is left is closed and can begin anywhere.
  for (const [edge, near] of links) if (near.length === 1) follow(edge);
  for (const edge of links.keys()) follow(edge);
  return lines;
}

/** Which crossed edges of the grid follow one another. The edge 2 k goes from the grid point k to
 *  the next of its row, 2 k + 1 to that of the next row. */
function linksOf(z: ArrayLike<number>, wide: number, level: number): Map<number, number[]> {
  const links = new Map<number, number[]>();
  const join = (from: number, to: number) => links.set(from, [...(links.get(from) ?? []), to]);
  for (let k = 0; k + wide + 1 < z.length; k++) {
    if ((k + 1) % wide === 0) continue;
    const edges = crossed(z, wide, k, level);
    for (let i = 0; i < edges.length; i += 2) {
      join(edges[i], edges[i + 1]);
      join(edges[i + 1], edges[i]);
    }
  }
  return links;
}

const NONE: number[] = [];

/** The crossed edges of the square whose first corner is the grid point k, in pairs. */
function crossed(z: ArrayLike<number>, wide: number, k: number, level: number): number[] {
  const [a, b, c, d] = [z[k], z[k + 1], z[k + wide + 1], z[k + wide]];
  const mean = (a + b + c + d) / 4;
  const [A, B, C, D] = [a >= level, b >= level, c >= level, d >= level];
  if (!Number.isFinite(mean) || (A === B && B === C && C === D)) return NONE;
  const edges: number[] = [];
  if (A !== B) edges.push(2 * k);
  if (B !== C) edges.push(2 * k + 3);
  if (C !== D) edges.push(2 * (k + wide));
  if (D !== A) edges.push(2 * k + 1);
  // On a saddle the centre decides which two corners are cut off: b and d, or else a and c.
  if (edges.length > 2 && mean >= level !== A) edges.push(edges.shift()!);
  return edges;
}
