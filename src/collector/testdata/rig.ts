import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { background, type Context } from '../../concurrency/index.ts';
import { createTelemetry, type Telemetry, withTelemetry } from '../../observe/index.ts';
import { type CollectorOptions, createCollector } from '../index.ts';

/** A collector on a port of its own with its files in a temporary directory. */
export interface Rig extends AsyncDisposable {
  readonly url: string;
  readonly dataDir: string;
  /** Its own log lines. */
  readonly lines: readonly string[];
  /** Posts OTLP as JSON; returns the answer's status. */
  post(signal: 'traces' | 'logs' | 'metrics', message: unknown): Promise<number>;
  /** The answer of the API; asserts that it is one. */
  get<T>(path: string): Promise<T>;
  stop(): Promise<void>;
  /** A telemetry that exports to it. */
  telemetry(service: string): Telemetry;
}

export interface RigOptions extends Partial<CollectorOptions> {
  readonly ctx?: Context;
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const { ctx = background(), ...collectorOptions } = options;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'flotilla-collector-'));
  const lines: string[] = [];
  const own = createTelemetry({
    resource: { service: 'collector', version: '0', instance: 'collector-1' },
    runtimeMetrics: false,
    write: (line) => void lines.push(line),
  });
  const collector = createCollector({ port: 0, ...collectorOptions, dataDir });
  const [endpoint] = await collector.start(withTelemetry(ctx, own));
  const url = endpoint!.url;
  const stop = () => collector.stop(background().withTimeout(5000));
  return {
    url,
    dataDir,
    lines,
    async post(signal, message) {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${url}/v1/${signal}`, { method: 'POST', headers, body: JSON.stringify(message) });
      await response.arrayBuffer();
      return response.status;
    },
    async get<T>(path: string) {
      const response = await fetch(url + path);
      const body = (await response.json()) as T;
      assert.equal(response.status, 200, JSON.stringify(body));
      return body;
    },
    stop,
    telemetry: (service) =>
      createTelemetry({
        resource: { service, version: '1.0.0', instance: `${service}-1` },
        otlpEndpoint: url,
        runtimeMetrics: false,
        write: () => {},
      }),
    async [Symbol.asyncDispose]() {
      await stop();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
