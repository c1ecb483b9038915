/**
 * Ours: `ours-server.ts PORT bare|full`. `bare`: guard, telemetry and time limits off. `full`: as a service of `app` runs,
 * with its guard, deadlines, trace, metrics and log; the log goes to stdout.
 */
import { background } from 'flotilla/concurrency';
import { tcpListener } from 'flotilla/net/tcp';
import { createTelemetry, withTelemetry } from 'flotilla/observe';
import { createRpcServer, implement } from 'flotilla/rpc';
import { EchoService } from './gen/flotilla/bench/v1/echo_pb.ts';

const [port, form] = process.argv.slice(2);
const isFull = form === 'full';
const echo = implement(EchoService, {
  echo: async (_ctx, note) => note,
  echoStream: (_ctx, notes) => notes,
});
const server = createRpcServer({
  name: 'bench',
  listener: tcpListener({ port: Number(port) }),
  services: [echo],
  ...(!isFull && { guard: false, timeoutMs: 0 }),
});
const resource = { service: 'bench', version: '1.0.0', instance: 'bench-1' };
await server.start(isFull ? withTelemetry(background(), createTelemetry({ resource })) : background());
