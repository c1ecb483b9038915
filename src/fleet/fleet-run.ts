import { background, select, settled, systemClock } from '../concurrency/index.ts';
import { type ControlServer, listenForCommands } from './control-server.ts';
import type { Backends } from './definition.ts';
import { compileCacheDir, environmentOf } from './environment.ts';
import { FleetCommands } from './fleet-commands.ts';
import { type LogChoice, MergedLog } from './merged-log.ts';
import { type Palette, palette, wantsColour } from './palette.ts';
import type { Unit, UnitService } from './plan.ts';
import { Reports } from './reports.ts';
import { shownPath } from './shown-path.ts';
import { stopRequests } from './stop-requests.ts';
import { type Settled, Supervisor } from './supervisor.ts';
import { type TreeWatch, watchTree } from './watch-tree.ts';

/** A set of processes to run in the foreground. */
export interface FleetPlan {
  /** The fleet file, absolute. */
  readonly file: string;
  /** What the first line says beside the number of services: `fleet.ts`. */
  readonly title: string;
  readonly units: readonly Unit[];
  /** What embedded back ends keep, absolute. */
  readonly dataDir: string;
  readonly backends: Backends;
  /** The lane of all services; '' is the baseline. */
  readonly lane: string;
  /** The back end of another fleet that these processes join. Default: their own. */
  readonly backendUrl?: string;
  /** Further addresses, told when all is ready: `['console', 'http://127.0.0.1:8081']`. Default: none. */
  readonly addresses?: readonly (readonly [label: string, url: string])[];
  /** Directories whose changes renew services. */
  readonly watched: readonly string[];
  /** What ends the run as a signal does: resolves with why. Default: nothing does. */
  readonly ended?: Promise<string>;
}

/** How a run is shown and watched. */
export interface RunOptions {
  /** Whether a changed source file restarts its service. Default: true. */
  readonly watch?: boolean;
  /** Default: `info`. */
  readonly log?: LogChoice;
  /** Default: `pretty`. */
  readonly logFormat?: 'pretty' | 'json';
}

/** Makes the plan; what it opens goes on the stack, which is disposed of when all processes have ended. */
export type MakePlan = (cwd: string, held: DisposableStack) => Promise<FleetPlan>;

/** What is still running this long after the first Ctrl-C is killed. */
const drainLimitMs = 15_000;
/** How often what is not shown line by line is summed up. */
const sumUpEveryMs = 10_000;

/**
 * Runs the processes of a plan until a signal, the end of the parent named by `FLOTILLA_WATCH_PARENT`, or the plan itself
 * drains them. Prints to stdout. Resolves with the exit code: 0, or 130 and the like when a second signal forced the end.
 */
export async function runFleetPlan(makePlan: MakePlan, options: RunOptions): Promise<number> {
  return new FleetRun(makePlan, options).run();
}

class FleetRun {
  readonly #makePlan: MakePlan;
  readonly #options: RunOptions;
  readonly #cwd = process.cwd();
  readonly #palette: Palette;
  readonly #format: 'pretty' | 'json';
  readonly #log: MergedLog;
  #closed = false;

  constructor(makePlan: MakePlan, options: RunOptions) {
    this.#makePlan = makePlan;
    this.#options = options;
    this.#format = options.logFormat ?? 'pretty';
    this.#palette = palette(this.#format === 'pretty' && wantsColour(process.stdout, process.env));
    const { log: choice = 'info' } = options;
    this.#log = new MergedLog({
      write: this.#write,
      palette: this.#palette,
      choice,
      format: this.#format,
      now: () => new Date(),
    });
  }

  async run(): Promise<number> {
    // A reader that left must not end the drain.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    using held = new DisposableStack();
    const requests = held.adopt(stopRequests(), (one) => one.close());
    const plan = await this.#makePlan(this.#cwd, held);
    const supervisor = this.#supervisor(plan);
    this.#announce(plan);
    if (this.#options.watch !== false) held.adopt(this.#watch(supervisor, plan), closeLater);
    const control = plan.backendUrl === undefined ? await this.#listen(supervisor, plan) : undefined;
    held.defer(() => control?.close());
    await supervisor.start();
    held.adopt(
      setInterval(() => this.#sumUp(), sumUpEveryMs),
      (timer) => clearInterval(timer),
    );
    const why = await Promise.race([requests.first, ...(plan.ended === undefined ? [] : [plan.ended])]);
    // Lanes learn of the end now, while there is a registry that they can leave.
    control?.close();
    return await this.#drain(supervisor, why, requests.second);
  }

  async #drain(supervisor: Supervisor, why: string, again: Promise<number>): Promise<number> {
    this.#log.tellHeld();
    const { length } = supervisor.pids;
    this.#log.say(
      'info',
      `${why}: draining ${counted(length, 'process')}; once more ends ${length === 1 ? 'it' : 'them'} at once`,
    );
    const began = systemClock.now();
    const drained = supervisor.stop(drainLimitMs);
    const end = await select(background(), { drained: settled(drained), again: settled(again) });
    if (end.case === 'again') {
      supervisor.kill();
      await drained;
    }
    this.#log.say('info', `all processes have ended (${((systemClock.now() - began) / 1000).toFixed(1)} s)`);
    return end.case === 'again' ? end.value : 0;
  }

  #supervisor(plan: FleetPlan): Supervisor {
    const { units, file: fleetFile, dataDir, backends, lane } = plan;
    const compileCache = compileCacheDir(fleetFile, dataDir);
    const { log = 'info' } = this.#options;
    return new Supervisor({
      units,
      fleetFile,
      say: (level, message) => this.#log.say(level, message),
      line: (slot, source, text) => this.#log.line(slot, source, text),
      env: (unit, instance, doors) => {
        const addresses = new Map([...doors.all].map(([name, door]) => [name, door.address]));
        const ports = new Map([...addresses].map(([name, { port }]) => [name, port]));
        const backend = addresses.get('backend');
        const backendUrl = plan.backendUrl ?? `http://${backend?.host}:${backend?.port}`;
        const base = process.env;
        return environmentOf({ base, unit, instance, dataDir, backendUrl, backends, log, ports, compileCache, lane });
      },
      reports: (doors) =>
        new Reports({
          log: this.#log,
          write: this.#write,
          palette: this.#palette,
          format: this.#format,
          cwd: this.#cwd,
          clock: systemClock,
          doors: doors.all,
        }),
      onSettled: (settled) => this.#tellAddresses(plan, settled),
    });
  }

  #announce({ units, title }: FleetPlan): void {
    const services = servicesOf(units);
    const processes = units.reduce((sum, unit) => sum + unit.replicas, 0);
    for (const unit of units) {
      const names = unit.kind === 'service' ? [unit.name] : unit.services.map(({ name }) => name);
      for (const name of names) this.#log.makeRoom(`${name}-${unit.replicas}`);
    }
    const text = `${title}: ${counted(services.length, 'service')} in ${counted(processes, 'process')}`;
    if (this.#format === 'json') this.#log.say('info', text);
    else this.#write(`${this.#palette.bold('flotilla')}  ${text}\n`);
  }

  /** The last words of the start: where the app and the console are. */
  #tellAddresses({ units, addresses = [] }: FleetPlan, { doors, missing }: Settled): void {
    const open = servicesOf(units).flatMap(({ name, port }) => (port === undefined ? [] : [name]));
    const backend = units.some(({ kind }) => kind === 'backend') ? ['backend'] : [];
    for (const service of [...open, ...backend]) {
      // In a lane the app is the fleet's, under the lane's name; what it runs itself has the name of the service.
      const isApp = open.length === 1 && addresses.length === 0;
      const label = service === 'backend' ? 'console' : isApp ? 'app' : service;
      const address = doors.all.get(service)?.address;
      const url = doors.isOpen(service) && address !== undefined ? `http://${address.host}:${address.port}` : undefined;
      this.#tellAddress(label, url, missing, missing.includes(service) ? `(${service} is not ready)` : '');
    }
    for (const [label, url] of addresses) this.#tellAddress(label, url, missing, '');
  }

  #tellAddress(label: string, url: string | undefined, notReady: readonly string[], note: string): void {
    if (this.#format === 'json') {
      const fields = { ...(url !== undefined && { url }), notReady };
      this.#log.say('info', `${label} ${url ?? 'is not reachable'}`, fields);
      return;
    }
    const text = url === undefined ? 'not reachable: its port is taken' : [url, note].filter(Boolean).join(' ');
    this.#write(`${this.#palette.bold(label.padEnd(8))} ${text}\n`);
  }

  /** Takes the commands of `flotilla restart` and the like. */
  async #listen(supervisor: Supervisor, { file, dataDir }: FleetPlan): Promise<ControlServer | undefined> {
    try {
      return await listenForCommands(dataDir, new FleetCommands(file, supervisor, this.#cwd));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#log.say('warn', `flotilla restart and flotilla lane cannot reach this fleet: ${message}`);
      return undefined;
    }
  }

  async #watch(supervisor: Supervisor, { watched, file, dataDir }: FleetPlan): Promise<TreeWatch> {
    return watchTree(watched, {
      clock: systemClock,
      ignore: [dataDir],
      onTrouble: (message) => this.#log.say('warn', `not every change restarts its service: ${message}`),
      onChange: async (files) => {
        if (files.includes(file)) {
          this.#log.say(
            'warn',
            `${shownPath(file, this.#cwd)} has changed: end the fleet and start it again to use it`,
          );
        }
        const names = await supervisor.change(files);
        const [first = ''] = files;
        const what = `${shownPath(first, this.#cwd)}${files.length > 1 ? ` and ${files.length - 1} more` : ''}`;
        if (names.length > 0) this.#log.say('info', `${what} changed: renewing ${names.join(', ')}`);
      },
    });
  }

  #sumUp(): void {
    this.#log.tellHeld();
    const calls = [...this.#log.takeCalls()].map(([name, count]) => `${name} ${rate(count / (sumUpEveryMs / 1000))}`);
    if (calls.length > 0 && (this.#options.log ?? 'info') === 'info' && this.#format === 'pretty') {
      this.#log.say('info', `calls per second: ${calls.join(', ')}`);
    }
  }

  readonly #write = (text: string): void => {
    if (!this.#closed) this.#closed = !process.stdout.writable;
    if (!this.#closed) process.stdout.write(text);
  };
}

function rate(perSecond: number): string {
  return perSecond >= 10 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}

function closeLater(watching: Promise<TreeWatch>): void {
  void watching.then((watch) => watch.close());
}

function servicesOf(units: readonly Unit[]): readonly UnitService[] {
  return units.flatMap((unit) => (unit.kind === 'backend' ? [] : unit.services));
}

function counted(count: number, what: 'service' | 'process'): string {
  if (count === 1) return `1 ${what}`;
  return `${count} ${what}${what === 'process' ? 'es' : 's'}`;
}
