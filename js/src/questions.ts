// Questions to the kernel are numbered; the newest answer wins and an older one is never drawn.

export type State = "answered" | "waiting" | "overdue" | "alone" | "lost";

const PATIENCE = 10_000; // ms without a sign of life before the lab says so

export class Questions {
  #asked: number;
  #answered: number;
  #heard: number;
  #lost = false;

  /** `kernel` is false on a page: there the browser's own refit is the last word. */
  constructor(
    readonly kernel: boolean,
    asked: number,
    answered: number,
    now: number,
  ) {
    this.#asked = asked;
    this.#answered = answered;
    this.#heard = now;
  }

  /** The kernel has gone, and this lab's other half with it: no answer will come any more. */
  lose(): void {
    this.#lost = true;
  }

  /** Another question is out, from this view or another one. */
  asked(question: number, now: number): void {
    if (question <= this.#asked) return;
    if (this.#answered >= this.#asked) this.#heard = now;
    this.#asked = question;
  }

  /** An answer came. True when it is to be drawn. An old one still shows that the kernel lives. */
  answered(serial: number, now: number): boolean {
    this.#heard = now;
    if (serial < this.#asked) return false;
    this.#answered = serial;
    return true;
  }

  state(now: number): State {
    if (this.#lost) return "lost";
    if (this.#answered >= this.#asked) return "answered";
    if (!this.kernel) return "alone";
    return now - this.#heard < PATIENCE ? "waiting" : "overdue";
  }

  /** Milliseconds until `state` turns overdue by itself; null when it will not. */
  patience(now: number): number | null {
    return this.state(now) === "waiting" ? PATIENCE - (now - this.#heard) : null;
  }
}
