import type {
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import type { Context } from '../concurrency/index.ts';
import type { Middleware } from '../service/index.ts';
import { checkMethodNames } from './client-checks.ts';
import { checkTimeout } from './limits.ts';

/** One message in, one out. `In` is the message, `Out` its fields, as for all handlers. */
export type UnaryHandler<In, Out> = (ctx: Context, request: In) => Promise<Out> | Out;

/** One message in, a stream out. The stream's `return` is called when the caller leaves or the Context ends. */
export type ServerStreamHandler<In, Out> = (ctx: Context, request: In) => AsyncIterable<Out>;

/** A stream in, one message out. Iterating the stream throws when the caller leaves or the Context ends. */
export type ClientStreamHandler<In, Out> = (ctx: Context, requests: AsyncIterable<In>) => Promise<Out>;

/** Streams both ways; each end may finish first. */
export type BidiStreamHandler<In, Out> = (ctx: Context, requests: AsyncIterable<In>) => AsyncIterable<Out>;

/** The function that answers a method of this kind. */
export type MethodHandler<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? UnaryHandler<MessageShape<I>, MessageInitShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? ServerStreamHandler<MessageShape<I>, MessageInitShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? ClientStreamHandler<MessageShape<I>, MessageInitShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? BidiStreamHandler<MessageShape<I>, MessageInitShape<O>>
          : never;

/** A function for every method of the service, by its local name (`GetRoom` is `getRoom`). */
export type ServiceHandlers<S extends DescService> = {
  readonly [K in keyof S['method']]: MethodHandler<S['method'][K]>;
};

/** What one method has of its own. */
export interface MethodOptions {
  /**
   * The longest a call of it may last, in milliseconds; 0: no limit but the caller's. Default for methods that answer
   * with one message: the service's or server's; for those that answer with a stream: 0.
   */
  readonly timeoutMs?: number;
}

export interface ImplementOptions<S extends DescService = DescService> {
  /** Around every method of the service, the first outermost. Default: none. */
  readonly middleware?: readonly Middleware[];
  /** For methods that answer with one message. Default: the server's. 0: no limit but the caller's. */
  readonly timeoutMs?: number;
  /** Default: none. */
  readonly methods?: { readonly [K in keyof S['method']]?: MethodOptions };
}

/** A service with its handlers, ready for any number of servers. Made by {@link implement}. */
export interface Implementation {
  readonly service: DescService;
  readonly handlers: ReadonlyMap<string, ErasedHandler>;
  readonly options: ImplementOptions;
}

/** A handler whose message types only its descriptor knows. */
export type ErasedHandler = (ctx: Context, input: never) => unknown;

/**
 * Binds handlers to a service of a .proto file. They get decoded messages and return plain objects of the fields.
 *
 *     implement(RoomService, {
 *       async getRoom(ctx, { id }) { return { room: await rooms.read(ctx, id) }; },
 *       async *watchRoom(ctx, { id }) { for await (const event of rooms.events(ctx, id)) yield { event }; },
 *     });
 *
 * Throws a TypeError for a method without a handler and for a time limit that is none.
 */
export function implement<S extends DescService>(
  service: S,
  handlers: ServiceHandlers<S>,
  options: ImplementOptions<S> = {},
): Implementation {
  checkTimeout(`${service.typeName}: timeoutMs`, options.timeoutMs);
  checkMethodNames(`implement ${service.typeName}`, service, options.methods);
  const bound = new Map<string, ErasedHandler>();
  const given = handlers as Readonly<Record<string, ErasedHandler | undefined>>;
  const limits = options.methods as Readonly<Record<string, MethodOptions | undefined>> | undefined;
  for (const method of service.methods) {
    const handler = given[method.localName];
    const name = `${service.typeName}/${method.name}`;
    if (typeof handler !== 'function') {
      throw new TypeError(`implement: ${name} has no handler; give a function named "${method.localName}"`);
    }
    checkTimeout(`${name}: timeoutMs`, limits?.[method.localName]?.timeoutMs);
    bound.set(method.localName, handler.bind(handlers));
  }
  return { service, handlers: bound, options };
}
