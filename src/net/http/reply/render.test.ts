import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { as } from '../../../errors/index.ts';
import type { HttpRequestHead } from '../request.ts';
import { acceptChecker, compileRender, data, type RenderOptions } from './render.ts';
import { jsonRenderer, type Renderer, renderer } from './renderer.ts';

const csv: Renderer = renderer('text/csv; charset=utf-8', (value) =>
  (value as readonly object[]).map((row) => `${Object.values(row).join(',')}\n`).join(''),
);
const room = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] };

function asking(accept?: string): HttpRequestHead {
  return { header: (name: string) => (name === 'accept' ? accept : undefined) } as HttpRequestHead;
}

function shown(options: RenderOptions, value: unknown, accept?: string) {
  const { status, headers, content } = compileRender(options)(asking(accept), value);
  return [status, headers, content.kind === 'whole' ? content.data : content.kind];
}

const asJson = ['content-type', 'application/json'];

describe('compileRender', () => {
  it('sends values as JSON where a route says nothing', () => {
    assert.deepEqual(shown({}, { id: '1', more: 2 }), [200, asJson, '{"id":"1","more":2}']);
    assert.deepEqual(shown({}, data([1], { status: 201 })), [201, asJson, '[1]']);
    assert.throws(() => shown({}, () => 1), /a function cannot be sent as JSON/);
    assert.throws(() => data(undefined), /for no body answer empty/);
  });

  it('picks by the schema of the status', () => {
    const response = { 200: room, 202: z.object({ job: z.number() }), default: { type: 'null' } };

    assert.deepEqual(shown({ response: room }, { id: '1', more: 2 }), [200, asJson, '{"id":"1"}']);
    assert.deepEqual(shown({ response }, { id: '1', more: 2 }), [200, asJson, '{"id":"1"}']);
    assert.deepEqual(shown({ response }, data({ job: 7, more: 2 }, { status: 202 })), [202, asJson, '{"job":7}']);
    assert.throws(() => shown({ response }, data({ id: '1' }, { status: 201 })), /body is an object, not null/);
    assert.throws(
      () => shown({ response: { 200: room } }, data({ id: '1' }, { status: 201 })),
      /no response schema for the status 201/,
    );
    assert.throws(() => shown({ response: room }, { id: 1 }), /body\.id is a number, not a string/);
  });

  const table: readonly [accept: string | undefined, type: string][] = [
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['text/csv', 'text/csv; charset=utf-8'],
    ['text/*;q=0.5, application/json;q=0.1', 'text/csv; charset=utf-8'],
    ['image/png', 'application/json'],
    ['', 'application/json'],
  ];
  for (const [accept, type] of table) {
    it(`answers Accept: ${accept} with ${type}`, () => {
      const render = compileRender({ renderers: [jsonRenderer(), csv] });

      for (let again = 0; again < 2; again++) {
        const { headers } = render(asking(accept), [{ a: 1 }]);
        assert.deepEqual(headers, ['vary', 'accept', 'content-type', type]);
      }
    });
  }

  it('gives a renderer what the schema picks', () => {
    const response = { type: 'array', items: room };

    const [, , body] = shown({ renderers: [csv], response }, [{ id: '1', secret: 2 }]);

    assert.equal(body, '1\n');
  });

  it('adds to what the answer varies by, and keeps its headers', () => {
    const renderers = [csv, jsonRenderer()];
    const headers = { Vary: 'cookie', etag: '"1"', 'content-type': 'text/plain' };

    const [status, list] = shown({ renderers }, data([], { status: 203, headers }));
    const [, alone] = shown({ renderers: [csv] }, []);

    assert.deepEqual([status, list], [203, ['etag', '"1"', 'content-type', 'text/plain', 'vary', 'cookie, accept']]);
    assert.deepEqual(alone, ['content-type', 'text/csv; charset=utf-8']);
  });

  it('refuses what it cannot make, if it is strict', () => {
    const renderers = [jsonRenderer(), csv];
    const check = acceptChecker({ renderers, strictAccept: true });

    assert.throws(
      () => check?.(asking('image/png')),
      (error) => as(error)?.reason === 'NOT_ACCEPTABLE' && /only application\/json, text\/csv/.test(String(error)),
    );
    check?.(asking('text/csv'));
    check?.(asking(undefined));
    assert.throws(() => acceptChecker({ strictAccept: true })?.(asking('text/csv')), /only application\/json/);
    assert.equal(acceptChecker({ renderers }), undefined);
  });

  it('refuses renderers that contradict each other', () => {
    assert.throws(() => compileRender({ renderers: [] }), /name at least one/);
    assert.throws(() => compileRender({ renderers: [csv, csv] }), /two of them make text\/csv/);
    assert.throws(() => renderer('csv', String), /"csv" is not a content type/);
    assert.throws(() => renderer('text/csv\r\nx: y', String), /is not a content type/);
  });
});
