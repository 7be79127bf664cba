// A lab in an element: reads its spec and facts from the host, listens to hands, keeps the picture
// and the host in step. One view, one AbortController, no state outside.
import { arrange, build, type Built, type Site } from "./build";
import { html, setText } from "./dom";
import { focusIn, giveFocus } from "./focus";
import type { Host } from "./host";
import {
  held,
  type InputValue,
  isAsked,
  readInput,
  sameValue,
  traitOf,
  writeInput,
} from "./inputs";
import { keepKeys } from "./keys";
import { Questions } from "./questions";
import { treeName } from "./roots";
import type { Facts, Spec } from "./spec";
import { followTheme } from "./theme";

/** Build the lab inside `el`; returns the way to take it away. */
export function mount(el: HTMLElement, host: Host): () => void {
  const lab = new Lab(el, host);
  return () => lab.dispose();
}

const SAVE_EVERY = 150; // ms

class Lab {
  readonly #host: Host;
  readonly #root: HTMLElement;
  readonly #body: HTMLElement;
  readonly #problem: HTMLElement;
  readonly #end = new AbortController();
  readonly #questions: Questions;
  readonly #checkTheme: () => void;
  readonly #resized: ResizeObserver;
  #built: Built | null = null;
  /** Why the present spec could not be built; the lab before it stays. */
  #broken = "";
  /** Why the newest answer could not be taken, or what takes its time not be finished. */
  #refused = "";
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What the next frame has to do. */
  #rebuild = true;
  #resize = false;
  #factsCame = false;
  #preview = false;
  #moving = false;
  #sending = false;
  /** Set on the host but not yet sent to Python. */
  #unsent = false;
  #savedAt = 0;
  #saver: ReturnType<typeof setTimeout> | undefined;
  #all = true;
  readonly #changed = new Set<string>();
  readonly #unsaved = new Set<string>();
  readonly #remote = new Set<string>();

  constructor(el: HTMLElement, host: Host) {
    this.#host = host;
    const doc = el.ownerDocument;
    this.#body = html(doc, "div", { class: "sw-lab-body" });
    this.#problem = html(doc, "div", { class: "sw-problem", role: "alert" });
    this.#problem.hidden = true;
    // A section, so that its header is not taken for that of the whole page.
    this.#root = html(doc, "section", { class: "sw-lab" }, this.#body, this.#problem);
    el.append(this.#root);
    this.#checkTheme = followTheme(this.#root, this.#end.signal);
    const facts = host.get("facts") as Facts | undefined;
    const asked = Number(host.get("question") ?? 0);
    this.#questions = new Questions(host.kernel, asked, facts?.serial ?? 0, performance.now());
    this.#resized = new ResizeObserver(() => {
      this.#resize = true;
      this.#plan();
    });
    this.#resized.observe(this.#root);
    this.#listenToHost();
    this.#listenToPage(doc);
    this.#draw();
  }

  dispose(): void {
    this.#send();
    if (this.#unsent) this.#save();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#resized.disconnect();
    this.#built?.settle.stop();
    this.#built?.end.abort();
    this.#end.abort();
    this.#root.remove();
  }

  // --- what the host says -----------------------------------------------------------------

  #on(name: string, heard: () => void, signal: AbortSignal): void {
    const off = this.#host.on(name, () => {
      if (this.#sending) return; // the echo of this view's own hand
      heard();
      this.#plan();
    });
    signal.addEventListener("abort", off);
  }

  #listenToHost(): void {
    const { signal } = this.#end;
    this.#on("spec", () => (this.#rebuild = true), signal);
    this.#on("facts", () => (this.#factsCame = true), signal);
    this.#on("problem", () => {}, signal);
    this.#on("question", () => this.#hearQuestion(), signal);
    const off = this.#host.onLost(() => {
      this.#questions.lose();
      this.#plan();
    });
    signal.addEventListener("abort", off);
  }

  #hearQuestion(): void {
    this.#questions.asked(Number(this.#host.get("question")), performance.now());
  }

  #listenToPage(doc: Document): void {
    const options = { signal: this.#end.signal, capture: true };
    this.#root.addEventListener("pointerdown", (event) => this.#takeHold(event), options);
    for (const name of ["pointerup", "pointercancel"] as const) {
      doc.addEventListener(
        name,
        () => {
          if (!this.#moving) return;
          this.#moving = false;
          this.#plan();
        },
        options,
      );
    }
    keepKeys(this.#root, this.#end.signal);
  }

  /** Only where a press can become a drag: a menu swallows the release of its press. */
  #takeHold({ target }: PointerEvent): void {
    const dragged = (target as Element).closest("input[type=range], .sw-surface");
    this.#moving = dragged !== null;
  }

  // --- what a hand does -------------------------------------------------------------------

  #set(cell: string, value: InputValue): void {
    const built = this.#built;
    if (!built) return;
    const changed = built.sheet.set(cell, value);
    if (changed.length === 0) return;
    for (const name of changed) this.#note(name);
    for (const name of changed) this.#unsaved.add(name);
    this.#plan();
  }

  /** An input has changed, by whatever hand. */
  #note(cell: string): void {
    const built = this.#built;
    this.#changed.add(treeName(cell));
    if (built?.previewed.has(cell) && isAsked(built.spec, cell)) this.#preview = true;
  }

  // --- the frame --------------------------------------------------------------------------

  #plan(): void {
    if (this.#frame || this.#end.signal.aborted) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const began = performance.now();
    if (this.#rebuild) {
      this.#send(); // a new lab begins with what the host has: no letter that is being typed is lost
      this.#broken = attempt(() => this.#build());
    }
    const built = this.#built;
    const failed = built ? attempt(() => this.#drawBuilt(built)) : "";
    if (failed) this.#all = true; // tried again in the next frame, and told until it is drawn
    const told = String(this.#host.get("problem") ?? "");
    this.#showProblem(this.#broken || failed || this.#refused || told);
    const detail = { ms: performance.now() - began };
    this.#root.dispatchEvent(new CustomEvent("sw-frame", { detail }));
  }

  #drawBuilt(built: Built): void {
    if (this.#resize) this.#measure(built);
    this.#takeRemote(built);
    this.#send();
    this.#saveInTime();
    this.#takeFacts(built);
    if (this.#preview) this.#showPreview(built);
    const changed = this.#all ? "all" : new Set(this.#changed);
    this.#all = false;
    this.#changed.clear();
    built.panel.show(built.sheet);
    for (const plot of built.plots) plot.draw(built.sheet, changed, this.#moving);
    built.tables.draw(built.sheet, changed);
    built.listing?.draw(built.sheet, changed);
    this.#showState(built);
  }

  /** What another view or Python has set. A link is kept here when only one of its cells moved. */
  #takeRemote({ sheet, kinds, spec }: Built): void {
    if (this.#remote.size === 0) return;
    const moved: Record<string, InputValue> = {};
    for (const [cell, kind] of kinds) {
      if (!this.#remote.has(traitOf(cell)) || this.#unsaved.has(cell)) continue;
      const value = readInput(this.#host, cell, kind);
      if (!sameValue(value, held(sheet, cell, kind))) moved[cell] = value;
    }
    this.#remote.clear();
    for (const { product, a, b } of spec.links) {
      const linked = [product, a, b].filter((cell) => cell in moved);
      if (linked.length !== 1) continue;
      const [cell, ...partners] = sheet.set(linked[0], moved[linked[0]]);
      for (const partner of partners) this.#unsaved.add(partner);
      for (const name of [cell, ...partners]) this.#note(name);
      delete moved[linked[0]];
    }
    sheet.load(moved);
    for (const cell of Object.keys(moved)) this.#note(cell);
  }

  /** Hand on what this view's hand has changed. A change that Python must answer is a new question,
   *  in the same save. */
  #send(): void {
    if (this.#unsaved.size === 0 || !this.#built) return;
    const host = this.#host;
    const { sheet, kinds, spec } = this.#built;
    this.#sending = true;
    for (const cell of this.#unsaved) {
      writeInput(host, cell, held(sheet, cell, kinds.get(cell) ?? "number"));
    }
    const asks = [...this.#unsaved].some((cell) => isAsked(spec, cell));
    if (asks) {
      const question = Number(host.get("question") ?? 0) + 1;
      host.set("question", question);
      this.#questions.asked(question, performance.now());
    }
    this.#unsaved.clear();
    this.#unsent = true;
    if (asks) this.#save();
    this.#sending = false;
  }

  /** What Python need not answer goes to it a few times a second while a hand is down: a message a
   *  frame costs as much time as the picture itself. Other views on the page hear every frame. */
  #saveInTime(): void {
    if (!this.#unsent) return;
    const wait = this.#moving ? this.#savedAt + SAVE_EVERY - performance.now() : 0;
    if (wait <= 0) this.#save();
    else this.#saver ??= setTimeout(() => this.#saveLate(), wait);
  }

  #saveLate(): void {
    this.#saver = undefined;
    this.#plan();
  }

  #save(): void {
    clearTimeout(this.#saver);
    this.#saver = undefined;
    this.#unsent = false;
    this.#savedAt = performance.now();
    try {
      this.#host.save();
    } catch (error) {
      // A comm under load can refuse; the question then shows as overdue, and the hand goes on.
      console.error(error);
    }
  }

  #takeFacts({ sheet }: Built): void {
    if (!this.#factsCame) return;
    this.#factsCame = false;
    const facts = this.#host.get("facts") as Facts | undefined;
    if (!facts || !this.#questions.answered(facts.serial, performance.now())) return;
    this.#refused = attempt(() => sheet.setFacts(facts));
    if (this.#refused) return; // and what is drawn stays
    this.#preview = false;
    this.#all = true;
  }

  #showPreview({ sheet, spec }: Built): void {
    this.#preview = false;
    sheet.refit();
    for (const { cell } of spec.refit?.constants ?? []) this.#changed.add(treeName(cell));
    if (sheet.parabolas()) this.#all = true; // arrays changed, which no layer's roots tell
  }

  #showState({ header }: Built): void {
    const now = performance.now();
    const facts = this.#host.get("facts") as Facts | undefined;
    header.show(this.#questions.state(now), facts?.status);
    clearTimeout(this.#timer);
    const patience = this.#questions.patience(now);
    if (patience !== null) this.#timer = setTimeout(() => this.#plan(), patience + 10);
  }

  #showProblem(text: string): void {
    this.#problem.hidden = text === "";
    setText(this.#problem, text);
  }

  // --- building ---------------------------------------------------------------------------

  #build(): void {
    this.#rebuild = false;
    const spec = this.#host.get("spec") as Spec | undefined;
    if (!spec) return;
    const doc = this.#root.ownerDocument;
    const next = build(spec, this.#site(doc));
    const height = this.#root.offsetHeight;
    const focused = focusIn(this.#root);
    this.#built?.settle.stop();
    this.#built?.end.abort();
    this.#built = next;
    for (const trait of new Set([...next.kinds.keys()].map(traitOf))) {
      this.#on(trait, () => this.#remote.add(trait), next.end.signal);
    }
    this.#all = true;
    this.#preview = this.#questions.state(performance.now()) !== "answered";
    // A page scrolled to its end would jump if the lab were short for a moment.
    this.#root.style.minHeight = `${height}px`;
    this.#body.replaceChildren(...arrange(doc, next));
    this.#measure(next);
    this.#root.style.minHeight = "";
    if (focused) {
      next.panel.show(next.sheet); // a text must be there for a cursor to stand in
      giveFocus(this.#root, focused);
    }
  }

  #site(doc: Document): Site {
    return {
      doc,
      host: this.#host,
      set: (cell, value) => this.#set(cell, value),
      later: (step) => this.#later(step),
    };
  }

  /** The settle tier's turn. While a hand is down it has one slice after each frame, so that it
   *  never comes between the hand and the picture. */
  #later(step: () => void): void {
    const careful = () => {
      const failed = attempt(step);
      if (!failed) return;
      this.#refused = failed;
      this.#plan();
    };
    const soon = () => setTimeout(careful, 0);
    if (this.#moving) requestAnimationFrame(soon);
    else soon();
  }

  #measure(built: Built): void {
    this.#resize = false;
    this.#checkTheme();
    for (const plot of built.plots) plot.measure();
  }
}

/** A lab that cannot be drawn says why where its user looks, not only in the console. */
function attempt(work: () => void): string {
  try {
    work();
    return "";
  } catch (error) {
    console.error(error);
    return error instanceof Error ? error.message : String(error);
  }
}
