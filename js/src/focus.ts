// The keyboard's place in a lab, kept while the lab is built anew.

export interface Focus {
  /** Of the control that has the keyboard. */
  cell: string;
  /** Where the cursor stands in a text. */
  cursor: number | null;
}

export function focusIn(root: HTMLElement): Focus | undefined {
  const node = root.querySelector<HTMLElement>(":focus");
  const cell = node?.closest<HTMLElement>("[data-cell]")?.dataset["cell"];
  const cursor = node instanceof HTMLTextAreaElement ? node.selectionStart : null;
  return cell === undefined ? undefined : { cell, cursor };
}

export function giveFocus(root: HTMLElement, { cell, cursor }: Focus): void {
  const control = root.querySelector(`[data-cell="${CSS.escape(cell)}"]`);
  const node = control?.querySelector<HTMLElement>("input:checked, input, textarea, select, button");
  node?.focus();
  if (cursor !== null && node instanceof HTMLTextAreaElement) {
    node.setSelectionRange(cursor, cursor);
  }
}
