// A lab's parts made from its spec: the sheet, the controls, the plots, the tables.
import type { ControlEnv } from "./controls/control";
import { Header } from "./controls/header";
import { ListingView } from "./controls/listing";
import { Panel } from "./controls/panel";
import { positionOf, valueAt } from "./controls/position";
import { Tables } from "./controls/tables";
import { html } from "./dom";
import { equationsView, lightUp } from "./equation";
import { Sheet } from "./engine/sheet";
import type { Host } from "./host";
import { type InputValue, inputKinds, isAsked, type Kind, previewed, readInput } from "./inputs";
import { type PlotEnv, PlotView } from "./plot/plot";
import { Roots } from "./roots";
import { Settle } from "./settle";
import type { Facts, Slider, Spec } from "./spec";

/** What is made anew when the spec changes. */
export interface Built {
  spec: Spec;
  kinds: Map<string, Kind>;
  /** Cells of which the browser has its own answer until the kernel's. */
  previewed: ReadonlySet<string>;
  sheet: Sheet;
  header: Header;
  panel: Panel;
  plots: PlotView[];
  tables: Tables;
  listing: ListingView | undefined;
  settle: Settle;
  end: AbortController;
}

/** What the parts need from the lab around them. */
export interface Site {
  doc: Document;
  host: Host;
  set(cell: string, value: InputValue): void;
  /** When the settle tier has its next turn. */
  later(step: () => void): void;
}

export function build(spec: Spec, site: Site): Built {
  const { doc, host } = site;
  const end = new AbortController();
  const settle = new Settle(site.later);
  const own = previewed(spec);
  const shared = { doc, signal: end.signal, roots: new Roots(spec) };
  const controls: ControlEnv = {
    ...shared,
    unique: `sw-${Math.random().toString(36).slice(2)}`,
    set: site.set,
    idle: (cell) => !host.kernel && isAsked(spec, cell) && !own.has(cell),
  };
  const sliders = new Map(slidersOf(spec).map((slider) => [slider.cell, slider]));
  const plots: PlotEnv = {
    ...shared,
    settle,
    set: (cell, value) => {
      const slider = sliders.get(cell);
      site.set(cell, onTrack(slider, value));
      if (slider?.handle) site.set(slider.handle.held, true);
    },
    put: site.set,
    domainOf: (cell) => sliders.get(cell)?.domain,
  };
  const kinds = inputKinds(spec);
  return {
    spec,
    kinds,
    previewed: own,
    sheet: newSheet(spec, host, kinds),
    header: new Header(doc, spec),
    panel: new Panel(controls, spec),
    plots: spec.plots.map((plot, i) => new PlotView(plot, plots, i === 0)),
    tables: new Tables(controls, spec.tables, settle),
    listing: spec.listing && new ListingView(controls, spec.listing, settle),
    settle,
    end,
  };
}

export function arrange(doc: Document, built: Built): HTMLElement[] {
  const { spec, header, panel, plots, tables, listing } = built;
  const pictures = html(doc, "div", { class: "sw-plots" }, ...plots.map(({ node }) => node));
  const main = html(doc, "div", { class: "sw-main" });
  if (spec.equations?.length) main.append(equationsView(doc, spec.equations));
  main.append(pictures, tables.node);
  if (listing) main.append(listing.node);
  const columns = html(doc, "div", { class: "sw-columns" }, panel.node, main);
  lightUp(columns, spec, built.end.signal);
  const parts = [header.node, columns];
  if (spec.source) parts.push(html(doc, "div", { class: "sw-source" }, spec.source));
  if (spec.notes?.length) parts.push(notesView(doc, spec.notes));
  return parts;
}

function notesView(doc: Document, notes: readonly string[]): HTMLElement {
  const items = notes.map((note) => html(doc, "li", {}, note));
  const summary = html(doc, "summary", {}, "What to know");
  return html(doc, "details", { class: "sw-notes" }, summary, html(doc, "ul", {}, ...items));
}

function newSheet(spec: Spec, host: Host, kinds: Map<string, Kind>): Sheet {
  const sheet = new Sheet(spec);
  const inputs: Record<string, unknown> = {};
  for (const [cell, kind] of kinds) inputs[cell] = readInput(host, cell, kind);
  sheet.load(inputs);
  const facts = host.get("facts") as Facts | undefined;
  if (facts) sheet.setFacts(facts);
  return sheet;
}

/** A value from a plot as its slider would give it. */
function onTrack(slider: Slider | undefined, value: InputValue): InputValue {
  if (!slider || typeof value !== "number") return value;
  return valueAt(slider, positionOf(slider, value));
}

function slidersOf(spec: Spec): Slider[] {
  return spec.groups.flatMap(({ controls }) =>
    controls.filter((control): control is Slider => control.kind === "slider"),
  );
}
