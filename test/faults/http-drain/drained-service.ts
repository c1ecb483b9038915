import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface DrainedService {
  readonly child: ChildProcess;
  readonly port: number;
  /** So many requests have come that it may be told to stop. */
  readonly busy: Promise<void>;
  readonly exit: Promise<unknown[]>;
  /** The ids of the requests that handlers have begun to work on. */
  readonly begun: Promise<readonly string[]>;
}

/** Starts `service.ts` in a process of its own. */
export async function startDrained(): Promise<DrainedService> {
  const program = fileURLToPath(new URL('service.ts', import.meta.url));
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, FLOTILLA_INSTANCE: 'drained-1' },
  });
  const lines = createInterface({ input: child.stdout! });
  const port = Promise.withResolvers<number>();
  const begun = Promise.withResolvers<readonly string[]>();
  const busy = Promise.withResolvers<void>();
  lines.on('line', (line) => {
    if (line === 'busy') busy.resolve();
    if (line.includes('drained is ready')) {
      const { endpoints } = JSON.parse(line) as { endpoints: { http: string } };
      port.resolve(Number(new URL(endpoints.http).port));
    }
    if (line.startsWith('begun ')) begun.resolve(JSON.parse(line.slice('begun '.length)));
  });
  const exit = once(child, 'close');
  void exit.then(() => {
    port.reject(new Error('it ended before it was ready'));
    begun.reject(new Error('it ended without saying what it had begun'));
  });
  begun.promise.catch(() => {});
  return { child, port: await port.promise, exit, begun: begun.promise, busy: busy.promise };
}
