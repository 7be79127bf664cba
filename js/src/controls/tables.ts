// Readouts: a value, and its interval once that is computed.
import { html, setText } from "../dom";
import type { Sheet } from "../engine/sheet";
import { type Formatter, formatter } from "../format";
import { isVisible, withVisible } from "../plot/layer";
import { type Changed, touches } from "../roots";
import type { Settle, Task } from "../settle";
import type { Readout, Table } from "../spec";
import type { ControlEnv } from "./control";

const LEVEL = 0.95;

interface Row {
  readout: Readout;
  node: HTMLElement;
  value: HTMLElement;
  interval: HTMLElement;
  write: Formatter;
  roots: ReadonlySet<string>;
}

export class Tables {
  readonly node: HTMLElement;
  readonly #rows: Row[] = [];
  readonly #tables: { node: HTMLElement; rows: Row[] }[] = [];
  readonly #intervals: Task;
  readonly #settle: Settle;
  #sheet: Sheet | null = null;

  constructor(env: ControlEnv, tables: readonly Table[], settle: Settle) {
    const { doc } = env;
    this.#settle = settle;
    this.node = html(doc, "div", { class: "sw-tables" });
    for (const table of tables) {
      const rows = table.rows.map((readout) => rowOf(env, readout));
      this.#rows.push(...rows);
      const plain = !table.rows.some(({ interval }) => interval);
      const explain = !plain && !this.node.querySelector(".sw-level");
      const note = explain
        ? html(doc, "span", { class: "sw-level" }, "95 % interval in brackets")
        : "";
      const caption = html(doc, "caption", {}, table.label, " ", note);
      const body = html(doc, "tbody", { role: "rowgroup" }, ...rows.map(({ node }) => node));
      const node = html(doc, "table", { role: "table", class: plain && "sw-plain" }, caption, body);
      this.#tables.push({ node, rows });
      this.node.append(node);
    }
    this.#intervals = settle.add(this.#intervalTask());
  }

  draw(sheet: Sheet, changed: Changed): void {
    this.#sheet = sheet;
    let stale = false;
    for (const { readout, node, value, write, roots } of this.#rows) {
      if (!touches(roots, changed)) continue;
      node.hidden = !isVisible(sheet, readout.visible);
      if (node.hidden) continue;
      setText(value, write(sheet.get(readout.cell)));
      stale ||= readout.interval === true;
    }
    for (const { node, rows } of this.#tables) node.hidden = rows.every((row) => row.node.hidden);
    if (stale) this.#settle.invalidate(this.#intervals);
  }

  #intervalTask(): Task<[number, number][]> {
    let rows: Row[] = [];
    return {
      start: () => {
        rows = this.#rows.filter(({ readout, node }) => readout.interval && !node.hidden);
        const cells = rows.map(({ readout }) => readout.cell);
        return rows.length > 0 && this.#sheet ? this.#sheet.intervalsJob(cells, LEVEL) : null;
      },
      done: (intervals) => {
        rows.forEach(({ interval, write }, i) => {
          const [lo, hi] = intervals[i];
          const known = Number.isFinite(lo) && Number.isFinite(hi);
          setText(interval, known ? `[${write(lo)}, ${write(hi)}]` : "");
        });
      },
    };
  }
}

/** The roles are written out because the style sheet lays the table out as lines of boxes: with all
 *  values changing that halves the layout (1.3 ms a frame for 27 rows, 2.9 ms as a table). */
function rowOf({ doc, roots }: ControlEnv, readout: Readout): Row {
  const { cell, label, format, unit, visible, help } = readout;
  const value = html(doc, "span", {}, "–");
  const interval = html(doc, "td", { class: "sw-interval", role: "cell" });
  const aria = { role: "rowheader", "aria-description": help };
  const heading = html(doc, "th", { scope: "row", ...aria }, label);
  if (unit) heading.append(html(doc, "span", { class: "sw-unit" }, `, ${unit}`));
  const node = html(
    doc,
    "tr",
    { "data-cell": cell, title: help, role: "row" },
    heading,
    html(doc, "td", { class: "sw-value", role: "cell" }, value),
    interval,
  );
  const read = roots.of(withVisible([cell], visible));
  return { readout, node, value, interval, write: formatter(format), roots: read };
}
