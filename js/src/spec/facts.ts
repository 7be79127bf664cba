// What the kernel answers.

/** A packed array as it travels: see wire.ts. */
export interface Packed {
  dtype: "f4" | "f8" | "i4";
  shape: number[];
  data: DataView;
}

/** What the kernel knows. `serial` is the number of the question that it answers. */
export interface Facts {
  /** The newest question (trait `question`) that this answers; an older answer is never drawn. */
  serial: number;
  numbers: Packed;
  /** Names of `numbers`, in order. */
  names: string[];
  arrays: Record<string, Packed>;
  strings: Record<string, string[]>;
  /** Short texts for people, such as the state of the fit. */
  status?: { level: "ok" | "note" | "warning" | "error"; text: string };
}
