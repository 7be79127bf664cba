// What a lab needs from where it lives: a Jupyter model or a plain page. Nothing more may leak in.

export interface Host {
  /** False on a page without Python: the browser's own refit is the last word there. */
  readonly kernel: boolean;
  /** The value of a trait: `spec`, `facts`, `question`, `problem`, or an input cell. */
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  /** Send what was set (a page without a kernel has nowhere to send it). */
  save(): void;
  /** Call back when another hand changes a trait; returns the way to stop listening. */
  on(name: string, callback: () => void): () => void;
  /** Call back when the kernel has gone for good, by a restart or its end; the way to stop. */
  onLost(callback: () => void): () => void;
}
