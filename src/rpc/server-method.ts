import {
  create,
  type DescMethod,
  type DescService,
  isMessage,
  type Message,
  type MessageInitShape,
} from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type { CallHead, Priority } from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import { MappedSteps } from '../concurrency/steps/mapped-steps.ts';
import { stepsOf } from '../concurrency/steps/steps-of.ts';
import { noTelemetry } from '../observe/index.ts';
import { type CallObserver, callObserver } from '../service/call-observer.ts';
import {
  chain,
  type Handler,
  type MethodInfo,
  type MethodKind,
  type Middleware,
  type Step,
  serverCall,
} from '../service/index.ts';
import { endWithContext } from './end-with-context.ts';
import { Health } from './gen/grpc/health/v1/health_pb.ts';
import type { ErasedHandler, Implementation, MethodOptions } from './implementation.ts';
import { methodContract, timeoutOf } from './method-policy.ts';

/** Messages or streams of messages: what a handler of any kind takes and gives. */
export type Payload = Message | AsyncIterable<Message>;

/** One method of a server, its chain put together. */
export interface ServerMethod {
  /** `/flotilla.test.v1.RoomService/GetRoom` */
  readonly path: string;
  readonly desc: DescMethod;
  readonly info: MethodInfo;
  /** Of the health service: it is let in without being asked, for what probes a server that sheds load must hear of it. */
  readonly isHealth: boolean;
  /** Of its calls that say nothing of theirs. */
  readonly priority: Priority | undefined;
  /** Telemetry, time limit, middleware, handler. Its Context is `callContext`'s. */
  readonly run: Handler<Payload, Payload>;
  /**
   * Of a unary method: middleware and handler, for a transport that enters the Context, ends the call in time, conceals what is
   * thrown and observes the call. What need not wait it gives at once; that is for `messageOf`.
   */
  readonly bare: Step<Payload, unknown>;
  /** What a handler may give, as the message that it means. */
  readonly messageOf: (value: unknown) => Message;
  /** Middleware and handler only: for a call that another transport already observes and bounds. */
  readonly inner: Handler<Payload, Payload>;
  /** For calls that do not go through `run`: those of `bare`, and those that failed before their message reached the chain. */
  readonly observe: CallObserver;
}

/** Puts the chain of every method together, once. */
export function serverMethods(
  { service, handlers, options }: Implementation,
  server: {
    readonly middleware: readonly Middleware[];
    /** Undefined: the server says nothing. */
    readonly timeoutMs: number | undefined;
    readonly fallbackMs: number;
  },
): ServerMethod[] {
  const middleware = [...server.middleware, ...(options.middleware ?? [])];
  const limits = options.methods as Readonly<Record<string, MethodOptions | undefined>> | undefined;
  return service.methods.map((desc) => {
    const contract = methodContract(desc);
    const timeoutMs = timeoutOf(desc, {
      own: limits?.[desc.localName]?.timeoutMs,
      general: options.timeoutMs ?? server.timeoutMs,
      contract,
      fallbackMs: server.fallbackMs,
    });
    const info = methodInfo(desc, 'server', timeoutMs);
    const given = handlers.get(desc.localName) as ErasedHandler;
    const handler = normalized(desc, given);
    const inner = chain(middleware)(handler, info);
    const isHealth = service.typeName === Health.typeName;
    const telemetry = isHealth ? { telemetry: noTelemetry } : {};
    const observed = serverCall(endWithContext(inner), info, [], telemetry);
    return {
      path: methodPath(desc),
      desc,
      info,
      isHealth,
      priority: contract.priority,
      inner,
      run: async (ctx, payload) => observed(ctx, payload),
      bare: middleware.length === 0 ? (given as Step<unknown, unknown>) : inner,
      messageOf: messageOf(desc),
      observe: isHealth ? unobserved : callObserver(info),
    };
  });
}

export function methodPath(desc: DescMethod): string {
  return `/${desc.parent.typeName}/${desc.name}`;
}

export function methodInfo(desc: DescMethod, side: 'server' | 'client', timeoutMs: number): MethodInfo {
  return {
    service: desc.parent.typeName,
    method: desc.name,
    kind: kinds[desc.methodKind],
    side,
    transport: 'rpc',
    idempotent: desc.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN,
    timeoutMs,
  };
}

/** Whether the method answers with one message; a time limit for all methods concerns these. */
export function answersOnce(desc: DescMethod): boolean {
  return desc.methodKind === 'unary' || desc.methodKind === 'client_streaming';
}

const unobserved: CallObserver = () => undefined;

/** The head that admission sees of a call of this method. */
export function headOf(desc: DescMethod, rest: Omit<CallHead, 'service' | 'method'>): CallHead {
  const { sizeBytes, timeoutMs, fields, address, routeKey, peer } = rest;
  const service = desc.parent.typeName;
  // One by one, each of them: a spread costs more than the rest of a small call's head.
  const head: { readonly [K in keyof Required<CallHead>]: CallHead[K] } = {
    service,
    method: desc.name,
    sizeBytes,
    timeoutMs,
    fields,
    address,
    routeKey,
    peer,
  };
  return head;
}

/** Every method of a service description: descriptors know all of them, generated types only the names. */
export function methodsOf(service: DescService): readonly DescMethod[] {
  return service.methods;
}

const kinds: Readonly<Record<DescMethod['methodKind'], MethodKind>> = {
  unary: 'unary',
  server_streaming: 'server_stream',
  client_streaming: 'client_stream',
  bidi_streaming: 'bidi_stream',
};

function messageOf({ output }: DescMethod): (value: unknown) => Message {
  return (value) => (isMessage(value, output) ? value : create(output, value as MessageInitShape<typeof output>));
}

export function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}

/** Turns what the user's function gives into messages of the method's output. */
function normalized(desc: DescMethod, handler: ErasedHandler): Handler<Payload, Payload> {
  const call = handler as (ctx: Context, input: Payload) => unknown;
  const message = messageOf(desc);
  if (answersOnce(desc)) return async (ctx, input) => message(await call(ctx, input));
  return async (ctx, input) => new MappedSteps(stepsOf(call(ctx, input) as AsyncIterable<unknown>), message);
}
