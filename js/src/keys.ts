// Keys that are meant for a lab, kept from the shortcuts of the host around it.

/** The host's shortcuts would take arrows, Enter and letters away from the controls. JupyterLab
 *  hears a key after the lab, Notebook 7 before it: there only a mark on the target holds it off.
 *  Keys with Ctrl, Cmd or Alt stay the host's. */
export function keepKeys(root: HTMLElement, signal: AbortSignal): void {
  const mark = (event: KeyboardEvent) => {
    const [target] = event.composedPath();
    if (!root.contains(target as Node | null)) return;
    (target as Element).toggleAttribute("data-lm-suppress-shortcuts", isPlain(event));
  };
  const keep = (event: KeyboardEvent) => {
    if (isPlain(event)) event.stopPropagation();
  };
  root.ownerDocument.defaultView!.addEventListener("keydown", mark, { signal, capture: true });
  root.addEventListener("keydown", keep, { signal });
}

function isPlain({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return !(ctrlKey || metaKey || altKey);
}
