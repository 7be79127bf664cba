// Elements without innerHTML: what comes from data reaches the page only as text.

type Attributes = Record<string, string | number | boolean | null | undefined>;

const SVG = "http://www.w3.org/2000/svg";

function fill(node: Element, attributes: Attributes, children: readonly (Node | string)[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
}

export function html<K extends keyof HTMLElementTagNameMap>(
  doc: Document,
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = doc.createElement(tag);
  fill(node, attributes, children);
  return node;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  doc: Document,
  tag: K,
  attributes: Attributes = {},
  ...children: Node[]
): SVGElementTagNameMap[K] {
  const node = doc.createElementNS(SVG, tag) as SVGElementTagNameMap[K];
  fill(node, attributes, children);
  return node;
}

/** Writes text only when it differs, and into the text that is there: a new text node for each of
 *  forty readouts costs a millisecond and a half a frame. */
export function setText(node: Element, text: string): void {
  const child = node.firstChild;
  if (!(child instanceof Text)) node.textContent = text;
  else if (child.data !== text) child.data = text;
}

/** The colour of a role ("law", "hand" ...); a name that could be anything else is drawn muted. */
export function roleColor(role: string): string {
  return `var(--sw-${/^[a-z]+$/.test(role) ? role : "muted"}, var(--sw-muted))`;
}
