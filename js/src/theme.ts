// Light or dark is read off what the lab stands on, because every host says it differently.

/** Relative luminance in [0, 1] of a CSS colour as getComputedStyle writes it; null when nothing
 *  is painted. */
export function luminance(color: string): number | null {
  const parts = color.match(/[\d.]+/g)?.map(Number);
  if (!parts || parts.length < 3 || parts[3] === 0) return null;
  const scale = color.startsWith("color(") ? 1 : 255;
  const [r, g, b] = parts.map((part) => (part / scale) ** 2.2) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function parentOf(node: Node): Element | null {
  const parent = node.parentNode;
  return parent instanceof ShadowRoot ? parent.host : (parent as Element | null);
}

/** The colour on which the lab stands; null when nothing up to the page is painted. */
function groundOf(root: HTMLElement, view: Window): string | null {
  for (let node = parentOf(root); node instanceof Element; node = parentOf(node)) {
    const color = view.getComputedStyle(node).backgroundColor;
    if (luminance(color) !== null) return color;
  }
  return null;
}

/** What VS Code and Colab say of themselves, whose outputs stand on nothing that is painted; null on
 *  a page of another kind. */
export function named(doc: Pick<Document, "body" | "documentElement">): boolean | null {
  const kind = doc.body.dataset["vscodeThemeKind"] ?? doc.documentElement.getAttribute("theme");
  return kind === null ? null : /(dark|high-contrast)$/.test(kind);
}

function paint(root: HTMLElement, view: Window): void {
  const doc = root.ownerDocument;
  const jupyter = doc.body.dataset["jpThemeLight"];
  const ground = groundOf(root, view);
  const wished = view.matchMedia("(prefers-color-scheme: dark)").matches;
  const seen = ground === null ? (named(doc) ?? wished) : (luminance(ground) as number) < 0.2;
  root.classList.toggle("sw-dark", jupyter === undefined ? seen : jupyter === "false");
  // Others carry JupyterLab's variables, too, but always those of its light theme.
  root.classList.toggle("sw-jupyter", jupyter !== undefined);
  // JupyterLab names its surface itself; on another page the lab takes on the page's own.
  if (jupyter === undefined && ground) root.style.setProperty("--sw-surface", ground);
  else root.style.removeProperty("--sw-surface");
}

/** Keeps the class `sw-dark` on the lab right when the host changes its theme. Returns the check,
 *  to be made again when the lab is put into the page. */
export function followTheme(root: HTMLElement, signal: AbortSignal): () => void {
  const doc = root.ownerDocument;
  const view = doc.defaultView;
  if (!view) return () => {};
  const update = () => paint(root, view);
  const observer = new MutationObserver(update);
  for (const node of [doc.documentElement, doc.body]) {
    observer.observe(node, { attributes: true });
  }
  const scheme = view.matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", update, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
  update();
  return update;
}
