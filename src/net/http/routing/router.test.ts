import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import type { Middleware } from '../../../service/index.ts';
import { rawBytes, streamed } from '../input/body.ts';
import { createRouter, sealRoutes } from './router.ts';

const pass: Middleware = (next) => next;

describe('createRouter', () => {
  it('lists what is registered, groups and mounted routes included, with its middleware outermost first', () => {
    const [a, b, c, d] = [pass, ...[1, 2, 3].map((): Middleware => (next) => next)] as [
      Middleware,
      Middleware,
      Middleware,
      Middleware,
    ];
    const other = createRouter({ middleware: [c] });
    other.delete('/old/:id', { middleware: [d] }, () => undefined);
    const router = createRouter({ middleware: [a] });
    router.get('/', () => undefined);
    const admin = router.group('/admin', { middleware: [b] });
    admin.get('/', () => undefined);
    admin.group('/v1').route('PATCH', '/rooms/:id', () => undefined);
    admin.mount(other);

    const listed = router.routes.map(({ method, path, middleware }) => [method, path, middleware]);

    assert.deepEqual(listed, [
      ['GET', '/', [a]],
      ['GET', '/admin', [a, b]],
      ['PATCH', '/admin/v1/rooms/:id', [a, b]],
      ['DELETE', '/admin/old/:id', [a, b, c, d]],
    ]);
    assert.deepEqual(
      other.routes.map(({ path }) => path),
      ['/old/:id'],
    );
  });

  it('groups without a prefix, for middleware alone', () => {
    const router = createRouter();

    router.group('', { middleware: [pass] }).get('/rooms', () => undefined);

    assert.deepEqual(
      router.routes.map(({ path }) => path),
      ['/rooms'],
    );
  });

  it('refuses at registration what could not be served', () => {
    const router = createRouter();
    router.get('/rooms/:id', () => undefined);

    assert.throws(
      () => router.get('/rooms/:name', () => undefined),
      /GET \/rooms\/:name conflicts with GET \/rooms\/:id/,
    );
    assert.throws(() => router.get('rooms', () => undefined), /must start with/);
    assert.throws(() => router.group('/admin/'), /the prefix "\/admin\/" must start with/);
    assert.throws(() => router.get('/a', { timeoutMs: -1 }, () => undefined), /GET \/a: timeoutMs -1/);
    assert.throws(() => router.get('/a', { maxBodyBytes: Number.NaN }, () => undefined), /GET \/a: maxBodyBytes NaN/);
    // @ts-expect-error a handler is a function
    assert.throws(() => router.get('/a', 'text'), /GET \/a: the handler is not a function/);
  });

  it('takes no route once a server uses it', () => {
    const router = createRouter();
    const group = router.group('/v1');
    sealRoutes(router);

    assert.throws(() => group.get('/rooms', () => undefined), /the server has started; register all routes before/);
  });

  it('infers the types of a request from the path and the options', () => {
    const router = createRouter();
    const room = z.object({ title: z.string() });

    router.get('/:tenant/rooms/:id:close', (_ctx, req) => {
      const { tenant, id }: { tenant: string; id: string } = req.params;
      const nothing: undefined = req.body;
      // @ts-expect-error the path has no such parameter
      return [tenant, id, nothing, req.params.other];
    });
    router.post('/rooms/:id', { body: room, query: z.object({ page: z.coerce.number() }) }, (_ctx, req) => {
      const title: string = req.body.title;
      const page: number = req.query.page;
      const id: string = req.params.id;
      const agent: string | undefined = req.headers['user-agent'];
      // @ts-expect-error the schema has no such field
      return [title, page, id, agent, req.body.other];
    });
    router.put(
      '/rooms/:id',
      { params: z.object({ id: z.coerce.number() }), headers: z.object({ etag: z.string() }) },
      (_ctx, req) => {
        const id: number = req.params.id;
        const etag: string = req.headers.etag;
        return [id, etag];
      },
    );
    router.put('/a', { body: rawBytes() }, (_ctx, req) => req.body.byteLength);
    router.put('/b', { body: streamed() }, (_ctx, req) => req.body[Symbol.asyncIterator]);
    router.group('/t/:tenant').get('/x', { timeoutMs: 5 }, (_ctx, req) => req.params.tenant.length);
    const dynamic: string = '/any/:thing';
    router.get(dynamic, (_ctx, req) => req.params.thing?.length);

    assert.equal(router.routes.length, 7);
  });
});
