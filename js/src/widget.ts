// The adapter to anywidget. It does nothing in `initialize`: a front end that is slow there loses
// what the kernel sends meanwhile.
import { shareCarried } from "./carried";
import type { Host } from "./host";
import { mount } from "./lab";

export { mountPage } from "./page";

/** The part of an anywidget model that a lab uses. */
interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, callback: () => void): void;
  off(event: string, callback: () => void): void;
  /** Jupyter's says which models it has, marimo's does not. */
  widget_manager?: { has_model?: unknown };
}

export interface RenderContext {
  model: Model;
  el: HTMLElement;
  /** anywidget 0.11 has it, 0.9 does not: both take the function that is returned. */
  signal?: AbortSignal;
}

function listen(model: Model, event: string, callback: () => void): () => void {
  model.on(event, callback);
  return () => model.off(event, callback);
}

function hostOf(model: Model): Host {
  return {
    kernel: true,
    get: (name) => model.get(name),
    set: (name, value) => model.set(name, value),
    save: () => model.save_changes(),
    on: (name, callback) => listen(model, `change:${name}`, callback),
    onLost: (callback) => listen(model, "comm_live_update", callback),
  };
}

export default {
  render({ model, el, signal }: RenderContext): () => void {
    shareCarried(model);
    const dispose = mount(el, hostOf(model));
    signal?.addEventListener("abort", dispose);
    return dispose;
  },
};
