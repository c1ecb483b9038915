import { type Clock, type Context, systemClock, type Timer } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import { affectedUnits } from './affected.ts';
import { type Doors, openDoors } from './open-doors.ts';
import type { Unit } from './plan.ts';
import type { Reports } from './reports.ts';
import { type RestartOutcome, type RestartStep, restartSlots } from './rolling-restart.ts';
import { Slot } from './slot.ts';

export interface SupervisorOptions {
  readonly units: readonly Unit[];
  readonly fleetFile: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** The environment of a process of this unit; called when the ports are open. */
  readonly env: (unit: Unit, instance: string, doors: Doors) => NodeJS.ProcessEnv;
  readonly line: (slot: string, source: 'stdout' | 'stderr', text: string) => void;
  readonly say: (level: 'info' | 'warn' | 'error', message: string) => void;
  /** Made when the ports are open. */
  readonly reports: (doors: Doors) => Reports;
  /** Every process has been ready or has failed once, and again when a port that was taken opens. */
  readonly onSettled: (settled: Settled) => void;
}

export interface Settled {
  readonly doors: Doors;
  /** The services that are not ready. */
  readonly missing: readonly string[];
}

/** All processes of a fleet: starts them, keeps them running, renews them when their source changes, drains them in order. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  #slots: readonly Slot[] = [];
  #doors: Doors | undefined;
  #reports: Reports | undefined;
  readonly #unsettled = new Set<Slot>();
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Opens the ports and starts every process. Resolves before they are ready: see `onSettled`. */
  async start(): Promise<void> {
    const { units, say } = this.#options;
    const doors = await openDoors({
      units,
      clock: this.#clock,
      say,
      onLateOpen: (service) => this.#openedLate(service),
    });
    this.#doors = doors;
    this.#reports = this.#options.reports(doors);
    this.#slots = units.flatMap((unit) =>
      Array.from({ length: unit.replicas }, (_, index) => this.#slot(unit, index, doors)),
    );
    if (this.#stopping) return;
    // All at once, the back end first: who comes before it is ready waits at its port, which is open already.
    for (const slot of this.#slots) this.#unsettled.add(slot);
    for (const slot of this.#slots) slot.start();
  }

  /** Its processes were started without the port: their successors inherit it. */
  #openedLate(service: string): void {
    if (this.#stopping) return;
    for (const slot of this.#slots) if (slot.unit.services.some(({ name }) => name === service)) slot.change();
    this.#tellSettled();
  }

  /** Renews the units that a change of these files concerns; gives their names. */
  async change(files: readonly string[]): Promise<readonly string[]> {
    const units = await affectedUnits(this.#options.units, files, this.#options.fleetFile);
    if (this.#stopping) return [];
    this.#reports?.forget(units);
    for (const slot of this.#slots) if (units.includes(slot.unit)) slot.change();
    return units.flatMap((unit) => unit.services.map((service) => service.name));
  }

  /**
   * Replaces the processes of these services (none named: of all but the back end), one replica after the other if
   * `isRolling`, else all of a service at once; each new process serves before the old one drains.
   */
  async restart(
    ctx: Context,
    { services, isRolling }: { readonly services: readonly string[]; readonly isRolling: boolean },
    tell: (step: RestartStep) => void,
  ): Promise<RestartOutcome> {
    const isMeant = ({ kind, services: own }: Unit) =>
      services.length === 0 ? kind !== 'backend' : own.some(({ name }) => services.includes(name));
    const units = this.#options.units.filter(isMeant);
    if (this.#slots.length === 0)
      throw new StatusError('unavailable', 'the fleet has not started its services yet; try again', {
        reason: 'STARTING',
      });
    this.#reports?.forget(units);
    const slotsOf = (unit: Unit) => this.#slots.filter((slot) => slot.unit === unit);
    const batches = units.flatMap((unit) => (isRolling ? slotsOf(unit).map((slot) => [slot]) : [slotsOf(unit)]));
    return restartSlots(ctx, batches, tell);
  }

  /** All but the back end. */
  get serviceNames(): readonly string[] {
    const units = this.#options.units.filter(({ kind }) => kind !== 'backend');
    return units.flatMap((unit) => unit.services.map(({ name }) => name));
  }

  /** The address of each public port that is open, by service; empty before the start. */
  get publicUrls(): Readonly<Record<string, string>> {
    const open = [...(this.#doors?.all ?? [])].filter(([name]) => this.#doors?.isOpen(name));
    return Object.fromEntries(open.map(([name, { address }]) => [name, `http://${address.host}:${address.port}`]));
  }

  /** The processes that have not ended. */
  get pids(): readonly number[] {
    return this.#slots.flatMap((slot) => slot.pids);
  }

  /**
   * Drains: first what takes public calls, then what those called, the back end last, so that it receives what the others
   * flush. Resolves when no process is left; what is left after `limitMs` is killed.
   */
  async stop(limitMs: number): Promise<void> {
    this.#stopping = true;
    const limit: Timer = this.#clock.after(limitMs, () => this.kill());
    const isOuter = ({ unit }: Slot) => unit.kind !== 'backend' && unit.services.some(({ port }) => port !== undefined);
    const isBackend = ({ unit }: Slot) => unit.kind === 'backend';
    const steps = [
      this.#slots.filter(isOuter),
      this.#slots.filter((slot) => !isOuter(slot) && !isBackend(slot)),
      this.#slots.filter(isBackend),
    ];
    for (const slots of steps) {
      for (const { unit } of slots) for (const { name } of unit.services) this.#doors?.close(name);
      await Promise.all(slots.map((slot) => slot.stop()));
    }
    limit.stop();
  }

  /** Ends every process at once. */
  kill(): void {
    this.#stopping = true;
    for (const slot of this.#slots) slot.kill();
  }

  #slot(unit: Unit, index: number, doors: Doors): Slot {
    const name = unit.kind === 'service' ? `${unit.name}-${index + 1}` : unit.name;
    return new Slot({
      unit,
      name,
      doors: unit.services.flatMap((service) => doors.all.get(service.name) ?? []),
      clock: this.#clock,
      random: this.#options.random ?? Math.random,
      env: (instance) => this.#options.env(unit, instance, doors),
      events: {
        line: this.#options.line,
        ready: (slot, ready) => {
          if (!this.#stopping) this.#reports?.ready(slot, ready);
          this.#settle(slot);
        },
        failed: (slot, failure) => {
          if (!this.#stopping) this.#reports?.failed(slot, failure);
          this.#settle(slot);
        },
      },
    });
  }

  #settle(slot: Slot): void {
    if (this.#unsettled.delete(slot) && this.#unsettled.size === 0) this.#tellSettled();
  }

  #tellSettled(): void {
    if (this.#doors === undefined || this.#unsettled.size > 0 || this.#stopping) return;
    const missing = this.#slots
      .filter((slot) => !slot.isReady)
      .flatMap((slot) => slot.unit.services.map(({ name }) => name));
    this.#options.onSettled({ doors: this.#doors, missing: [...new Set(missing)] });
    this.#reports?.started();
  }
}
