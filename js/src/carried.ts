// What every lab carries and most have in common, held once a page. A notebook keeps the model of
// each run of a cell (a variable may hold it still), with 100 to 300 kB of equal text and specs.

/** The traits that are much and rarely differ. */
const CARRIED = ["_code", "_css", "spec"];
/** The values used last, by their text: enough for the labs of a notebook. */
const shelf = new Map<string, unknown>();
const MOST = 24;

/** A model of Jupyter: to set a value that equals the present one changes nothing and tells nobody.
 *  Other hosts would send it to Python. */
interface JupyterModel {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  widget_manager?: { has_model?: unknown };
}

/** Puts values that earlier models hold in the place of equal ones. */
export function shareCarried(model: JupyterModel): void {
  if (model.widget_manager?.has_model === undefined) return;
  for (const name of CARRIED) model.set(name, theSame(model.get(name)));
  // a model keeps what it held before it was set last: with the first of them again, nothing of it
  model.set(CARRIED[0], model.get(CARRIED[0]));
}

/** The value on the shelf that equals this one, which goes there if there is none. */
export function theSame(value: unknown): unknown {
  const text = JSON.stringify(value) ?? "";
  const known = shelf.get(text) ?? value;
  shelf.delete(text); // to the end of the line
  shelf.set(text, known);
  if (shelf.size > MOST) shelf.delete(shelf.keys().next().value!);
  return known;
}
