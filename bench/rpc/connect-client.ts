/** Connect's own client over HTTP/2: `connect-client.ts PORT grpc|connect` */
import { create } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { answerLoads } from './answer-loads.ts';
import { EchoService, NoteSchema } from './gen/flotilla/bench/v1/echo_pb.ts';
import { note } from './note.ts';
import { pullExchange } from './pull-exchange.ts';

const [port, protocol] = process.argv.slice(2);
const baseUrl = `http://127.0.0.1:${port}`;
const transport =
  protocol === 'grpc'
    ? createGrpcTransport({ baseUrl })
    : createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: true });
const client = createClient(EchoService, transport);
const message = create(NoteSchema, { ...note, id: BigInt(note.id) });

await answerLoads({
  unary: () => client.echo(message),
  stream: () => pullExchange(message, (messages) => client.echoStream(messages)),
});
