// The adapter to a plain page: a lab over an object, with no Python behind it.
import type { Host } from "./host";
import { mount } from "./lab";

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
  };
}

/** Show a lab in `el`. `state` holds the traits (`spec`, `facts`, the inputs), `css` the lab's
 *  style sheet; returns the way to take it away. */
export function mountPage(
  el: HTMLElement,
  state: Record<string, unknown>,
  css: string,
): () => void {
  const style = el.ownerDocument.createElement("style");
  style.textContent = css;
  el.append(style);
  const dispose = mount(el, pageHost(state));
  return () => {
    dispose();
    style.remove();
  };
}
