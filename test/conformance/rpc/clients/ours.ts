import type { DescService } from '@bufbuild/protobuf';
import type { CallOptions, Client } from '@connectrpc/connect';
import {
  type AnswerMetadata,
  answerMetadata,
  isMetadataName,
  readFields,
  setFields,
  withMetadata,
} from 'flotilla/call';
import { background, type Context } from 'flotilla/concurrency';
import { staticResolver } from 'flotilla/discovery';
import * as errors from 'flotilla/errors';
import { createRpcClient, type RpcProtocol } from 'flotilla/rpc';
import type { OpenCaller } from './caller.ts';

/** Our client. */
export function ourClient(protocol: RpcProtocol): OpenCaller {
  return (url, { gzip = false }) => {
    const resolver = staticResolver({ room: [url] });
    const open: Disposable[] = [];
    const answers = new WeakMap<object, AnswerMetadata>();
    return {
      client<S extends DescService>(service: S) {
        const client = createRpcClient(service, {
          target: 'room',
          resolver,
          protocol,
          guard: false,
          timeoutMs: 0,
          ...(gzip && { compressMinBytes: 1 }),
        });
        open.push(client);
        const calls = client as unknown as Record<string, (ctx: Context, input: unknown) => unknown>;
        const shaped = service.methods.map(({ localName }) => [
          localName,
          (input: unknown, options: CallOptions = {}) => {
            const answer = answerMetadata();
            const output = calls[localName]!(contextOf(options, answer), input);
            const fail = (error: object) => {
              answers.set(error, answer);
              throw error;
            };
            return output instanceof Promise
              ? output.then((value) => told(value, options, answer), fail)
              : followed(output as AsyncIterable<unknown>, options, answer, fail);
          },
        ]);
        return Object.fromEntries(shaped) as Client<S>;
      },
      explain(thrown) {
        const { code, message, reason, domain, metadata } = errors.from(thrown);
        const { headers = [], trailers = [] } = answers.get(thrown as object) ?? {};
        return {
          code: errors.grpcStatusOf(code),
          message,
          metadata: new Headers([...headers, ...trailers] as [string, string][]),
          info: { reason, domain, metadata },
        };
      },
      async [Symbol.asyncDispose]() {
        for (const client of open) client[Symbol.dispose]();
      },
    };
  };
}

function told<T>(value: T, { onHeader, onTrailer }: CallOptions, { headers, trailers }: AnswerMetadata): T {
  onHeader?.(new Headers([...headers] as [string, string][]));
  onTrailer?.(new Headers([...trailers] as [string, string][]));
  return value;
}

async function* followed(
  stream: AsyncIterable<unknown>,
  options: CallOptions,
  answer: AnswerMetadata,
  fail: (error: object) => never,
): AsyncGenerator<unknown> {
  try {
    yield* stream;
  } catch (error) {
    fail(error as object);
  }
  told(undefined, options, answer);
}

function contextOf({ timeoutMs, signal, headers }: CallOptions, answer: AnswerMetadata): Context {
  const given = new Headers(headers);
  const own = [...given].filter(([name]) => isMetadataName(name));
  const init = own.map(([name, text]) => [name, name.endsWith('-bin') ? Buffer.from(text, 'base64') : text]);
  const fields = setFields(
    background(),
    readFields((name) => given.get(name) ?? undefined),
  );
  const ctx = withMetadata(fields, Object.fromEntries(init), answer).withCancel();
  signal?.addEventListener('abort', () => ctx.cancel());
  return timeoutMs === undefined ? ctx : ctx.withTimeout(timeoutMs);
}
