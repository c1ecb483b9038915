import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, type MessageInitShape, setExtension } from '@bufbuild/protobuf';
import { MethodOptionsSchema } from '@bufbuild/protobuf/wkt';
import { type Priority, withFields } from '../call/index.ts';
import { background, type Context, rootContext } from '../concurrency/index.ts';
import { staticResolver } from '../discovery/index.ts';
import { StatusError } from '../errors/index.ts';
import { tcpListener } from '../net/tcp/index.ts';
import { virtualClock } from '../testing/index.ts';
import { createRpcClient, type RpcClientOptions } from './client.ts';
import { MethodPolicySchema, method as policyOption } from './gen/flotilla/v1/options_pb.ts';
import { type ImplementOptions, implement } from './implementation.ts';
import { methodContract, timeoutOf } from './method-policy.ts';
import { createRpcServer, type RpcServerOptions } from './server.ts';
import { inTime } from './testdata/calls.ts';
import { RoomService, SearchService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

const { notExposed, search } = SearchService.method;

describe('the contract of a method', () => {
  test('is what the .proto file says of it', () => {
    assert.deepEqual(methodContract(notExposed), {
      timeoutMs: 300,
      priority: 'sheddable',
      guard: { hedge: true, retry: { maxAttempts: 1 } },
    });
    assert.deepEqual(methodContract(search), { timeoutMs: undefined, priority: undefined, guard: {} });
  });

  const wrong: [what: string, policy: MessageInitShape<typeof MethodPolicySchema>, message: RegExp][] = [
    ['no attempt', { maxAttempts: 0 }, /Search: option \(flotilla\.v1\.method\)\.max_attempts is 0; give 1 to 10/],
    ['too many attempts', { maxAttempts: 11 }, /max_attempts is 11; give 1 to 10/],
    ['hedges of what is not idempotent', { hedge: true }, /UpdateShelf: .*\.hedge: two servers would run it/],
  ];
  for (const [what, policy, message] of wrong) {
    test(`is refused for ${what}`, () => {
      const options = create(MethodOptionsSchema);
      setExtension(options, policyOption, create(MethodPolicySchema, policy));
      const desc = policy.hedge === true ? SearchService.method.updateShelf : search;

      assert.throws(() => methodContract({ ...desc, proto: { ...desc.proto, options } }), message);
    });
  }

  const contract = methodContract(notExposed);
  const none = methodContract(search);
  const limits: [title: string, limits: Parameters<typeof timeoutOf>[1], once: number, stream: number][] = [
    ['the method’s own', { own: 1, general: 2, contract, fallbackMs: 4 }, 1, 1],
    ['that of all methods', { own: undefined, general: 2, contract, fallbackMs: 4 }, 2, 300],
    ['the contract’s', { own: undefined, general: undefined, contract, fallbackMs: 4 }, 300, 300],
    ['the default', { own: undefined, general: undefined, contract: none, fallbackMs: 4 }, 4, 0],
    ['none, where the code says so', { own: 0, general: 2, contract, fallbackMs: 4 }, 0, 0],
  ];
  for (const [title, given, once, stream] of limits) {
    test(`gives its place among time limits: ${title}`, () => {
      assert.equal(timeoutOf(notExposed, given), once);
      assert.equal(timeoutOf(RoomService.method.watchRoom, given), stream);
    });
  }
});

interface Options {
  readonly service?: ImplementOptions<typeof SearchService>;
  readonly server?: Partial<RpcServerOptions>;
  readonly client?: Partial<RpcClientOptions<typeof SearchService>>;
  readonly answer?: (ctx: Context) => Promise<object>;
}

/** What a server sees of one call of the method with a contract. */
async function called(ctx: Context, { service, server, client, answer = async () => ({}) }: Options = {}) {
  const seen: { priority: Priority; timeoutMs: number | undefined; leftMs: number }[] = [];
  const heads: { priority: Priority; timeoutMs: number | undefined }[] = [];
  const own = implement(
    SearchService,
    {
      search: () => ({}),
      updateShelf: () => ({}),
      readFile: () => ({}),
      purge: () => ({}),
      notExposed(handling) {
        seen.push({ ...heads.at(-1)!, leftMs: handling.remainingMs() });
        return answer(handling);
      },
    },
    service,
  );
  const running = createRpcServer({
    name: 'search',
    listener: tcpListener({ port: 0 }),
    services: [own],
    admit(head) {
      heads.push({ priority: head.fields.priority, timeoutMs: head.timeoutMs });
      return { admitted: true, done() {} };
    },
    // On a busy machine it would take part, and the time limit, too: the clock stands still.
    guard: false,
    ...server,
  });
  const [endpoint] = await running.start(rootContext(ctx.clock));
  const resolver = staticResolver({ search: [endpoint?.url ?? ''] });
  const caller = createRpcClient(SearchService, { target: 'search', resolver, ...client });
  const error = await caller.notExposed(ctx, {}).then(
    () => undefined,
    (thrown: StatusError) => thrown,
  );
  caller[Symbol.dispose]();
  await running.stop(background().withTimeout(0));
  return { seen, error };
}

describe('a method with a contract', inTime, () => {
  const ctx = rootContext(virtualClock());

  test('is called with its time limit and priority, where nothing else is said', async () => {
    const { seen } = await called(ctx);

    assert.equal(seen[0]?.priority, 'sheddable');
    assert.ok(Number(seen[0]?.timeoutMs) <= 300);
  });

  test('is called as the code and the caller say, where they do', async () => {
    const { seen } = await called(withFields(ctx, { priority: 'critical' }), {
      client: { methods: { notExposed: { timeoutMs: 0 } } },
      service: { methods: { notExposed: { timeoutMs: 60_000 } } },
    });

    assert.deepEqual([seen[0]?.priority, seen[0]?.timeoutMs], ['critical', undefined]);
    assert.ok(Number(seen[0]?.leftMs) > 300);
  });

  test('is limited by the server, and of its priority there, when the client does not know the contract', async () => {
    const { seen } = await called(ctx, {
      client: {
        timeoutMs: 0,
        middleware: [(next) => (inner, input) => next(withFields(inner, { priority: 'default' }), input)],
      },
    });

    assert.deepEqual([seen[0]?.priority, seen[0]?.timeoutMs], ['sheddable', undefined]);
    assert.ok(Number(seen[0]?.leftMs) <= 300);
  });

  test('is tried as often as it says, and as the code says where it does', async () => {
    const answer = async () => {
      throw new StatusError('unavailable', 'gone');
    };

    const contract = await called(ctx, { answer });
    const methods = { notExposed: { retry: { maxAttempts: 2 } } };
    const code = await called(ctx, { answer, client: { guard: { random: () => 0 }, methods } });

    assert.deepEqual([contract.seen.length, code.seen.length], [1, 2]);
    assert.equal(contract.error?.code, 'unavailable');
  });
});
