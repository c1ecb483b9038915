/** Ours: `ours-client.ts PORT bare|full PROTOCOL`, as `ours-server.ts` says; of the full one's log the lines are dropped. */
import { create } from '@bufbuild/protobuf';
import { background } from 'flotilla/concurrency';
import { staticResolver } from 'flotilla/discovery';
import { createTelemetry, withTelemetry } from 'flotilla/observe';
import { type ClientProtocol, createRpcClient } from 'flotilla/rpc';
import { answerLoads } from './answer-loads.ts';
import { EchoService, NoteSchema } from './gen/flotilla/bench/v1/echo_pb.ts';
import { note } from './note.ts';
import { pullExchange } from './pull-exchange.ts';

const [port, form, protocol] = process.argv.slice(2);
const isFull = form === 'full';
const client = createRpcClient(EchoService, {
  target: 'bench',
  resolver: staticResolver({ bench: [`http://127.0.0.1:${port}`] }),
  protocol: protocol as ClientProtocol,
  maxConnections: 1,
  ...(!isFull && { guard: false, timeoutMs: 0 }),
});
const resource = { service: 'caller', version: '1.0.0', instance: 'caller-1' };
const ctx = isFull ? withTelemetry(background(), createTelemetry({ resource, write: () => {} })) : background();
const message = create(NoteSchema, { ...note, id: BigInt(note.id) });

await answerLoads({
  unary: () => client.echo(ctx, message),
  stream: () => pullExchange(message, (messages) => client.echoStream(ctx, messages)),
});
