// Work that can be done in slices, so that it never holds up a frame.

export class Job<T> {
  done = false;
  result: T | undefined;
  readonly #work: Iterator<void, T>;

  constructor(work: Iterator<void, T>) {
    this.#work = work;
  }

  /** Work for about so many milliseconds (at least one slice). True once `result` is there. */
  step(milliseconds: number): boolean {
    const end = performance.now() + milliseconds;
    while (!this.done) {
      const { done, value } = this.#work.next();
      if (done) {
        this.done = true;
        this.result = value as T;
      } else if (performance.now() >= end) break;
    }
    return this.done;
  }

  /** Work to the end. */
  finish(): T {
    this.step(Infinity);
    return this.result as T;
  }
}
