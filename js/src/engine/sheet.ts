// The spreadsheet under every lab: inputs, facts from the kernel, formulas and small optimisations,
// recomputed when they are read. Knows no DOM.

import type { Facts, Spec } from "../spec";
import { unpack } from "../wire";
import { Cells, plain } from "./cells";
import type { Items } from "./compile";
import { type Interval, intervals, moved } from "./draws";
import { Job } from "./job";
import { follow } from "./links";
import { fitParabolas } from "./parabolas";
import { lanesOf, Plan } from "./plan";
import { Refitter } from "./refit";

export type Value = number | string | boolean | readonly number[];

export class Sheet {
  readonly #cells: Cells;
  readonly #refitter: Refitter | undefined;
  readonly #numbers = new Map<string, number>();
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, readonly number[]>();
  readonly #computed = new Map<string, number>();
  readonly #plans = new Map<string, Plan>();
  readonly #items: Items;
  #arrays = new Map<string, Float64Array>();
  /** Arrays that are formulas, until something moves. */
  readonly #made = new Map<string, Float64Array>();
  /** The array that a hand moves, as the hand has left it. */
  #nudged: Float64Array | undefined;
  #strings: Record<string, readonly string[]> = {};
  #facts: string[] = [];

  /** Throws when a formula is malformed or formulas read each other in a circle. */
  constructor(readonly spec: Spec) {
    this.#cells = new Cells(spec);
    this.#refitter = spec.refit && new Refitter(spec.refit);
    const lists = spec.items ?? {};
    const get = (name: string) => this.array(lists[name]);
    this.#items = {
      has: (name) => Object.hasOwn(lists, name),
      get,
      get count() {
        return Math.max(0, ...Object.keys(lists).map((name) => get(name).length));
      },
    };
  }

  /** What the kernel knows. Replaces every number, array and text of the answer before it. Throws
   *  when the answer is garbled, and then leaves the sheet as it was. */
  setFacts(facts: Facts): void {
    const numbers = unpack(facts.numbers);
    if (numbers.length !== facts.names.length) {
      throw new Error(`facts: ${facts.names.length} names for ${numbers.length} numbers`);
    }
    const names = facts.names.map(plain);
    const computed = names.find((name) => this.#cells.computed(name));
    if (computed) throw new Error(`facts: the cell ${computed} is a formula already`);
    const arrays = new Map<string, Float64Array>();
    for (const [name, packed] of Object.entries(facts.arrays)) arrays.set(name, unpack(packed));
    for (const name of this.#facts) {
      this.#numbers.delete(name);
      this.#changed(name);
    }
    names.forEach((name, k) => this.#put(name, numbers[k]));
    this.#facts = names;
    this.#strings = facts.strings;
    this.#setArrays(arrays);
  }

  /** Take inputs as they are, links not applied: the first values, and what another hand changed. */
  load(inputs: Record<string, unknown>): void {
    for (const [cell, value] of Object.entries(inputs)) this.#take(plain(cell), value);
  }

  /** Move an input. Links move its partner. Returns the inputs that changed, as the spec calls them
   *  (`wheel.E` with its dot), the moved one first; empty when nothing changed. */
  set(cell: string, value: Value): string[] {
    const name = plain(cell);
    const before = this.#numbers.get(name) ?? NaN;
    if (!this.#take(name, value)) return [];
    const changed = [cell];
    for (const link of this.spec.links) {
      const partners = follow(link, cell, before, this.text(link.hold), (of) => this.get(of));
      for (const [partner, number] of partners) {
        if (this.#take(plain(partner), number)) changed.push(partner);
      }
    }
    return changed;
  }

  /** The present value; NaN where unknown. A toggle is 0 or 1, a choice the position of its option, a
   *  list its length. */
  get(cell: string): number {
    const name = plain(cell);
    const known = this.#computed.get(name) ?? this.#numbers.get(name);
    if (known !== undefined) return known;
    if (!this.#cells.computed(name)) return NaN;
    const targets = this.#cells.solvers.get(name)?.outputs ?? [name];
    const plan = this.#plan(targets, [], []);
    plan.load(plan.needs.map((need) => this.get(need)));
    plan.cold();
    for (const target of targets) this.#computed.set(target, plan.column(target)[0]);
    return this.#computed.get(name) as number;
  }

  /** The value of a choice; "" where unknown. */
  text(cell: string): string {
    return this.#texts.get(plain(cell)) ?? "";
  }

  /** A list input such as the rows left out; empty where unknown. */
  list(cell: string): readonly number[] {
    return this.#lists.get(plain(cell)) ?? [];
  }

  /** An array fact, as a hand has moved its entries; a series; the entries of a list; empty where
   *  unknown. */
  array(name: string): Float64Array {
    const fact = this.#arrays.get(name) ?? this.#series(name) ?? Float64Array.from(this.list(name));
    const { nudge } = this.spec;
    if (nudge?.array !== name) return fact;
    return (this.#nudged ??= multiplied(fact, this.list(nudge.cell)));
  }

  #series(name: string): Float64Array | undefined {
    const made = this.#made.get(name);
    if (made) return made;
    const one = this.spec.series?.find(
      ({ array, falls, before }) => name === array || name === falls || name === before,
    );
    if (one) {
      const [values] = this.rows([one.cell], one.rows);
      let sum = 0;
      this.#made.set(one.array, values);
      this.#made.set(one.falls, values.map((value, k) => (k > 0 ? values[k - 1] : 1) - value));
      this.#made.set(one.before, values.map((value) => (sum += value) - value));
    }
    return this.#made.get(name);
  }

  /** Array facts that belong together, all of them or none: with a new page the facts can still be
   *  those of the page before, which knew some of them. */
  #together(names: readonly string[]): Float64Array[] {
    const arrays = names.map((name) => this.array(name));
    const whole = arrays.every(({ length }) => length > 0);
    return whole ? arrays : arrays.map(() => new Float64Array(0));
  }

  strings(name: string): readonly string[] {
    return Object.hasOwn(this.#strings, name) ? this.#strings[name] : [];
  }

  /** `y` with the cell `x` taking the grid's values one by one, all else as it is. */
  tabulate(y: string, x: string, grid: ArrayLike<number>): Float64Array {
    return this.#columns([y], new Map([[plain(x), grid]]))[0];
  }

  /** Each row sets the cells of `rows` to its values in the array facts named; then `cells` are read. */
  rows(cells: string[], rows: Record<string, string>): Float64Array[] {
    const arrays = this.#together(Object.values(rows));
    const columns = Object.keys(rows).map((cell, k) => [plain(cell), arrays[k]] as const);
    return this.#columns(cells, new Map(columns));
  }

  /** `z` with the cells `x` and `y` taking all pairs of values, one row after the other of one `y`
   *  each, all else as it is. */
  grid(
    z: string,
    x: string,
    xs: ArrayLike<number>,
    y: string,
    ys: ArrayLike<number>,
  ): Float64Array {
    // y is hot and x a lane: what only x moves is computed once, and a solve begins where the row
    // before it ended
    const plan = this.#plan([plain(z)], [plain(x)], [plain(y)]);
    plan.fit(xs.length, ys.length);
    plan.load(plan.needs.map((need) => this.get(need)));
    plan.set(plain(x), xs);
    plan.user = undefined;
    plan.cold();
    const found = new Float64Array(xs.length * ys.length);
    for (let row = 0; row < ys.length; row++) {
      plan.set(plain(y), [ys[row]]);
      plan.hot(row);
      found.set(spread(plan.column(plain(z)), xs.length), row * xs.length);
    }
    return found;
  }

  /** The interval of `y` over the draws, at each value of `x`. NaN where more draws than a tail of
   *  the interval holds have no value. */
  band(y: string, x: string, grid: ArrayLike<number>, level: number): Interval {
    return this.bandsJob([y], x, grid, level).finish()[0];
  }

  /** Bands of several cells at once, in slices. The job keeps the inputs and facts of its start. */
  bandsJob(ys: string[], x: string, grid: ArrayLike<number>, level: number): Job<Interval[]> {
    return new Job(this.#overDraws(ys.map(plain), [plain(x)], Float64Array.from(grid), level));
  }

  interval(cell: string, level: number): [number, number] {
    return this.intervalsJob([cell], level).finish()[0];
  }

  /** Intervals of several cells at once (they share solves), in slices. */
  intervalsJob(cells: string[], level: number): Job<[number, number][]> {
    const work = this.#overDraws(cells.map(plain), [], new Float64Array(1), level);
    function* narrow(): Generator<void, [number, number][]> {
      const bands = yield* work;
      return bands.map(({ lo, hi }) => [lo[0], hi[0]]);
    }
    return new Job(narrow());
  }

  /** Move the constants of spec.refit towards their optimum over the rows that are not left out,
   *  until the kernel's next facts replace them. Without spec.refit it does nothing. */
  refit(): void {
    const found = this.#refitter?.refit(this) ?? new Map<string, number>();
    for (const [cell, value] of found) this.#preview(plain(cell), value);
  }

  /** Fit the parabolas of spec.parabolas to the rows that are not left out, until the kernel's next
   *  facts replace them. True when there are new ones: arrays have changed then. */
  parabolas(): boolean {
    const found = this.spec.parabolas && fitParabolas(this.spec.parabolas, this);
    if (!found) return false;
    for (const [cell, value] of Object.entries(found.numbers)) this.#preview(plain(cell), value);
    this.#setArrays(new Map([...this.#arrays, ...Object.entries(found.arrays)]));
    return true;
  }

  /** A number of the browser's own until the kernel's next facts. */
  #preview(cell: string, value: number): void {
    this.#put(cell, value);
    if (!this.#facts.includes(cell)) this.#facts.push(cell);
  }

  #setArrays(arrays: Map<string, Float64Array>): void {
    this.#arrays = arrays;
    this.#arraysChanged();
  }

  #arraysChanged(): void {
    this.#nudged = undefined;
    this.#made.clear();
    if (this.spec.items) this.#computed.clear(); // sums run over arrays
  }

  #take(cell: string, value: unknown): boolean {
    if (Array.isArray(value)) {
      const list = value.map(Number);
      const held = this.#lists.get(cell);
      if (held?.length === list.length && held.every((item, k) => item === list[k])) return false;
      this.#lists.set(cell, list);
      this.#put(cell, list.length);
      const moves = this.spec.series || (this.spec.nudge && cell === plain(this.spec.nudge.cell));
      if (moves) this.#arraysChanged();
      return true;
    }
    if (typeof value === "string") {
      if (this.#texts.get(cell) === value) return false;
      this.#texts.set(cell, value);
      const position = this.#cells.options.get(cell)?.indexOf(value) ?? -1;
      this.#put(cell, position < 0 ? NaN : position);
      return true;
    }
    if (typeof value === "boolean") return this.#put(cell, Number(value));
    return typeof value === "number" && this.#put(cell, value);
  }

  #put(cell: string, value: number): boolean {
    if (Object.is(this.#numbers.get(cell), value)) return false;
    this.#numbers.set(cell, value);
    this.#changed(cell);
    return true;
  }

  #changed(cell: string): void {
    this.#made.clear();
    for (const reader of this.#cells.readers(cell)) this.#computed.delete(reader);
  }

  #plan(targets: string[], wide: string[], hot: string[]): Plan {
    const key = JSON.stringify([targets, wide, hot]);
    const plan = this.#plans.get(key) ?? new Plan(this.#cells, targets, wide, hot, this.#items);
    this.#plans.set(key, plan);
    return plan;
  }

  #columns(cells: string[], given: Map<string, ArrayLike<number>>): Float64Array[] {
    const lanes = lanesOf(given);
    const plan = this.#plan(cells.map(plain), [...given.keys()], []);
    plan.fit(lanes, 1);
    plan.load(plan.needs.map((need) => this.get(need)));
    for (const [cell, column] of given) plan.set(cell, column);
    plan.user = undefined;
    plan.cold();
    return cells.map((cell) => spread(plan.column(plain(cell)), lanes));
  }

  /** The cells `ys` with `x` at each value of the grid, over the draws of all other constants. */
  #overDraws(
    ys: string[],
    x: string[],
    grid: Float64Array,
    level: number,
  ): Generator<void, Interval[]> {
    const draws = this.#draws(x);
    const plan = this.#plan(ys, [...draws.keys()], x);
    const needs = plan.needs.map((need) => this.get(need));
    return intervals({ plan, needs, draws, lanes: lanesOf(draws), x, grid }, level);
  }

  #draws(except: string[]): Map<string, Float64Array> {
    const { draws } = this.spec;
    const arrays = this.#together(draws.map(({ array }) => array));
    const columns = draws.map(({ cell, centre, positive }, k) => {
      return [plain(cell), moved(arrays[k], this.get(cell), this.get(centre), positive)] as const;
    });
    return new Map(columns.filter(([cell]) => !except.includes(cell)));
  }
}

/** Entries multiplied as the pairs in `nudges` say: `row, factor, row, factor, ...`. */
function multiplied(values: Float64Array, nudges: readonly number[]): Float64Array {
  const moved = values.slice();
  for (let k = 0; k + 1 < nudges.length; k += 2) moved[nudges[k]] *= nudges[k + 1];
  return moved;
}

function spread(column: Float64Array, lanes: number): Float64Array {
  return column.length === lanes ? column.slice() : new Float64Array(lanes).fill(column[0]);
}
