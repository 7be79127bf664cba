// What a frame asks of the engine, as far as it is slow: `npx vitest bench --run`. Each round moves an
// input first, as a hand does, so that nothing is answered from the round before.

import { bench, describe } from "vitest";
import { Sheet } from "../src/engine/sheet";
import { INPUTS, labFacts, labSpec } from "./fixture";

const sheet = new Sheet(labSpec());
sheet.setFacts(labFacts());
sheet.load(INPUTS);
const grid = (low: number, high: number, points: number): Float64Array =>
  Float64Array.from({ length: points }, (_, i) => low * (high / low) ** (i / (points - 1)));
let round = 0;
const drag = (cell: string, middle: number): void => {
  sheet.load({ [cell]: middle * 1.01 ** (++round % 20) });
};

describe("200 draws", () => {
  const sizes = grid(1e7, 1e12, 64);
  bench("band of loss_at_C at 64 points (2 ms)", () => {
    drag("C", 1e22);
    sheet.band("loss_at_C", "N", sizes, 0.9);
  });
  const budgets = grid(1e18, 1e26, 13);
  bench("band of the optimum under 13 budgets", () => {
    drag("demand", 1e12);
    sheet.band("N_opt", "C", budgets, 0.9);
  });
  const demands = grid(1e9, 1e15, 13);
  bench("band of the optimum for 13 demands (8 ms)", () => {
    drag("C", 1e22);
    sheet.band("N_served", "demand", demands, 0.9);
  });
  bench("six intervals through both solves", () => {
    drag("C", 1e22);
    const cells = ["saving", "N_opt", "D_opt", "N_served", "D_served", "loss_opt"];
    sheet.intervalsJob(cells, 0.9).finish();
  });
});

describe("240 runs, 5 constants", () => {
  bench("refit after a click (2 ms)", () => {
    sheet.load({ excluded: [++round % 240] });
    sheet.refit();
  });
});

describe("a picture of 64 by 48 values", () => {
  const [sizes, tokens] = [grid(1e7, 1e12, 64), grid(1e8, 1e15, 48)];
  bench("of the loss (2 ms)", () => {
    drag("fit_alpha", 0.35);
    sheet.grid("loss", "N", sizes, "D", tokens);
  });
});
