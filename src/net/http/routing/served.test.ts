import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { data, type ResponseSchemas } from '../reply/render.ts';
import { jsonRenderer, renderer } from '../reply/renderer.ts';
import { serve } from '../server.fixture.ts';
import { int, oneOf } from './path-constraint.ts';

async function get(url: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') {
  const answer = await fetch(url, { headers, method });
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    allow: answer.headers.get('allow'),
    body: await answer.text(),
  };
}

const room: ResponseSchemas = z.object({ id: z.number(), title: z.string().optional() });

describe('a served route', () => {
  it('is chosen by its constraints, and 404 tells of what none accepts', async () => {
    await using server = await serve((router) => {
      router.get('/rooms/:id', { where: { id: int() } }, (_ctx, req) => `number ${req.params.id}`);
      router.get(
        '/rooms/:kind',
        { where: { kind: oneOf('open', 'closed') } },
        (_ctx, req) => `kind ${req.params.kind}`,
      );
      router.put('/rooms/:id', { where: { id: int() } }, () => undefined);
    });

    assert.equal((await get(`${server.url}/rooms/42`)).body, '"number 42"');
    assert.equal((await get(`${server.url}/rooms/open?x`)).body, '"kind open"');
    assert.equal((await get(`${server.url}/rooms/%34`)).body, '"number 4"');
    assert.equal((await get(`${server.url}/rooms/other`)).status, 404);
    const put = await get(`${server.url}/rooms/open`, {}, 'PUT');
    assert.deepEqual([put.status, put.allow], [405, 'GET, HEAD, OPTIONS']);
  });

  it('sends what its response schema names, and nothing that does not fit it', async () => {
    await using server = await serve((router) => {
      router.get('/room', { response: room }, () => ({ id: 1, title: 'Tea', password: 'hunter2' }));
      router.get('/made', { response: { 201: room } }, async () => data({ id: 1, secret: 2 }, { status: 201 }));
      router.get('/bad', { response: room }, () => ({ id: 'hunter2' }));
      router.get('/none', { response: room }, () => undefined);
    });

    assert.equal((await get(`${server.url}/room`)).body, '{"id":1,"title":"Tea"}');
    const made = await get(`${server.url}/made`);
    assert.deepEqual([made.status, made.body], [201, '{"id":1}']);
    const bad = await get(`${server.url}/bad`);
    assert.deepEqual([bad.status, JSON.parse(bad.body).code], [500, 'internal']);
    assert.doesNotMatch(bad.body, /hunter2|schema/);
    assert.equal((await get(`${server.url}/none`)).status, 204);
  });

  it('sends its values in the form that the client asks for', async () => {
    const lines = renderer('text/x-lines', (value) => `${(value as readonly string[]).join('\n')}\n`);
    let calls = 0;
    await using server = await serve((router) => {
      router.use({ renderers: [jsonRenderer(), lines] });
      router.get('/names', () => ['a', 'b']);
      router.get('/strict', { strictAccept: true }, () => [String(++calls)]);
    });

    assert.deepEqual(Object.values(await get(`${server.url}/names`)).slice(1), ['application/json', null, '["a","b"]']);
    assert.equal((await get(`${server.url}/names`, { accept: 'text/x-lines' })).body, 'a\nb\n');
    assert.equal((await get(`${server.url}/names`, { accept: 'image/png' })).body, '["a","b"]');
    const refused = await get(`${server.url}/strict`, { accept: 'image/png' });
    assert.deepEqual([refused.status, JSON.parse(refused.body).reason, calls], [406, 'NOT_ACCEPTABLE', 0]);
    assert.equal((await get(`${server.url}/strict`, { accept: 'text/*' })).body, '1\n');
  });
});
