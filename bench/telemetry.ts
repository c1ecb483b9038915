import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { background, type Context } from 'flotilla/concurrency';
import { createTelemetry, type Telemetry, withTelemetry } from 'flotilla/observe';
import { type Handler, instrument, type MethodInfo } from 'flotilla/service';
import type { Contestant, MakeSubject } from './harness.ts';

/**
 * What telemetry costs the code that emits it, in CPU time of the process per operation: children of metrics resolved
 * once, spans and log lines encoded and exported (to a receiver in this process that drops them, whose work is counted
 * too), and a whole call with its span, duration, in-flight gauge and log line.
 */
export const subject: MakeSubject = async ({ quick }) => {
  const receiver = await startReceiver();
  const { port } = receiver.address() as AddressInfo;
  const resource = { service: 'room', version: '1.0.0', instance: 'room-1' };
  const telemetry = createTelemetry({
    resource,
    otlpEndpoint: `http://127.0.0.1:${port}`,
    write: () => {},
    maxQueueBytes: 1e9,
  });
  return {
    rows: [
      { name: 'counter-add', unit: 'ns', better: 'lower', limit: 30 },
      { name: 'histogram-record', unit: 'ns', better: 'lower', limit: 60 },
      { name: 'span', unit: 'ns', better: 'lower', limit: 3000 },
      { name: 'log-line', unit: 'ns', better: 'lower', limit: 4000 },
      { name: 'call', unit: 'ns', better: 'lower', limit: 8000 },
    ],
    ours: measure(telemetry, quick ? 0.1 : 1),
    peers: {},
    skipped: {
      'OpenTelemetry SDK, prom-client, pino': 'peers of this subject come with the work on observability in depth',
    },
    async close() {
      await telemetry.close(background().withTimeout(1000));
      receiver.closeAllConnections();
      receiver.close();
    },
  };
};

const method: MethodInfo = {
  service: 'live.room.v1.RoomService',
  method: 'GetRoom',
  kind: 'unary',
  side: 'server',
  transport: 'rpc',
  idempotent: true,
  timeoutMs: 0,
};

function measure(telemetry: Telemetry, scale: number): Contestant {
  const ctx = withTelemetry(background(), telemetry);
  const counter = telemetry.metrics.counter('bench.count', { labels: ['kind'] }).with({ kind: 'a' });
  const histogram = telemetry.metrics.histogram('bench.duration', { unit: 's', labels: ['kind'] }).with({ kind: 'a' });
  const attributes = Object.freeze({ 'rpc.system': 'rpc', 'rpc.service': method.service, 'rpc.method': method.method });
  const fields = { method: 'GetRoom', side: 'server', code: 'ok', durationMs: 1.234, principal: 'user-7' };
  const echo: Handler<number, number> = async (_ctx, input) => input;
  const plain = echo as (ctx: Context, input: number) => Promise<number>;
  const observed = instrument(echo, method);
  return async () => {
    const bare = await perOperation(100_000 * scale, () => plain(ctx, 1));
    return {
      'counter-add': await perThousand(10_000 * scale, () => {
        for (let i = 0; i < 1000; i++) counter.add();
      }),
      'histogram-record': await perThousand(10_000 * scale, () => {
        for (let i = 0; i < 1000; i++) histogram.record(i / 1000);
      }),
      span: await perOperation(100_000 * scale, () => {
        const span = telemetry.tracer.start(ctx, 'GetRoom', { kind: 'server', attributes });
        span.setAttribute('rpc.code', 'ok');
        span.end();
      }),
      'log-line': await perOperation(100_000 * scale, () => telemetry.log.info(ctx, 'server GetRoom ok', fields)),
      call: (await perOperation(100_000 * scale, () => observed(ctx, 1))) - bare,
    };
  };
}

/** For what is too quick to be called one by one: `run` does it a thousand times. */
async function perThousand(runs: number, run: () => void): Promise<number> {
  return (await perOperation(runs, run)) / 1000;
}

/** Nanoseconds of CPU per operation. Lets the loop turn now and then, so that the export keeps up. */
async function perOperation(operations: number, run: (i: number) => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < operations; i++) {
    const result = run(i);
    if (result !== undefined) await result;
    if ((i & 0x3fff) === 0x3fff) await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / operations;
}

async function startReceiver(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
