import { existsSync } from 'node:fs';
import { background, sleep } from '../../concurrency/index.ts';
import type { Unit, UnitService } from '../plan.ts';
import type { Reports } from '../reports.ts';
import type { SlotFailure, SlotReady } from '../slot.ts';
import { Supervisor } from '../supervisor.ts';

/** A supervisor in the test's own process, over fixture services, that records what it would tell an operator. */
export interface Harness extends AsyncDisposable {
  readonly supervisor: Supervisor;
  readonly events: readonly Event[];
  readonly said: readonly string[];
  readonly lines: readonly string[];
  /** Waits until the predicate holds for the events so far; throws what happened instead after a minute. */
  until(what: string, holds: (events: readonly Event[]) => boolean): Promise<void>;
  /** The base URL of a public service. */
  url(service: string): string;
  /** GET, parsed. */
  get(service: string, path?: string): Promise<Answer>;
}

export interface Answer {
  readonly version: string;
  readonly pid: number;
  readonly instance: string;
  readonly setting?: string;
}

export type Event =
  | { readonly type: 'ready'; readonly slot: string; readonly ready: SlotReady }
  | { readonly type: 'failed'; readonly slot: string; readonly failure: SlotFailure };

export interface HarnessOptions {
  readonly units: readonly Unit[];
  readonly fleetFile?: string;
}

export async function harness({ units, fleetFile = '/fleet.ts' }: HarnessOptions): Promise<Harness> {
  const events: Event[] = [];
  const said: string[] = [];
  const lines: string[] = [];
  const ports = new Map<string, number>();
  const reports = {
    ready: (slot, ready) => events.push({ type: 'ready', slot: slot.name, ready }),
    failed: (slot, failure) => events.push({ type: 'failed', slot: slot.name, failure }),
    forget() {},
    started() {},
  } as Pick<Reports, 'ready' | 'failed' | 'forget' | 'started'> as Reports;
  const supervisor = new Supervisor({
    units,
    fleetFile,
    random: () => 0.5,
    env: (unit, instance, doors) => {
      for (const [name, door] of doors.all) ports.set(name, door.address.port);
      const [service] = unit.services;
      const port = service?.port === undefined ? undefined : ports.get(service.name);
      const env = { ...process.env, FLOTILLA_INSTANCE: instance, ...service?.env };
      return port === undefined ? env : { ...env, FLOTILLA_PORT: String(port) };
    },
    say: (level, message) => said.push(`${level} ${message}`),
    line: (slot, source, text) => lines.push(`${slot} ${source} ${text}`),
    reports: () => reports,
    onSettled() {},
  });
  await supervisor.start();
  const url = (service: string) => `http://127.0.0.1:${ports.get(service)}`;
  return {
    supervisor,
    events,
    said,
    lines,
    async until(what, holds) {
      using ctx = background().withTimeout(60_000);
      while (!holds(events)) {
        await sleep(ctx, 10).catch(() => {
          throw new Error(
            `${what} did not happen; instead: ${JSON.stringify([events, said, lines.slice(-20)], null, 1)}`,
          );
        });
      }
    },
    url,
    async get(service, path = '/') {
      const response = await fetch(url(service) + path, { headers: { connection: 'close' } });
      return (await response.json()) as Answer;
    },
    async [Symbol.asyncDispose]() {
      const { pids } = supervisor;
      await supervisor.stop(20_000);
      await gone(pids);
    },
  };
}

export function unit(name: string, entry: string, options: Partial<Omit<Unit, 'services'> & UnitService> = {}): Unit {
  const { kind = 'service', replicas = 1, readyTimeoutMs = 60_000, port, env = {} } = options;
  return { name, kind, entry, replicas, readyTimeoutMs, services: [{ name, entry, port, env }] };
}

/** Resolves when none of the processes is left. */
export async function gone(pids: readonly number[]): Promise<void> {
  using ctx = background().withTimeout(60_000, `processes ${pids} to end`);
  while (pids.some(isAlive)) await sleep(ctx, 10);
}

/** A zombie that nobody has waited for yet is not alive. */
export function isAlive(pid: number): boolean {
  if (existsSync('/proc/self/stat')) return existsSync(`/proc/${pid}/exe`) && existsSync(`/proc/${pid}/cwd`);
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
