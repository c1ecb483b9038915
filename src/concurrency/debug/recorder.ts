import { AsyncLocalStorage } from 'node:async_hooks';
import type { Tracked, Tracker } from '../parking/tracking.ts';
import { isOneStep, readableFrames, type Site, siteAbove } from './stack.ts';
import type { TaskInfo, WaitInfo } from './task-info.ts';

/** A task that has not ended, or one that has and left something behind. */
interface TaskEntry {
  readonly id: number;
  /** While it runs it can say more than afterwards, when it has let go of what it ran. */
  readonly firstName: string;
  running: Tracked | undefined;
  /** The id of its starter, and not its entry: tasks that start their successors would make an endless chain. */
  readonly parent: number;
  readonly since: number;
  readonly site: Site;
}

interface WaitEntry {
  readonly task: TaskEntry | undefined;
  readonly since: number;
  readonly site: Site;
  /** The synchronous run in which it began. */
  readonly run: object;
}

/** What was there at a moment: see `Recorder.mark`. */
export type Mark = ReadonlySet<TaskEntry | WaitEntry>;

/**
 * Keeps all that is parked, armed and running. It holds them strongly: a wait that nothing can wake any more, and that
 * would be collected unnoticed otherwise, is just what it is there to show.
 */
export class Recorder implements Tracker {
  readonly #waits = new Map<Tracked, WaitEntry>();
  readonly #timers = new Map<Tracked, WaitEntry>();
  readonly #tasks = new Map<Tracked, TaskEntry>();
  readonly #running = new AsyncLocalStorage<TaskEntry>();
  #started = 0;
  #run: object | undefined;
  /** Told of a wait whose Context was disposed in the synchronous run in which it began. Default: nobody. */
  onDisposed: ((wait: WaitInfo) => void) | undefined;

  parked(wait: Tracked): void {
    this.#waits.set(wait, this.#waitEntry(this.parked));
  }

  resumed(wait: Tracked): void {
    this.#waits.delete(wait);
  }

  armed(timer: Tracked): void {
    this.#timers.set(timer, this.#waitEntry(this.armed));
  }

  disarmed(timer: Tracked): void {
    this.#timers.delete(timer);
  }

  task<T>(task: Tracked, body: () => T): T {
    const entry: TaskEntry = {
      id: ++this.#started,
      firstName: task.describe(),
      running: task,
      parent: this.#running.getStore()?.id ?? 0,
      since: performance.now(),
      site: siteAbove(this.task),
    };
    this.#tasks.set(task, entry);
    return this.#running.run(entry, body);
  }

  ended(task: Tracked): void {
    const entry = this.#tasks.get(task);
    if (entry === undefined) return;
    entry.running = undefined;
    this.#tasks.delete(task);
  }

  disposedWhileWaited(wait: Tracked): void {
    const entry = this.#waits.get(wait);
    if (entry === undefined || entry.run !== this.#run) return;
    // A run may last over several steps: of a helper that waits again, and of the owner that then ends it.
    if (!isOneStep(entry.site, siteAbove(this.disposedWhileWaited))) return;
    this.onDisposed?.(waitInfo(wait, entry, performance.now()));
  }

  /** All that is there now, for a later `list(mark)`. */
  mark(): Mark {
    return new Set([...this.#tasks.values(), ...this.#waits.values(), ...this.#timers.values()]);
  }

  /** All tasks, each with its waits and timers, in the order of their starts; only what has come since `before`, if given. */
  list(before: Mark = new Set()): readonly TaskInfo[] {
    const now = performance.now();
    const lists = new Map<TaskEntry | undefined, { readonly waits: WaitInfo[]; readonly timers: WaitInfo[] }>();
    const listsOf = (task: TaskEntry | undefined) => {
      const found = lists.get(task) ?? { waits: [], timers: [] };
      lists.set(task, found);
      return found;
    };
    for (const entry of this.#tasks.values()) if (!before.has(entry)) listsOf(entry);
    for (const [wait, entry] of this.#waits)
      if (!before.has(entry)) listsOf(entry.task).waits.push(waitInfo(wait, entry, now));
    for (const [timer, entry] of this.#timers)
      if (!before.has(entry)) listsOf(entry.task).timers.push(waitInfo(timer, entry, now));
    return [...lists]
      .map(([task, found]) => ({ ...taskInfo(task, now), ...found }))
      .sort((one, other) => one.id - other.id);
  }

  #waitEntry(below: (tracked: Tracked) => void): WaitEntry {
    const task = this.#running.getStore();
    return { task, since: performance.now(), site: siteAbove(below), run: this.#currentRun() };
  }

  /** Lasts until the microtasks go on: up to the next `await` at the least. */
  #currentRun(): object {
    if (this.#run === undefined) {
      this.#run = {};
      queueMicrotask(() => {
        this.#run = undefined;
      });
    }
    return this.#run;
  }
}

function waitInfo(tracked: Tracked, { since, site }: WaitEntry, now: number): WaitInfo {
  return { what: tracked.describe(), forMs: now - since, stack: readableFrames(site) };
}

function taskInfo(task: TaskEntry | undefined, now: number): Omit<TaskInfo, 'waits' | 'timers'> {
  if (task === undefined)
    return { id: 0, name: 'outside of tasks', parent: 0, ageMs: now, started: [], hasEnded: false };
  const { id, firstName, running, parent, since, site } = task;
  return {
    id,
    name: running?.describe() ?? firstName,
    parent,
    ageMs: now - since,
    started: readableFrames(site),
    hasEnded: running === undefined,
  };
}
