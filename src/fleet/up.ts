import { existsSync } from 'node:fs';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { background, select, settled, systemClock } from '../concurrency/index.ts';
import { lockDataDir } from './data-lock.ts';
import { compileCacheDir, environmentOf } from './environment.ts';
import { loadFleet } from './load-fleet.ts';
import { type LogChoice, MergedLog } from './merged-log.ts';
import { type Palette, palette, wantsColour } from './palette.ts';
import { type PortChoice, plan, type Unit } from './plan.ts';
import { Reports } from './reports.ts';
import { stopRequests } from './stop-requests.ts';
import { type Settled, Supervisor } from './supervisor.ts';
import { type TreeWatch, watchTree } from './watch-tree.ts';

export interface UpOptions {
  /** The fleet file, relative to the working directory. */
  readonly file: string;
  /** Replace the public ports of the fleet file. Default: none. */
  readonly ports?: readonly PortChoice[];
  /** Default: the fleet file's, else 8081. */
  readonly consolePort?: number | undefined;
  /** Default: the fleet file's, else none. */
  readonly colocate?: readonly string[] | 'all' | undefined;
  /** Default: `.flotilla`. */
  readonly dataDir?: string;
  /** Whether a changed source file restarts its service. Default: true. */
  readonly watch?: boolean;
  /** Default: `info`. */
  readonly log?: LogChoice;
  /** Default: `pretty`. */
  readonly logFormat?: 'pretty' | 'json';
}

/** What is still running this long after the first Ctrl-C is killed. */
const drainLimitMs = 15_000;
/** How often what is not shown line by line is summed up. */
const sumUpEveryMs = 10_000;

/**
 * Runs a fleet in this process until a signal, or the end of the parent named by `FLOTILLA_WATCH_PARENT`, drains it.
 * Prints to stdout. Resolves with the exit code: 0, or 130 and the like when a second signal forced the end. Throws a
 * StatusError for what keeps it from starting: a wrong fleet file, a data directory that another fleet uses.
 */
export async function up(options: UpOptions): Promise<number> {
  return new FleetRun(options).run();
}

class FleetRun {
  readonly #options: UpOptions;
  readonly #cwd = process.cwd();
  readonly #palette: Palette;
  readonly #format: 'pretty' | 'json';
  readonly #log: MergedLog;
  #closed = false;

  constructor(options: UpOptions) {
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
    const { file, definition } = await loadFleet(this.#options.file, this.#cwd);
    const units = plan(definition, file, this.#options);
    const dataDir = resolve(this.#cwd, this.#options.dataDir ?? '.flotilla');
    held.adopt(lockDataDir(dataDir), (lock) => lock.release());
    const supervisor = this.#supervisor(units, file, dataDir, definition.backends ?? {});
    this.#announce(units, file);
    if (this.#options.watch !== false) held.adopt(this.#watch(supervisor, file, dataDir), closeLater);
    await supervisor.start();
    held.adopt(
      setInterval(() => this.#sumUp(), sumUpEveryMs),
      (timer) => clearInterval(timer),
    );
    return await this.#drain(supervisor, await requests.first, requests.second);
  }

  async #drain(supervisor: Supervisor, why: string, again: Promise<number>): Promise<number> {
    this.#log.tellHeld();
    const { length } = supervisor.pids;
    this.#log.say('info', `${why}: draining ${length} processes; once more ends them at once`);
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

  #supervisor(
    units: readonly Unit[],
    fleetFile: string,
    dataDir: string,
    backends: Parameters<typeof environmentOf>[0]['backends'],
  ) {
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
        const backendUrl = `http://${backend?.host}:${backend?.port}`;
        return environmentOf({
          base: process.env,
          unit,
          instance,
          dataDir,
          backendUrl,
          backends,
          log,
          ports,
          compileCache,
        });
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
      onSettled: (settled) => this.#tellAddresses(units, settled),
    });
  }

  #announce(units: readonly Unit[], file: string): void {
    const services = units.flatMap((unit) => (unit.kind === 'backend' ? [] : unit.services));
    const processes = units.reduce((sum, unit) => sum + unit.replicas, 0);
    for (const unit of units) {
      for (const { name } of unit.services) this.#log.makeRoom(`${name}-${unit.replicas}`);
    }
    const text = `${this.#shown(file)}: ${services.length} services in ${processes} processes`;
    if (this.#format === 'json') this.#log.say('info', text);
    else this.#write(`${this.#palette.bold('flotilla')}  ${text}\n`);
  }

  /** The last words of the start: where the app and the console are. */
  #tellAddresses(units: readonly Unit[], { doors, missing }: Settled): void {
    const services = units.flatMap((unit) => (unit.kind === 'backend' ? [] : unit.services));
    const open = services.filter(({ port }) => port !== undefined).map(({ name }) => name);
    const rows = [
      ...open.map((name) => [open.length === 1 ? 'app' : name, name] as const),
      ['console', 'backend'] as const,
    ];
    for (const [label, service] of rows) {
      const address = doors.all.get(service)?.address;
      const url = doors.isOpen(service) && address !== undefined ? `http://${address.host}:${address.port}` : undefined;
      if (this.#format === 'json') {
        this.#log.say('info', `${label} ${url ?? 'is not reachable'}`, {
          ...(url !== undefined && { url }),
          notReady: missing,
        });
        continue;
      }
      const note =
        url === undefined
          ? 'not reachable: its port is taken'
          : missing.includes(service)
            ? `(${service} is not ready)`
            : '';
      this.#write(`${this.#palette.bold(label.padEnd(8))} ${[url, note].filter(Boolean).join(' ')}\n`);
    }
  }

  async #watch(supervisor: Supervisor, file: string, dataDir: string): Promise<TreeWatch> {
    return watchTree(watchedRoots(file), {
      clock: systemClock,
      ignore: [dataDir],
      onTrouble: (message) => this.#log.say('warn', `not every change restarts its service: ${message}`),
      onChange: async (files) => {
        if (files.includes(file)) {
          this.#log.say('warn', `${this.#shown(file)} has changed: end the fleet and start it again to use it`);
        }
        const names = await supervisor.change(files);
        const [first = ''] = files;
        const what = `${this.#shown(first)}${files.length > 1 ? ` and ${files.length - 1} more` : ''}`;
        if (names.length > 0) this.#log.say('info', `${what} changed: renewing ${names.join(', ')}`);
      },
    });
  }

  /** A path as it is typed here: relative within the working directory. */
  #shown(path: string): string {
    return path.startsWith(this.#cwd + sep) ? relative(this.#cwd, path) : path;
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

/** The fleet's own directory and, where Flotilla runs from its sources, those. */
function watchedRoots(file: string): readonly string[] {
  const own = dirname(file);
  const source = join(import.meta.dirname, '..');
  const runsFromSource = extname(import.meta.filename) === '.ts' && existsSync(source);
  return runsFromSource ? [own, source] : [own];
}
