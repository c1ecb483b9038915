import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { background, type Context, until } from 'flotilla/concurrency';
import { StatusError } from 'flotilla/errors';
import { GetAccountResponseSchema } from './gen/live/account/v1/account_pb.ts';
import { AccountNames } from './names.ts';

const ctx = background();

/** An account service that answers when it is told to. */
function setUp() {
  const calls: PromiseWithResolvers<string>[] = [];
  const names = new AccountNames({
    async getAccount(own: Context, { id = '' }) {
      const call = Promise.withResolvers<string>();
      calls.push(call);
      const name = await until(own, call.promise);
      return create(GetAccountResponseSchema, { account: { id, name } });
    },
  });
  return { calls, names };
}

describe('AccountNames', () => {
  it('asks once for a name, however many want it and when', async () => {
    const { calls, names } = setUp();

    const asked = [1, 2, 3].map(() => names.nameOf(ctx, 'acme', 'a'));
    calls[0]?.resolve('Ann');

    assert.deepEqual(await Promise.all(asked), ['Ann', 'Ann', 'Ann']);
    assert.equal(await names.nameOf(ctx, 'acme', 'a'), 'Ann');
    assert.equal(calls.length, 1);
  });

  it('keeps tenants apart', async () => {
    const { calls, names } = setUp();

    const asked = [names.nameOf(ctx, 'acme', 'a'), names.nameOf(ctx, 'other', 'a')];
    calls[0]?.resolve('Ann');
    calls[1]?.resolve('Amy');

    assert.deepEqual(await Promise.all(asked), ['Ann', 'Amy']);
  });

  it('asks again after a failure', async () => {
    const { calls, names } = setUp();
    const failed = names.nameOf(ctx, 'acme', 'a');
    calls[0]?.reject(new StatusError('unavailable', 'away'));
    await assert.rejects(failed, { code: 'unavailable' });

    const asked = names.nameOf(ctx, 'acme', 'a');
    calls[1]?.resolve('Ann');

    assert.equal(await asked, 'Ann');
  });

  it('goes on with a question for the others when the one that asked has no time left', async () => {
    const { calls, names } = setUp();
    const hasty = ctx.withCancel();
    const first = names.nameOf(hasty, 'acme', 'a');
    const second = names.nameOf(ctx, 'acme', 'a');

    hasty.cancel();
    await assert.rejects(first, { code: 'canceled' });
    calls[0]?.resolve('Ann');

    assert.equal(await second, 'Ann');
    assert.equal(calls.length, 1);
  });
});
