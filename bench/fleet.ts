import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { background } from 'flotilla/concurrency';
import { type FleetProcess, startFleet } from 'flotilla/testing';
import type { Contestant, MakeSubject, Row } from './harness.ts';

/**
 * The reference fleet, gateway → room, closed loop: `GET /v1/rooms/{id}` over 32 keep-alive connections, with full
 * telemetry (every call a span, metrics and a log line, exported to the collector) beside the same fleet with telemetry
 * off. Both fleets run all the time; only one is loaded at once. Memory is what each loaded service process keeps
 * resident (VmRSS).
 */
export const subject: MakeSubject = async ({ quick }) => {
  const durationMs = quick ? 1000 : 4000;
  const pinned = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;
  if (pinned) spawnSync('taskset', ['-cp', '1', String(process.pid)]);
  const prefix = pinned ? ['taskset', '-c', '0'] : [];
  const on = await Loaded.start(prefix, {});
  const off = await Loaded.start(prefix, { FLOTILLA_TELEMETRY: 'off' }).catch(async (error) => {
    await on.close();
    throw error;
  });
  const services = ['gateway', 'account', 'room', 'gift', 'rank'];
  const rows: Row[] = [
    { name: 'get-room', unit: 'req/s', better: 'higher' },
    { name: 'get-room-p50', unit: 'ms', better: 'lower' },
    { name: 'get-room-p99', unit: 'ms', better: 'lower' },
    ...services.map((name): Row => ({ name: `memory-${name}`, unit: 'MiB', better: 'lower' })),
  ];
  const contestant =
    (fleet: Loaded): Contestant =>
    () =>
      fleet.measure(durationMs);
  return {
    rows,
    ours: contestant(on),
    peers: { 'telemetry off': contestant(off) },
    async close() {
      await Promise.all([on.close(), off.close()]);
    },
  };
};

class Loaded {
  readonly #fleet: FleetProcess;
  readonly #dataDir: string;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;

  private constructor(fleet: FleetProcess, dataDir: string, url: URL, token: string) {
    this.#fleet = fleet;
    this.#dataDir = dataDir;
    this.#url = url;
    this.#headers = { authorization: `Bearer ${token}` };
  }

  static async start(prefix: readonly string[], env: Readonly<Record<string, string>>): Promise<Loaded> {
    const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-bench-'));
    const file = fileURLToPath(new URL('../examples/live/fleet.ts', import.meta.url));
    const fleet = await startFleet(background().withTimeout(60_000), file, { dataDir, prefix, env });
    try {
      const token = await signUp(fleet.app);
      const room = await post(fleet.app, '/v1/rooms', { title: 'bench' }, token);
      return new Loaded(fleet, dataDir, new URL(`/v1/rooms/${room.id}`, fleet.app), token);
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  async measure(durationMs: number): Promise<Record<string, number>> {
    const latencies = await closedLoop(this.#url, this.#headers, { connections: 32, durationMs });
    return {
      'get-room': (latencies.length * 1000) / durationMs,
      'get-room-p50': percentile(latencies, 50),
      'get-room-p99': percentile(latencies, 99),
      ...this.#memory(),
    };
  }

  /** Resident MiB by service; of several replicas the largest. */
  #memory(): Record<string, number> {
    const found: Record<string, number> = {};
    for (const [instance, pid] of this.#fleet.instances()) {
      const kib = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN);
      const row = `memory-${instance.replace(/-\d+$/, '')}`;
      found[row] = Math.max(found[row] ?? 0, kib / 1024);
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#fleet[Symbol.asyncDispose]();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

/** Each connection sends its next request when the last is answered. Gives every latency in milliseconds, sorted. */
async function closedLoop(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { connections, durationMs }: { connections: number; durationMs: number },
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  const end = performance.now() + durationMs;
  const worker = async () => {
    while (performance.now() < end) {
      const started = performance.now();
      const status = await get(url, headers, agent);
      if (status !== 200) throw new Error(`GET ${url} answered ${status}`);
      latencies.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  return latencies.sort((a, b) => a - b);
}

function get(url: URL, headers: Readonly<Record<string, string>>, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject).end();
  });
}

function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

async function signUp(app: string): Promise<string> {
  const credentials = { name: `bench-${crypto.randomUUID().slice(0, 8)}`, password: 'correct horse battery' };
  await post(app, '/v1/accounts', credentials);
  return (await post(app, '/v1/sessions', credentials)).token as string;
}

async function post(app: string, path: string, body: unknown, token?: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${app}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`POST ${path} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}
