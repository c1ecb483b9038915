import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { metadataOf, setHeaders, setTrailers } from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import { createRouter, text } from '../net/http/index.ts';
import { inTime, root, TestErrors } from './testdata/calls.ts';
import { networkFixture } from './testdata/fixture.ts';

const told = (ctx: Context) => {
  setHeaders(ctx, { 'x-head': metadataOf(ctx).get('x-key') ?? '', 'set-cookie': ['a=1', 'b=2'] });
  setTrailers(ctx, { 'x-tail': '7' });
};

function headersOf({ headers }: Response) {
  return [headers.get('x-head'), headers.get('trailer-x-tail'), headers.getSetCookie()];
}

describe('metadata over plain HTTP', inTime, () => {
  test('of a transcoded call are headers, also of its error', async () => {
    await using fixture = await networkFixture({
      server: { transcode: true },
      handlers: {
        async getRoom(ctx, { id }) {
          told(ctx);
          if (id === '8') throw TestErrors.ROOM_CLOSED('room 8 is closed');
          return {};
        },
        async *watchRoom(ctx) {
          told(ctx);
          yield {};
        },
      },
    });
    const init = { headers: { 'X-Key': 'mine' } };

    const whole = await fetch(`${fixture.url}/v1/rooms/7`, init);
    const failed = await fetch(`${fixture.url}/v1/rooms/8`, init);

    assert.deepEqual([whole.status, ...headersOf(whole)], [200, 'mine', '7', ['a=1', 'b=2']]);
    assert.deepEqual([failed.status, ...headersOf(failed)], [400, 'mine', '7', ['a=1', 'b=2']]);
  });

  test('of a route of one’s own are the same, and none can be set when the head is out', async () => {
    const seen: boolean[] = [];
    const router = createRouter();
    router.get('/plain', (ctx) => {
      told(ctx);
      ctx.onDone(() => seen.push(setHeaders(ctx, { late: 'x' }), setTrailers(ctx, { late: 'x' })));
      return text('plain');
    });
    await using fixture = await networkFixture({ server: { http: router } });

    const answer = await fetch(`${fixture.url}/plain`, { headers: { 'x-key': 'mine' } });

    assert.deepEqual([await answer.text(), ...headersOf(answer)], ['plain', 'mine', '7', ['a=1', 'b=2']]);
    await fixture.stop(root);
    assert.deepEqual(seen, [false, false]);
  });

  test('of Connect over HTTP/1.1 keep cookies apart', async () => {
    await using fixture = await networkFixture({
      handlers: {
        async getRoom(ctx) {
          told(ctx);
          return {};
        },
      },
    });
    const init = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', 'x-key': 'mine' } };

    const answer = await fetch(`${fixture.url}/flotilla.test.v1.RoomService/GetRoom`, init);

    assert.deepEqual([answer.status, ...headersOf(answer)], [200, 'mine', '7', ['a=1', 'b=2']]);
  });
});
