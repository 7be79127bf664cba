// What a hand moves, and what it presses.

/** An input cell that a person moves. `cell` is its name; a dot reaches into a dictionary trait
 *  (`wheel.E` is the key `E` of the trait `wheel`; in trees its name is `wheel_E`). */
export interface Slider {
  kind: "slider";
  cell: string;
  label: string;
  /** Shown behind the value: "params", "tokens", "FLOP", "bits". */
  unit: string;
  scale: "log" | "linear";
  domain: [number, number];
  /** Smallest step on a linear scale; a log scale moves by 0.2 % an arrow key. */
  step?: number;
  /** d3-format specifier; "quantity" writes 70B, 1.4T, 5.88e23. */
  format: string;
  /** Known models, drawn as ticks; a click takes their value. */
  marks?: { value: number; label: string }[];
  help?: string;
  /** Shown only while this cell is not zero. */
  visible?: string;
  /** A handle on a value that is otherwise computed. While the toggle cell `held` is zero the slider
   *  shows the cell `follows`; to move it is to hold it, and its lock lets it go again. */
  handle?: { held: string; follows: string };
}

export interface Choice {
  kind: "choice";
  cell: string;
  label: string;
  /** Options of one `group` stand together in the menu. */
  options: { value: string; label: string; group?: string }[];
  help?: string;
  visible?: string;
}

export interface Toggle {
  kind: "toggle";
  cell: string; // 0 or 1
  label: string;
  help?: string;
  visible?: string;
}

/** A line of text. What is wrong with it stands in the text cell `mistake`, and is shown below. */
export interface Text {
  kind: "text";
  cell: string;
  label: string;
  mistake: string;
  help?: string;
  visible?: string;
}

/** A button that sets cells to fixed values (a list cell to [] for example). */
export interface Action {
  kind: "action";
  label: string;
  set: Record<string, unknown>;
  help?: string;
  visible?: string;
}

/** A button that puts a text on the clipboard: the first string of the fact `text`, in which `{cell}`
 *  stands for the present value of a cell, as Python writes it. */
export interface Copy {
  kind: "copy";
  label: string;
  text: string;
  help?: string;
  visible?: string;
}

export type Control = Slider | Choice | Toggle | Text | Action | Copy;

export interface Group {
  label: string;
  controls: Control[];
}
