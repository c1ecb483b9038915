import type { Clock, Timer } from '../concurrency/index.ts';
import { Door } from './door.ts';
import type { Unit } from './plan.ts';
import { portHolder } from './port-holder.ts';

export interface OpenDoorsOptions {
  readonly units: readonly Unit[];
  readonly clock: Clock;
  /** Tells the operator. */
  readonly say: (level: 'info' | 'warn' | 'error', message: string) => void;
  /** A port that was taken at first is open now. */
  readonly onLateOpen: (service: string) => void;
}

/** The public ports of a fleet. */
export interface Doors {
  /** By the name of the service; those that could not be opened too. */
  readonly all: ReadonlyMap<string, Door>;
  /** Whether the port of this service is open. */
  isOpen(service: string): boolean;
  close(service: string): void;
}

const retryMs = 1000;

/**
 * Opens the public ports. A service whose port is taken is told of and its port is tried again every second, while the
 * rest of the fleet runs; the back end, without which nothing runs, takes any free port instead.
 */
export async function openDoors(options: OpenDoorsOptions): Promise<Doors> {
  const { units, clock, say, onLateOpen } = options;
  const all = new Map<string, Door>();
  const open = new Set<string>();
  const timers = new Map<string, Timer>();

  const tryLater = (door: Door, port: number) => {
    const again = async () => {
      if (await opens(door)) {
        open.add(door.service);
        timers.delete(door.service);
        say('info', `port ${port} is free now: ${door.service} takes connections`);
        onLateOpen(door.service);
      } else if (timers.has(door.service)) tryLater(door, port);
    };
    timers.set(
      door.service,
      clock.after(retryMs, () => void again()),
    );
  };
  const openOne = async (service: string, port: number, isBackend: boolean) => {
    const door = new Door({ service, port, clock });
    all.set(service, door);
    const error = await failure(door);
    if (error === undefined) return open.add(service);
    say('error', await explain(service, port, error, isBackend));
    if (!isBackend) return tryLater(door, port);
    door.close();
    const other = new Door({ service, port: 0, clock });
    await other.listen();
    all.set(service, other);
    open.add(service);
  };

  for (const unit of units) {
    for (const { name, port } of unit.services) {
      if (port !== undefined) await openOne(name, port, unit.kind === 'backend');
    }
  }
  return {
    all,
    isOpen: (service) => open.has(service),
    close(service) {
      timers.get(service)?.stop();
      timers.delete(service);
      all.get(service)?.close();
    },
  };
}

async function opens(door: Door): Promise<boolean> {
  return (await failure(door)) === undefined;
}

async function failure(door: Door): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await door.listen();
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

async function explain(
  service: string,
  port: number,
  error: NodeJS.ErrnoException,
  isBackend: boolean,
): Promise<string> {
  const what = isBackend ? 'the console' : service;
  const flag = isBackend ? '--console-port (or FLOTILLA_CONSOLE_PORT)' : '--port (or FLOTILLA_PORT)';
  const meanwhile = isBackend
    ? 'meanwhile: the console and the embedded back ends take a free port'
    : `meanwhile: the other services run, and port ${port} is tried again every second`;
  if (error.code !== 'EADDRINUSE') {
    const why = error.code === 'EACCES' ? 'this user may not open it; ports below 1024 need privileges' : error.message;
    return `${what} cannot listen on port ${port}: ${why}\nfix: choose another with ${flag}\n${meanwhile}`;
  }
  const holder = await portHolder(port);
  const by = holder === undefined ? 'another process' : `process ${holder.pid} (${holder.command || 'unknown'})`;
  return `${what} cannot listen on port ${port}: it is taken by ${by}\nfix: end that process, or choose another port with ${flag}\n${meanwhile}`;
}
