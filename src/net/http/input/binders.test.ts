import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { StatusError } from '../../../errors/index.ts';
import type { HttpRequest } from '../request.ts';
import type { Router } from '../routing/router.ts';
import { serve } from '../server.fixture.ts';
import { type Binder, binder, jsonBody } from './binder.ts';
import { rawJson } from './body.ts';
import { form } from './form.ts';
import { formParts, multipart, type UploadedFile } from './multipart/multipart.ts';

const lines: Binder = binder({
  contentType: 'text/x-lines',
  parse: async (bytes, request) => {
    const text = Buffer.from(bytes).toString();
    if (text.includes('\r')) throw new StatusError('invalid_argument', 'no CR', { reason: 'BAD_LINES' });
    return { title: text.split('\n')[0], method: request.method };
  },
});
const title = z.object({ title: z.string().min(1) }).loose();
const echo = (_ctx: unknown, req: HttpRequest<unknown, unknown, unknown, unknown>) => ({ body: req.body ?? 'nothing' });

async function post(url: string, type: string | undefined, body: string | FormData | Uint8Array, headers = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? Buffer.from(body) : (body as FormData),
    headers: { ...(type !== undefined && { 'content-type': type }), ...headers },
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

function define(router: Router): void {
  router.post('/json', { body: title.optional() }, echo);
  router.post('/any', { body: title, binders: [jsonBody(), form({ maxFields: 3 }), lines] }, echo);
  router.post('/raw', { body: rawJson() }, echo);
  router.post('/form', { body: title, binders: [form()] }, echo);
}

describe('binders', () => {
  const table: readonly [path: string, type: string | undefined, body: string, status: number, expected: unknown][] = [
    ['/json', 'application/json', '{"title":"x"}', 200, { title: 'x' }],
    ['/json', 'application/problem+json;charset=utf-8', '{"title":"x"}', 200, { title: 'x' }],
    ['/json', 'application/json', '', 200, 'nothing'],
    ['/json', undefined, '', 200, 'nothing'],
    ['/json', 'application/x-www-form-urlencoded', 'title=x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['/json', 'application/jsonp', '{"title":"x"}', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['/json', 'application/json; a', '{"title":"x"}', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['/any', 'application/json', '{"title":"x"}', 200, { title: 'x' }],
    [
      '/any',
      'application/x-www-form-urlencoded',
      'title=two+words&a=1&a=2',
      200,
      { title: 'two words', a: ['1', '2'] },
    ],
    ['/any', 'application/x-www-form-urlencoded', 'title=', 400, 'INVALID_INPUT'],
    ['/any', 'application/x-www-form-urlencoded', 'a=1&b=2&c=3&d=4', 413, 'BODY_TOO_LARGE'],
    ['/any', 'application/x-www-form-urlencoded; charset=latin1', 'title=x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['/any', 'text/x-lines', 'first\nsecond', 200, { title: 'first', method: 'POST' }],
    ['/any', 'text/x-lines', 'first\r\n', 400, 'BAD_LINES'],
    ['/any', 'text/plain', 'x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['/raw', 'application/json', '[1]', 200, [1]],
    ['/raw', 'text/plain', '[1]', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['/form', 'application/x-www-form-urlencoded', 'title=x', 200, { title: 'x' }],
    ['/form', 'application/json', '{"title":"x"}', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ];
  it('are chosen by the content type, and make what the schema checks', async () => {
    await using server = await serve(define);

    for (const [path, type, body, status, expected] of table) {
      const answer = await post(server.url + path, type, body);
      assert.deepEqual(
        [answer.status, answer.body.body ?? answer.body.reason],
        [status, expected],
        `${path} ${type} ${body}`,
      );
    }
    const encoded = await post(`${server.url}/any`, 'application/json', '{"title":"x"}', {
      'content-encoding': 'gzip',
    });
    assert.equal(encoded.body.reason, 'UNSUPPORTED_MEDIA_TYPE');
    const foreign = await post(`${server.url}/any`, 'text/plain', 'x');
    assert.match(
      foreign.body.message,
      /must be one of application\/json, .*, text\/x-lines in UTF-8; it is "text\/plain"/,
    );
  });

  it('are refused at registration where they contradict each other', async () => {
    assert.throws(() => binder({ contentType: 'text', parse: () => 1 }), /"text" is not a content type/);
    assert.throws(() => binder({ contentType: 'Text/plain', parse: () => 1 }), /in lower case/);
    await assert.rejects(
      serve((router) => router.post('/', { body: title, binders: [jsonBody(), jsonBody()] }, echo)),
      /two of them read application\/json/,
    );
    await assert.rejects(
      serve((router) => router.post('/', { body: title, binders: [] }, echo)),
      /name at least one/,
    );
  });
});

describe('multipart', () => {
  const bounds = { maxFiles: 2, maxFieldBytes: 100, maxFileBytes: 1000 };
  const upload = z.object({ title: z.string(), photo: z.unknown().optional() });

  function defineUploads(router: Router): void {
    router.post('/upload', { body: upload, binders: [multipart(bounds)], maxBodyBytes: 10_000 }, (_ctx, req) => {
      const files = [req.body.photo ?? []].flat() as UploadedFile[];
      return { body: [req.body.title, ...files.map((file) => [file.filename, file.contentType, file.bytes.length])] };
    });
    router.post('/parts', { body: formParts(bounds), maxBodyBytes: 10_000 }, async (_ctx, req) => {
      const seen: unknown[] = [];
      for await (const part of req.body) {
        if (part.name === 'skip') continue;
        if (part.name === 'stop') break;
        seen.push([part.name, part.filename ?? 'field', (await part.text()).length]);
      }
      return { body: seen };
    });
  }

  function formData(fields: Readonly<Record<string, string | Blob>>): FormData {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.append(name, value);
    return data;
  }

  it('gives fields and files to the schema', async () => {
    await using server = await serve(defineUploads);
    const data = formData({
      title: 'Tea\r\n--',
      photo: new File(['x'.repeat(900)], 'a "b".png', { type: 'image/png' }),
    });

    const one = await post(`${server.url}/upload`, undefined, data);
    data.append('photo', new File(['é'], '名.txt'));
    const two = await post(`${server.url}/upload`, undefined, data);

    assert.deepEqual(one.body.body, ['Tea\r\n--', ['a "b".png', 'image/png', 900]]);
    assert.deepEqual(two.body.body.slice(2), [['名.txt', 'application/octet-stream', 2]]);
  });

  it('gives the parts as they arrive to a handler that asks for them', async () => {
    await using server = await serve(defineUploads);
    const file = (size: number) => new File(['x'.repeat(size)], 'x');

    const all = await post(
      `${server.url}/parts`,
      undefined,
      formData({ a: '1', skip: file(900), b: file(5), c: '22' }),
    );
    const some = await post(`${server.url}/parts`, undefined, formData({ a: '1', stop: '2', b: '3' }));

    assert.deepEqual(all.body.body, [
      ['a', 'field', 1],
      ['b', 'x', 5],
      ['c', 'field', 2],
    ]);
    assert.deepEqual(some.body.body, [['a', 'field', 1]]);
  });

  it('leaves out a file input where no file was chosen', async () => {
    await using server = await serve(defineUploads);
    const body =
      '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name="photo"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--b--';

    const answer = await post(`${server.url}/upload`, 'multipart/form-data; boundary=b', body);

    assert.deepEqual(answer.body.body, ['x']);
  });

  it('refuses what exceeds its bounds, and what is no form', async () => {
    await using server = await serve(defineUploads);
    const file = (size: number) => new File(['x'.repeat(size)], 'x');
    const table: readonly [data: FormData | string, type: string | undefined, status: number, why: RegExp][] = [
      [formData({ title: 'x'.repeat(101) }), undefined, 413, /the part "title" of the form is larger than 100 bytes/],
      [formData({ photo: file(1001) }), undefined, 413, /larger than 1000 bytes/],
      [formData({ a: file(1), b: file(1), c: file(1) }), undefined, 413, /more than 2 files/],
      [
        formData(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`f${i}`, ''] as const))),
        undefined,
        413,
        /than/,
      ],
      [formData({ ['__proto__']: 'x' }), undefined, 400, /"__proto__"/],
      ['--b--', 'multipart/form-data', 400, /no boundary/],
      ['--b--', `multipart/form-data; boundary=${'b'.repeat(71)}`, 400, /no boundary/],
      ['--b--', 'multipart/form-data; boundary="b "', 400, /no boundary/],
      ['--b--', 'multipart/mixed; boundary=b', 415, /must be multipart\/form-data/],
      ['--b', 'multipart/form-data; boundary=b', 400, /ends before its last boundary/],
    ];

    for (const path of ['/upload', '/parts']) {
      for (const [data, type, status, why] of table) {
        if (path === '/parts' && data instanceof FormData && data.has('__proto__')) continue;
        const answer = await post(server.url + path, type, data);
        assert.equal(answer.status, status, `${path} ${why}: ${JSON.stringify(answer.body)}`);
        assert.match(answer.body.message, why);
      }
    }
  });

  it('refuses bounds that are none', () => assert.throws(() => multipart({ maxFiles: -1 }), /maxFiles is -1/));
});
