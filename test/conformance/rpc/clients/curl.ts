import { spawn } from 'node:child_process';
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  type MessageInitShape,
  toJsonString,
} from '@bufbuild/protobuf';
import type { CallOptions, Client } from '@connectrpc/connect';
import * as errors from 'flotilla/errors';
import { ErrorInfoSchema } from '../../../../src/rpc/gen/google/rpc/error_details_pb.ts';
import type { Explained, OpenCaller } from './caller.ts';

/** curl, which speaks Connect in JSON; what it does not do by itself is put together here from its documented bytes. */
export const curlClient: OpenCaller = (url, { gzip = false }) => ({
  client<S extends DescService>(service: S) {
    const calls = service.methods.map((method) => {
      const target = `${url}/${service.typeName}/${method.name}`;
      const start = (input: unknown, options: CallOptions = {}) => {
        const args = [...headersOf(options), ...(gzip ? ['--compressed'] : []), target];
        if (method.methodKind === 'unary') return callOnce(method, args, input, options);
        const answers = callStream(method, args, input, options);
        return method.methodKind === 'client_streaming' ? answers.next().then(({ value }) => value) : answers;
      };
      return [method.localName, start];
    });
    return Object.fromEntries(calls) as Client<S>;
  },
  explain(thrown): Explained {
    if (!(thrown instanceof CurlError))
      return { code: 1, message: String(thrown), metadata: new Headers(), info: undefined };
    const { code, message, details = [] } = thrown.body;
    const info = details.find(({ type }) => type === ErrorInfoSchema.typeName)?.value;
    return {
      code: errors.grpcStatusOf(code),
      message: message ?? '',
      metadata: thrown.metadata,
      info: info === undefined ? undefined : fromBinary(ErrorInfoSchema, Buffer.from(info, 'base64')),
    };
  },
  async [Symbol.asyncDispose]() {},
});

interface ErrorBody {
  readonly code: errors.Code;
  readonly message?: string;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

class CurlError extends Error {
  readonly body: ErrorBody;
  readonly metadata: Headers;

  constructor(body: ErrorBody, metadata: Headers) {
    super(JSON.stringify(body));
    this.body = body;
    this.metadata = metadata;
  }
}

async function callOnce(method: DescMethod, args: readonly string[], input: unknown, options: CallOptions) {
  const body = toJsonString(method.input, messageOf(method, input));
  const type = ['--header', 'content-type: application/json'];
  const { status, headers, bytes } = await answerOf([...type, ...args], Buffer.from(body), options.signal);
  const answer = JSON.parse(bytes.toString()) as JsonValue;
  const trailers = new Headers();
  for (const [name, value] of headers) if (name.startsWith('trailer-')) trailers.append(name.slice(8), value);
  if (status !== 200) throw new CurlError(answer as unknown as ErrorBody, trailers);
  options.onHeader?.(headers);
  options.onTrailer?.(trailers);
  return fromJson(method.output, answer);
}

async function* callStream(method: DescMethod, args: readonly string[], input: unknown, options: CallOptions) {
  const inputs = method.methodKind === 'server_streaming' ? [input] : await Array.fromAsync(input as never);
  const body = Buffer.concat(
    inputs.map((fields) => envelope(Buffer.from(toJsonString(method.input, messageOf(method, fields))))),
  );
  const type = ['--header', 'content-type: application/connect+json'];
  const { headers, bytes } = await answerOf([...type, ...args], body, options.signal);
  options.onHeader?.(headers);
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 1);
    const value = JSON.parse(bytes.toString('utf8', at + 5, at + 5 + length)) as JsonValue;
    if (bytes[at] === 0) yield fromJson(method.output, value);
    else {
      const { error, metadata = {} } = value as unknown as { error?: ErrorBody; metadata?: Record<string, string[]> };
      const trailers = new Headers(Object.entries(metadata).map(([name, texts]) => [name, texts.join(', ')]));
      if (error !== undefined) throw new CurlError(error, trailers);
      options.onTrailer?.(trailers);
    }
    at += 5 + length;
  }
}

function messageOf(method: DescMethod, fields: unknown): Message {
  return create(method.input, fields as MessageInitShape<DescMessage>);
}

function headersOf({ headers, timeoutMs }: CallOptions): string[] {
  const all = [...new Headers(headers), ['connect-protocol-version', '1']];
  if (timeoutMs !== undefined) all.push(['connect-timeout-ms', String(timeoutMs)]);
  return all.flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
}

function envelope(data: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(data.length, 1);
  return Buffer.concat([head, data]);
}

/** The answer with its head, which curl prints before it. */
async function answerOf(args: readonly string[], body: Buffer, signal: AbortSignal | undefined) {
  const printed = await curl(['--include', ...args], body, signal);
  let start = 0;
  for (;;) {
    const end = printed.indexOf('\r\n\r\n', start);
    const [line = '', ...lines] = printed.toString('latin1', start, end).split('\r\n');
    start = end + 4;
    const status = Number(line.split(' ')[1]);
    // `100 Continue`
    if (status < 200) continue;
    const headers = new Headers(
      lines.map((text): [string, string] => /^([^:]+): *(.*)$/.exec(text)!.slice(1) as never),
    );
    return { status, headers, bytes: printed.subarray(start) };
  }
}

function curl(args: readonly string[], body: Buffer, signal: AbortSignal | undefined): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const child = spawn('curl', ['--silent', '--show-error', '--data-binary', '@-', ...args], {
    ...(signal !== undefined && { signal }),
  });
  const chunks: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  child.once('error', reject);
  child.once('close', (code) =>
    code === 0 ? resolve(Buffer.concat(chunks)) : reject(new Error(`curl: ${Buffer.concat(complaints)}`)),
  );
  child.stdin.on('error', () => {});
  child.stdin.end(body);
  return promise;
}
