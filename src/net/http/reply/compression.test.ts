import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { constants, createGunzip } from 'node:zlib';
import { noise } from '../files/folder.fixture.ts';
import { decoders, rawGet } from '../raw-get.fixture.ts';
import type { Router } from '../routing/router.ts';
import { gate, RawClient, serve } from '../server.fixture.ts';
import { type CompressionOptions, compression } from './compression.ts';
import { bytes, empty, events, type HttpReply, html, json, sized, stream, text } from './reply.ts';

const words = 'a text that says the same again and again; ';
const long = words.repeat(1000);
const all = { 'accept-encoding': 'gzip, deflate, br, zstd' };

function start(define: (router: Router) => void, options: CompressionOptions = {}) {
  return serve(define, { compression: compression(options) });
}

/** A server that answers one thing at `/`. */
function answering(reply: () => HttpReply, options: CompressionOptions = {}) {
  return start((router) => router.get('/', { timeoutMs: 0 }, reply), options);
}

async function* chunks(...list: readonly (string | Uint8Array)[]) {
  yield* list;
}

describe('compression of bodies that are at hand', () => {
  for (const [accept, coding] of [
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['zstd;q=0.1, gzip;q=0.2', 'gzip'],
  ] as const) {
    for (const size of [1024, 10_000, 200_000]) {
      it(`sends ${size} characters in ${coding} to who takes ${accept}`, async () => {
        const body = `é${long.repeat(5)}`.slice(0, size);
        await using server = await answering(() => text(body));

        const got = await rawGet(server.port, '/', { 'accept-encoding': accept });

        assert.equal(got.headers.get('content-encoding'), coding);
        assert.equal(got.headers.get('vary'), 'accept-encoding');
        assert.equal(got.headers.get('content-length'), String(got.body.length));
        assert.equal((await decoders[coding](got.body)).toString(), body);
        assert.ok(got.body.length < size / 2);
      });
    }
  }

  const asIs: readonly [what: string, reply: () => HttpReply, headers: Record<string, string>, vary: string | null][] =
    [
      ['to who takes nothing', () => text(long), {}, 'accept-encoding'],
      ['to who refuses', () => text(long), { 'accept-encoding': 'gzip;q=0, identity' }, 'accept-encoding'],
      ['to who takes something else', () => text(long), { 'accept-encoding': 'deflate' }, 'accept-encoding'],
      ['if it is short', () => text('x'.repeat(1023)), all, null],
      ['if it is of a type that does not get smaller', () => bytes(Buffer.from(long)), all, null],
      [
        'if it does not get smaller',
        () => bytes(noise(2000), { headers: { 'content-type': 'text/plain' } }),
        all,
        'accept-encoding',
      ],
      [
        'if it is encoded',
        () => bytes(Buffer.from(long), { headers: { 'content-type': 'text/plain', 'content-encoding': 'x' } }),
        all,
        null,
      ],
      ['with no-transform', () => text(long, { headers: { 'cache-control': 'max-age=1, no-transform' } }), all, null],
      ['with a digest', () => text(long, { headers: { 'repr-digest': 'sha-256=:x:' } }), all, null],
      ['if it is a part', () => text(long, { status: 206, headers: { 'content-range': 'bytes 0-1/2' } }), all, null],
      ['if it is nothing', () => empty(), all, null],
    ];
  for (const [what, reply, headers, vary] of asIs) {
    it(`sends a body as it is ${what}`, async () => {
      await using server = await answering(reply);

      const got = await rawGet(server.port, '/', headers);

      assert.deepEqual(
        [got.headers.get('content-encoding') ?? '', got.headers.get('vary')],
        [what === 'if it is encoded' ? 'x' : '', vary],
      );
    });
  }

  it('is off unless it is asked for, and for a route that says so', async () => {
    const define = (router: Router) => {
      router.get('/', () => text(long));
      router.get('/secret', { compression: false }, () => text(long));
      router.get('/own', { compression: compression({ codings: ['gzip'] }) }, () => text(long));
    };
    await using without = await serve(define);
    await using server = await start(define);

    const codings = await Promise.all([
      rawGet(without.port, '/', all),
      rawGet(without.port, '/own', all),
      rawGet(server.port, '/', all),
      rawGet(server.port, '/secret', all),
      rawGet(server.port, '/own', all),
    ]);

    assert.deepEqual(
      codings.map(({ headers }) => headers.get('content-encoding')),
      [null, 'gzip', 'zstd', null, 'gzip'],
    );
  });

  it('makes a strong tag weak, leaves a weak one, takes the ranges back and adds to Vary', async () => {
    await using server = await start((router) => {
      router.get('/strong', () => html(long, { headers: { etag: '"a"', vary: 'origin', 'accept-ranges': 'bytes' } }));
      router.get('/weak', () => html(long, { headers: { etag: 'W/"a"', vary: 'Accept-Encoding, origin' } }));
      router.get('/any', () => html(long, { headers: { vary: '*' } }));
    });

    const got = await Promise.all(['/strong', '/weak', '/any'].map((path) => rawGet(server.port, path, all)));
    const plain = await rawGet(server.port, '/strong');

    assert.deepEqual(
      got.map(({ headers }) => [headers.get('etag'), headers.get('vary'), headers.get('accept-ranges')]),
      [
        ['W/"a"', 'origin, accept-encoding', null],
        ['W/"a"', 'Accept-Encoding, origin', null],
        [null, '*', null],
      ],
    );
    assert.deepEqual([plain.headers.get('etag'), plain.headers.get('vary')], ['"a"', 'origin, accept-encoding']);
  });

  it('says to HEAD what it would say to GET, but for the length that is not known', async () => {
    await using server = await start((router) => {
      router.get('/', () => text(long));
      router.get('/stream', () => stream(chunks(long), { headers: { 'content-type': 'text/plain' } }));
    });

    const heads = await Promise.all(['/', '/stream'].map((path) => rawGet(server.port, path, all, 'HEAD')));
    const plain = await rawGet(server.port, '/', {}, 'HEAD');

    for (const head of heads) {
      assert.deepEqual(
        [head.headers.get('content-encoding'), head.headers.get('content-length'), head.body.length],
        ['zstd', null, 0],
      );
    }
    assert.deepEqual([plain.headers.get('content-length'), plain.headers.get('vary')], ['43000', 'accept-encoding']);
  });

  it('sends bodies as they are while it compresses as many as it may', async () => {
    await using server = await answering(() => text(long), { maxConcurrent: 0 });

    const got = await rawGet(server.port, '/', all);

    assert.deepEqual([got.headers.get('content-encoding'), got.body.length], [null, long.length]);
  });

  it('compresses again when there is room again', async () => {
    await using server = await answering(() => text(long.repeat(20)), { maxConcurrent: 1 });
    await Promise.all(Array.from({ length: 5 }, () => rawGet(server.port, '/', all)));

    const got = await rawGet(server.port, '/', all);

    assert.equal(got.headers.get('content-encoding'), 'zstd');
  });
});

describe('compression of streams', () => {
  for (const coding of ['zstd', 'br', 'gzip'] as const) {
    it(`sends a stream in ${coding}`, async () => {
      const parts = Array.from({ length: 30 }, (_, n) => `${n} ${words.repeat(n * 10)}`);
      await using server = await answering(() =>
        stream(chunks('', ...parts, Buffer.from('é')), { headers: { 'content-type': 'text/plain' } }),
      );

      const got = await rawGet(server.port, '/', { 'accept-encoding': coding });

      assert.deepEqual([got.headers.get('content-encoding'), got.headers.get('vary')], [coding, 'accept-encoding']);
      assert.equal((await decoders[coding](got.body)).toString(), `${parts.join('')}é`);
    });

    it(`sends a stream of known length in ${coding}, in chunks`, async () => {
      const body = Buffer.from(long);
      await using server = await answering(() =>
        sized(body.length, chunks(body.subarray(0, 10_000), body.subarray(10_000)) as AsyncIterable<Uint8Array>, {
          headers: { 'content-type': 'text/css', etag: '"x"' },
        }),
      );

      const got = await rawGet(server.port, '/', { 'accept-encoding': coding });

      assert.deepEqual([got.headers.get('content-length'), got.headers.get('etag')], [null, 'W/"x"']);
      assert.equal((await decoders[coding](got.body)).toString(), long);
    });
  }

  for (const kind of ['stream', 'events'] as const) {
    it(`lets each chunk of ${kind} out when it is made`, async () => {
      const next = gate();
      const options = { headers: { 'content-type': 'text/event-stream' } };
      await using server = await answering(
        () =>
          kind === 'events'
            ? events(
                (async function* () {
                  yield { data: 'first' };
                  await next.promise;
                  yield { data: 'second' };
                })(),
              )
            : stream(
                (async function* () {
                  yield 'data: first\n\n';
                  await next.promise;
                  yield 'data: second\n\n';
                })(),
                options,
              ),
        { events: true },
      );

      const answer = await fetch(server.url, { headers: { 'accept-encoding': 'gzip' } });
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      const first = await reader.read();
      next.resolve();
      const second = await reader.read();

      assert.equal(answer.headers.get('content-encoding'), 'gzip');
      assert.deepEqual([first.value, second.value], ['data: first\n\n', 'data: second\n\n']);
    });
  }

  it('leaves events alone unless it is told to take them', async () => {
    await using server = await answering(() => events(chunks() as AsyncIterable<never>));

    const got = await rawGet(server.port, '/', all);

    assert.deepEqual([got.headers.get('content-encoding'), got.headers.get('vary')], [null, null]);
  });

  it('compresses no more streams than it may, and frees the place of one whose client leaves', async () => {
    await using server = await answering(
      () =>
        stream(
          (async function* () {
            yield 'begun';
            await new Promise(() => {});
          })(),
          { headers: { 'content-type': 'text/plain' } },
        ),
      { maxStreams: 1 },
    );
    const get = 'GET / HTTP/1.1\r\nhost: test\r\naccept-encoding: gzip\r\n\r\n';
    using first = new RawClient(server.port);
    using second = new RawClient(server.port);

    const coded = await first.send(get).until('\r\n\r\n');
    const plain = await second.send(get).until('\r\n\r\n');
    first.socket.destroy();
    let later = '';
    while (!later.includes('content-encoding')) {
      using client = new RawClient(server.port);
      later = await client.send(get).until('\r\n\r\n');
    }

    assert.match(coded, /content-encoding: gzip/);
    assert.doesNotMatch(plain, /content-encoding/);
    assert.match(plain, /vary: accept-encoding/);
  });

  it('cuts a stream that fails, so that nobody takes a part for the whole, and answers one that fails at once', async () => {
    const failing = (first: readonly string[]) =>
      stream(
        (async function* () {
          yield* first;
          throw new Error('broken');
        })(),
        { headers: { 'content-type': 'text/plain' } },
      );
    await using server = await start((router) => {
      router.get('/late', () => failing([long]));
      router.get('/early', () => failing([]));
    });

    const late = await rawGet(server.port, '/late', { 'accept-encoding': 'gzip' });
    const early = await rawGet(server.port, '/early', { 'accept-encoding': 'gzip' });

    assert.deepEqual([early.status, early.headers.get('content-encoding')], [500, null]);
    // The trailer of gzip is what is missing.
    const gunzip = createGunzip({ finishFlush: constants.Z_FINISH });
    await assert.rejects(Array.fromAsync(gunzip.end(late.body)));
  });
});

describe('compression', () => {
  for (const options of [
    { minBytes: -1 },
    { maxConcurrent: 1.5 },
    { maxStreams: Number.NaN },
    { levels: { gzip: 0 } },
    { levels: { gzip: 10 } },
    { levels: { br: 12 } },
    { levels: { zstd: 23 } },
  ] satisfies CompressionOptions[]) {
    it(`refuses ${JSON.stringify(options)}`, () => assert.throws(() => compression(options), RangeError));
  }

  it('takes other types, levels and a least size', async () => {
    await using server = await start(
      (router) => {
        router.get('/', () =>
          json({ a: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }),
        );
        router.get('/text', () => text(long));
      },
      { minBytes: 10, levels: { gzip: 9 }, codings: ['gzip'], types: (type) => type === 'application/json' },
    );

    const got = await Promise.all(['/', '/text'].map((path) => rawGet(server.port, path, all)));

    assert.deepEqual(
      got.map(({ headers }) => headers.get('content-encoding')),
      ['gzip', null],
    );
  });
});
