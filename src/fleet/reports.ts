import { relative } from 'node:path';
import type { Clock } from '../concurrency/index.ts';
import type { ChildExit } from './child.ts';
import { diagnose, howItEnded } from './diagnose.ts';
import type { Door } from './door.ts';
import type { MergedLog } from './merged-log.ts';
import type { Palette } from './palette.ts';
import type { Unit } from './plan.ts';
import type { Slot, SlotFailure, SlotReady } from './slot.ts';

export interface ReportsOptions {
  readonly log: MergedLog;
  readonly write: (text: string) => void;
  readonly palette: Palette;
  readonly format: 'pretty' | 'json';
  readonly cwd: string;
  readonly clock: Clock;
  readonly doors: ReadonlyMap<string, Door>;
}

/** A process that was ready and broke down in the same way this soon after the last time is not told of again. */
const againMs = 3000;

/** Tells the operator what becomes of the processes: the progress of the start, then what changes. */
export class Reports {
  readonly #options: ReportsOptions;
  /** What was told last, by unit for failed starts (replicas fail alike), by slot for the rest. */
  readonly #told = new Map<string, { readonly text: string; readonly at: number }>();
  #starting = true;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  /** The start is over: from now on a process that becomes ready is one that came back. */
  started(): void {
    this.#starting = false;
  }

  /** The next failure of these units is told even if it is the same. */
  forget(units: readonly Unit[]): void {
    for (const unit of units) this.#told.delete(unit.name);
  }

  ready(slot: Slot, ready: SlotReady): void {
    const { log, palette } = this.#options;
    const took = `${(ready.tookMs / 1000).toFixed(2)} s`;
    if (!this.#starting || this.#options.format === 'json') {
      const what = ready.rolled ? 'is ready and has taken over' : 'is ready';
      log.say('info', `${slot.name} ${what}`, { took, pid: ready.pid, address: this.#address(slot, ready) });
      return;
    }
    for (const name of this.#names(slot)) {
      const address = slot.unit.kind === 'colocated' ? this.#doorUrl(name) : this.#address(slot, ready);
      const pid = palette.dim(`pid ${ready.pid}`);
      const line = [`${palette.source(name)}${' '.repeat(Math.max(1, 14 - name.length))}${took}`, address, pid];
      this.#options.write(`  ${palette.green('✓')} ${line.filter((part) => part !== '').join('  ')}\n`);
    }
  }

  failed(slot: Slot, failure: SlotFailure): void {
    const { log, clock, cwd } = this.#options;
    const { exit, serving } = failure;
    const entry = relative(
      cwd,
      slot.unit.services.length === 1 ? (slot.unit.services[0]?.entry ?? '') : slot.unit.entry,
    );
    const { cause, details, fix } = diagnose({ name: slot.unit.name, entry, exit, cwd });
    const what = exit.wasReady ? brokeDown(exit, cause) : `failed to start: ${cause}`;
    // What a ready process printed stands in the log already.
    const lines = [
      what,
      ...(exit.wasReady ? [] : details.map((line) => `  ${line}`)),
      `fix: ${fix}`,
      meanwhile(slot, serving),
    ];
    const text = lines.join('\n');
    const key = exit.wasReady ? slot.name : slot.unit.name;
    const last = this.#told.get(key);
    const isNew = last?.text !== text || (exit.wasReady && clock.now() - last.at > againMs);
    if (!isNew) return;
    this.#told.set(key, { text, at: clock.now() });
    log.say('error', `${slot.name} ${text}`);
  }

  /** `backend`, or each service of a process that runs several. */
  #names(slot: Slot): readonly string[] {
    if (slot.unit.kind === 'service') return [slot.name];
    return slot.unit.services.map((service) => service.name);
  }

  #address(slot: Slot, { endpoints }: SlotReady): string {
    const open = slot.unit.services.find((service) => this.#options.doors.has(service.name));
    if (open !== undefined && slot.unit.kind !== 'colocated') return this.#doorUrl(open.name);
    const shown =
      endpoints.find(({ name }) => name === 'rpc') ?? endpoints.find(({ name }) => name !== 'admin') ?? endpoints[0];
    return shown?.url ?? '';
  }

  #doorUrl(service: string): string {
    const address = this.#options.doors.get(service)?.address;
    return address === undefined || address.port === 0 ? '' : `http://${address.host}:${address.port}`;
  }
}

function brokeDown(exit: ChildExit, cause: string): string {
  const ended = howItEnded(exit);
  return cause === ended ? ended : `${ended}: ${cause}`;
}

function meanwhile(slot: Slot, serving: boolean): string {
  if (serving) return `meanwhile: the process from before the change goes on serving`;
  const { unit } = slot;
  if (unit.kind === 'backend')
    return 'meanwhile: the services run on, without a console; it is started again by itself';
  if (unit.kind === 'colocated') return 'meanwhile: it is started again by itself, each time a little later';
  return 'meanwhile: the others run on, and it is started again by itself, each time a little later';
}
