// The runs as a table: made when it is opened, its values filled in between frames.
import { html, setText } from "../dom";
import { Job } from "../engine/job";
import type { Sheet } from "../engine/sheet";
import { formatter } from "../format";
import { brushed, toggled } from "../plot/pick";
import { type Changed, touches } from "../roots";
import type { Settle, Task } from "../settle";
import type { Listing } from "../spec";
import { type ControlEnv, on } from "./control";

const MOST = 1000; // lines; with more a browser takes seconds to lay them out
const SLICE = 50; // lines between two looks at the clock
const HELP =
  "Click a run to leave it out or take it back, a column's name to sort by it. By keyboard: arrows, " +
  "Space; Shift and an arrow make the next run like this one.";

export class ListingView {
  readonly node: HTMLDetailsElement;
  readonly #body: HTMLElement;
  readonly #note: HTMLElement;
  readonly #heads: HTMLElement[];
  readonly #roots: ReadonlySet<string>;
  readonly #fill: Task;
  #sheet!: Sheet;
  #stale = true;
  #out: readonly number[] = [];
  /** Runs in the order of their lines. It stays when values change, so that a line that is clicked
   *  stays under the hand. */
  #order: number[] = [];
  #sorted = { column: 0, down: false };

  constructor(
    private readonly env: ControlEnv,
    private readonly listing: Listing,
    private readonly settle: Settle,
  ) {
    const { doc, roots } = env;
    const { rows, columns, label } = listing;
    this.#heads = ["run", ...columns.map((column) => column.label)].map((text, column) =>
      this.#head(text, column),
    );
    this.#body = html(doc, "tbody");
    this.#note = html(doc, "p", { class: "sw-level" });
    const head = html(doc, "thead", {}, html(doc, "tr", {}, ...this.#heads));
    const aria = { role: "grid", "aria-label": label, "aria-multiselectable": "true" };
    const table = html(doc, "table", aria, head, this.#body);
    const [summary, scroller] = [html(doc, "summary", {}, label), html(doc, "div", {}, table)];
    this.node = html(doc, "details", { class: "sw-listing" }, summary, this.#note, scroller);
    this.#roots = roots.ofRows(this.#cells, rows);
    this.#fill = settle.add({ start: () => new Job(this.#filling()), done: () => {} });
    on(env, this.node, "toggle", () => this.draw(this.#sheet, new Set()));
    on(env, this.#body, "click", ({ target }) => this.#toggle(target));
    on(env, this.#body, "keydown", (event) => this.#walk(event));
  }

  get #cells(): string[] {
    return this.listing.columns.map(({ cell }) => cell);
  }

  /** As it is now: two keys can come between two frames, and `#out` is what was drawn. */
  get #excluded(): readonly number[] {
    return this.#sheet.list(this.listing.excluded);
  }

  draw(sheet: Sheet, changed: Changed): void {
    this.#sheet = sheet;
    this.#stale ||= touches(this.#roots, changed);
    if (!this.node.open) return;
    if (this.#stale) this.settle.invalidate(this.#fill);
    this.#stale = false;
    const out = sheet.list(this.listing.excluded);
    if (out === this.#out) return;
    this.#out = out;
    for (const line of this.#body.children) this.#strike(line as HTMLElement);
  }

  #head(text: string, column: number): HTMLElement {
    const { doc } = this.env;
    const button = html(doc, "button", { type: "button" }, text);
    on(this.env, button, "click", () => {
      const { column: before, down } = this.#sorted;
      this.#sorted = { column, down: before === column && !down };
      this.#order = [];
      this.settle.invalidate(this.#fill);
    });
    return html(doc, "th", {}, button);
  }

  #toggle(target: EventTarget | null): void {
    const line = (target as Element).closest<HTMLElement>("[data-row]");
    if (line) this.env.set(this.listing.excluded, toggled(this.#excluded, rowOf(line)));
  }

  #walk(event: KeyboardEvent): void {
    const { key, target } = event;
    const { nextElementSibling, previousElementSibling } = target as Element;
    if (key === "Enter" || key === " ") this.#toggle(target);
    else if (key === "ArrowDown") this.#go(event, nextElementSibling);
    else if (key === "ArrowUp") this.#go(event, previousElementSibling);
    else return;
    event.preventDefault();
  }

  /** To another line; with Shift it is left out as the one before it is, or taken back. */
  #go({ shiftKey, target }: KeyboardEvent, line: Element | null): void {
    if (!line) return;
    (line as HTMLElement).focus();
    if (!shiftKey) return;
    const back = !this.#excluded.includes(rowOf(target as HTMLElement));
    const next = brushed(this.#excluded, [rowOf(line as HTMLElement)], back);
    this.env.set(this.listing.excluded, next);
  }

  *#filling(): Generator<void, void> {
    const sheet = this.#sheet;
    const { rows, columns, names } = this.listing;
    const count = sheet.array(Object.values(rows)[0]).length;
    const values = sheet.rows(this.#cells, rows);
    if (this.#order.length !== count) this.#sort(count, values);
    this.#grow(Math.min(count, MOST));
    const called = names === undefined ? [] : sheet.strings(names);
    const writers = columns.map(({ format }) => formatter(format));
    const lines = [...this.#body.children] as HTMLElement[];
    for (const [i, line] of lines.entries()) {
      if (i % SLICE === SLICE - 1) yield;
      const row = this.#order[i];
      const [name, ...cells] = line.children;
      line.dataset["row"] = `${row}`;
      this.#strike(line);
      setText(name, called[row] ?? `run ${row + 1}`);
      writers.forEach((write, k) => setText(cells[k], write(values[k][row])));
    }
  }

  #sort(count: number, values: Float64Array[]): void {
    const { column, down } = this.#sorted;
    const numbers = Float64Array.from({ length: count }, (_, row) => row);
    this.#order = ordered([numbers, ...values][column], down);
    this.#heads.forEach((head, i) =>
      head.setAttribute("aria-sort", i !== column ? "none" : down ? "descending" : "ascending"),
    );
    const [shown, all] = [MOST, count].map((rows) => rows.toLocaleString("en"));
    setText(this.#note, count > MOST ? `${HELP} The first ${shown} of ${all} rows.` : HELP);
  }

  #grow(count: number): void {
    const { doc } = this.env;
    const body = this.#body;
    while (body.childElementCount > count) body.lastChild!.remove();
    while (body.childElementCount < count) {
      const cells = this.#heads.map(() => html(doc, "td"));
      const tabindex = body.firstChild ? -1 : 0; // the arrow keys lead on
      body.append(html(doc, "tr", { tabindex }, ...cells));
    }
  }

  #strike(line: HTMLElement): void {
    const gone = this.#out.includes(rowOf(line));
    line.classList.toggle("sw-gone", gone);
    line.setAttribute("aria-selected", `${!gone}`);
  }
}

function rowOf(line: HTMLElement): number {
  return Number(line.dataset["row"]);
}

/** Rows by their values; what has none comes last. */
export function ordered(values: ArrayLike<number>, down: boolean): number[] {
  const unknown = (row: number) => Number(Number.isNaN(values[row]));
  const sign = down ? -1 : 1;
  return Array.from(values, (_, row) => row).sort(
    (a, b) => unknown(a) - unknown(b) || sign * (values[a] - values[b]),
  );
}
