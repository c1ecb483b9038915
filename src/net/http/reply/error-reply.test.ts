import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBody, StatusError } from '../../../errors/index.ts';
import { HttpErrors } from '../http-errors.ts';
import { RawClient, serve } from '../server.fixture.ts';
import { errorReply } from './error-reply.ts';

describe('errorReply', () => {
  it('says in a header of its own what HTTP has one for', () => {
    const error = HttpErrors.METHOD_NOT_ALLOWED('not so', { metadata: { allow: 'GET, HEAD' } });

    assert.deepEqual(errorReply(error).headers, ['content-type', 'application/json', 'allow', 'GET, HEAD']);
  });

  for (const reason of ['constructor', 'toString', '__proto__']) {
    it(`knows no header for the reason ${reason} of another server's error`, () => {
      const metadata = { undefined: 'x', '': 'x' };

      const { headers } = errorReply(new StatusError('internal', 'no', { domain: 'flotilla', reason, metadata }));

      assert.deepEqual(headers, ['content-type', 'application/json']);
    });
  }

  for (const allow of ['GET\r\nset-cookie: a=b', 'GET\n', 'GET\0', '名']) {
    it(`leaves out the header that another server's error would make of ${JSON.stringify(allow)}`, async () => {
      const body = { code: 'unimplemented', reason: 'METHOD_NOT_ALLOWED', domain: 'flotilla', metadata: { allow } };
      await using server = await serve((router) =>
        router.get('/', () => {
          throw fromBody(body, 405);
        }),
      );
      using client = new RawClient(server.port);

      const answer = await client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n').answer();

      assert.equal(answer.status, 405);
      assert.deepEqual([answer.headers.allow, answer.headers['set-cookie']], [undefined, undefined]);
    });
  }
});
