// The adapter to a plain page: a lab over an object, with no Python behind it.
import type { Host } from "./host";
import { inputKinds, isAsked, previewed, readInput, sameValue, traitOf } from "./inputs";
import { mount } from "./lab";
import { Roots, treeName } from "./roots";
import type { Facts, Spec } from "./spec";
import { unpack } from "./wire";

/** What scalewidgets/widgets/export.py leaves in the page. */
interface Saved {
  css: string;
  /** The traits: `spec`, `facts`, and the inputs. */
  state: Record<string, unknown> & { spec: Spec; facts: Facts };
  /** Facts that hold for the saved inputs alone. */
  momentary: string[];
}

const LEFT_OUT = "This page has no Python: what only Python can work out is left out.";

/** A host over an object of traits. Nothing is sent anywhere. */
export function pageHost(state: Record<string, unknown>): Host {
  const listeners = new Map<string, Set<() => void>>();
  return {
    kernel: false,
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
      for (const callback of listeners.get(name) ?? []) callback();
    },
    save: () => {},
    on: (name, callback) => {
      const heard = listeners.get(name) ?? new Set();
      listeners.set(name, heard.add(callback));
      return () => heard.delete(callback);
    },
    onLost: () => () => {},
  };
}

/** Bring the lab to life that is saved in `el`. It lives in a shadow root: the page's style sheets
 *  and the lab's do not meet, and what stood in `el` for readers without scripts is not shown. */
export function mountPage(el: HTMLElement): () => void {
  const saved = parse(el.querySelector('script[type="application/json"]')?.textContent ?? "");
  const root = el.attachShadow({ mode: "open" });
  const style = el.ownerDocument.createElement("style");
  style.textContent = saved.css;
  const body = el.ownerDocument.createElement("div");
  root.append(style, body);
  return mount(body, standIn(saved));
}

/** JSON in which bytes are written as `{"base64": "..."}`. */
export function parse(text: string): Saved {
  return JSON.parse(text, (_, value) => {
    const bytes = value?.base64;
    return typeof bytes === "string" ? Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)) : value;
  }) as Saved;
}

/** A host in Python's place. Where formulas go on with an input that Python was asked about, as far
 *  as they can, the rest is left out; it comes back with the inputs that it was saved for. */
export function standIn({ state, momentary }: Saved): Host {
  const { spec, facts } = state;
  const host = pageHost(state);
  const read = new Roots(spec).computed();
  const own = previewed(spec);
  const kinds = [...inputKinds(spec)].filter(([cell, kind]) => {
    // a choice decides on the rest of the picture: another law, other data
    const partly = kind !== "text" && read.has(treeName(cell));
    return partly && isAsked(spec, cell) && !own.has(cell);
  });
  const goOn = new Set(kinds.flatMap(([cell]) => [cell, traitOf(cell)]));
  state.spec = { ...spec, asks: spec.asks.filter((name) => !goOn.has(name)) };
  const held = kinds.map(([cell, kind]) => readInput(host, cell, kind));
  const lasting = without(facts, momentary);
  const answer = () => {
    const same = kinds.every(([cell, kind], i) => sameValue(readInput(host, cell, kind), held[i]));
    const now = same ? facts : lasting;
    if (state.facts !== now) host.set("facts", now);
  };
  // after the lab has written all that it has to say: it does not listen meanwhile
  for (const name of goOn) host.on(name, () => queueMicrotask(answer));
  return host;
}

function without(facts: Facts, momentary: readonly string[]): Facts {
  const gone = new Set(momentary);
  const numbers = unpack(facts.numbers).map((v, k) => (gone.has(facts.names[k]) ? NaN : v));
  const arrays = Object.entries(facts.arrays).map(([name, packed]) => {
    return [name, gone.has(name) ? packedOf(unpack(packed).fill(NaN), packed.shape) : packed];
  });
  return {
    ...facts,
    numbers: packedOf(numbers, facts.numbers.shape),
    arrays: Object.fromEntries(arrays) as Facts["arrays"],
    strings: Object.fromEntries(Object.entries(facts.strings).filter(([name]) => !gone.has(name))),
    status: { level: "note", text: LEFT_OUT },
  };
}

function packedOf(values: Float64Array, shape: number[]): Facts["numbers"] {
  const data = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, i) => data.setFloat64(8 * i, value, true));
  return { dtype: "f8", shape, data };
}
