// What anywidget loads for each lab. A browser never lets go of a module that it has loaded, so the
// front end itself, 150 times as long, is loaded once a page and shared by all labs that carry it.
import type { RenderContext } from "./widget";

type FrontEnd = Promise<typeof import("./widget")>;

const SHELF = Symbol.for("scalewidgets");

/** The front end whose text a lab carries. Labs of another version have their own. */
function frontEnd(text: string): FrontEnd {
  const page = globalThis as { [SHELF]?: Map<string, FrontEnd> };
  const shelf = (page[SHELF] ??= new Map());
  const found = shelf.get(text) ?? load(text);
  shelf.set(text, found);
  return found;
}

async function load(text: string): FrontEnd {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(/* @vite-ignore */ url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

export default {
  async render(context: RenderContext): Promise<() => void> {
    const { default: widget } = await frontEnd(String(context.model.get("_code")));
    return widget.render(context);
  },
};
