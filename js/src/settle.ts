// What is too slow for a frame (bands of many solves, intervals) fills in between frames, a few
// milliseconds at a time.
import type { Job } from "./engine/job";

export interface Task<T = unknown> {
  /** Begins with the cells as they are now. */
  start(): Job<T> | null;
  done(result: T): void;
}

const SLICE = 5; // ms, so that a slice and a frame's own work fit in 16

export class Settle {
  readonly #tasks: Task[] = [];
  readonly #stale = new Set<Task>();
  readonly #later: (step: () => void) => void;
  #next = 0;
  #running: { task: Task; job: Job<unknown> } | null = null;
  #planned = false;
  #stopped = false;

  constructor(later: (step: () => void) => void) {
    this.#later = later;
  }

  add<T>(task: Task<T>): Task {
    this.#tasks.push(task as Task);
    return task as Task;
  }

  /** The task's picture is old. One that is under way is finished first with the cells it began
   *  with: begun anew in every frame of a drag, a long one would never be seen. */
  invalidate(task: Task): void {
    this.#stale.add(task);
    this.#plan();
  }

  stop(): void {
    this.#stopped = true;
  }

  get idle(): boolean {
    return this.#running === null && this.#stale.size === 0;
  }

  #plan(): void {
    if (this.#planned || this.#stopped) return;
    this.#planned = true;
    this.#later(() => {
      this.#planned = false;
      if (this.#stopped) return;
      this.#step();
      if (!this.idle) this.#plan();
    });
  }

  #step(): void {
    this.#running ??= this.#take();
    if (!this.#running?.job.step(SLICE)) return;
    const { task, job } = this.#running;
    this.#running = null;
    task.done(job.result);
  }

  /** The next stale task in turn, so that a long drag does not starve the later ones. */
  #take(): { task: Task; job: Job<unknown> } | null {
    for (let i = 0; i < this.#tasks.length; i++) {
      const at = (this.#next + i) % this.#tasks.length;
      const task = this.#tasks[at];
      if (!this.#stale.delete(task)) continue;
      const job = task.start();
      if (job === null) continue;
      this.#next = at + 1;
      return { task, job };
    }
    return null;
  }
}
