import type { DescService } from '@bufbuild/protobuf';
import type { CallOptions, Client } from '@connectrpc/connect';
import { readFields, setFields } from 'flotilla/call';
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
          (input: unknown, options?: CallOptions) => calls[localName]!(contextOf(options), input),
        ]);
        return Object.fromEntries(shaped) as Client<S>;
      },
      explain(thrown) {
        const { code, message, reason, domain, metadata } = errors.from(thrown);
        return { code: errors.grpcStatusOf(code), message, info: { reason, domain, metadata } };
      },
      async [Symbol.asyncDispose]() {
        for (const client of open) client[Symbol.dispose]();
      },
    };
  };
}

function contextOf({ timeoutMs, signal, headers }: CallOptions = {}): Context {
  const given = new Headers(headers);
  const ctx = setFields(
    background(),
    readFields((name) => given.get(name) ?? undefined),
  ).withCancel();
  signal?.addEventListener('abort', () => ctx.cancel());
  return timeoutMs === undefined ? ctx : ctx.withTimeout(timeoutMs);
}
