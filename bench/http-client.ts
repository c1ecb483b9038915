import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { background } from 'flotilla/concurrency';
import * as http from 'flotilla/net/http';
import { Pool } from 'undici';
import type { Contestant, MakeSubject } from './harness.ts';

/**
 * What a small GET of JSON over a kept connection costs its caller: CPU time of this process per call, for one caller and
 * for several at once. The server is a process of its own. `undici-dispatch` is what ours stands on, without what a caller
 * of HTTP wants (Context, limits, telemetry, errors): the difference is ours.
 */
export const subject: MakeSubject = async ({ quick }) => {
  const calls = quick ? 500 : 6_000;
  const { child, port } = await startServer();
  const origin = `http://127.0.0.1:${port}`;
  const api = http.client({ baseUrl: origin });
  const agent = new Agent({ keepAlive: true });
  const pool = new Pool(origin, { connections: 64, allowH2: false });
  const ctx = background();
  return {
    rows: callers.map((count) => ({
      name: rowName(count),
      unit: 'µs',
      better: 'lower' as const,
      goals: count === 1 ? { fetch: 1.5 } : { fetch: 3, 'node-http': 1.5 },
    })),
    ours: contestant(calls, () => api.getJson(ctx, '/rooms/42')),
    peers: {
      fetch: contestant(calls, async () => (await fetch(`${origin}/rooms/42`)).json()),
      'node-http': contestant(calls, () => viaNode(agent, port)),
      'undici-request': contestant(calls, async () =>
        (await pool.request({ path: '/rooms/42', method: 'GET' })).body.json(),
      ),
      'undici-dispatch': contestant(calls, () => viaDispatch(pool)),
    },
    async close() {
      await api[Symbol.asyncDispose]();
      agent.destroy();
      await pool.destroy();
      child.stdin?.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
};

const callers = [1, 16, 64] as const;
const rowName = (count: number) => `get-${count}`;

function contestant(calls: number, call: () => Promise<unknown>): Contestant {
  return async () => {
    const figures: Record<string, number> = {};
    for (const count of callers) figures[rowName(count)] = await cpuPerCall(calls, count, call);
    return figures;
  };
}

async function cpuPerCall(calls: number, count: number, call: () => Promise<unknown>): Promise<number> {
  let left = calls;
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: count }, async () => {
      while (left-- > 0) await call();
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

function viaNode(agent: Agent, port: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request({ agent, host: '127.0.0.1', port, path: '/rooms/42' }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
      answer.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}

function viaDispatch(pool: Pool): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    pool.dispatch(
      { path: '/rooms/42', method: 'GET' },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd: () => resolve(JSON.parse(Buffer.concat(chunks).toString())),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

async function startServer(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const program = new URL('./http-client/answering-server.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, port: Number(String(line)) };
}
