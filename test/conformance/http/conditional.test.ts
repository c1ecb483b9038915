import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { background } from 'flotilla/concurrency';
import { checkPreconditions, createHttpServer, createRouter, json, staticFiles } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';

/**
 * Conditional and range requests of RFC 9110, sections 13 and 14, over a real connection: what a file of ten bytes and a
 * document that a handler keeps answer.
 */

const content = '0123456789';
const modified = new Date('2026-01-02T03:04:05Z');
const at = modified.toUTCString();
const before1s = new Date(modified.getTime() - 1000).toUTCString();
const after1s = new Date(modified.getTime() + 1000).toUTCString();
/** The same second in the two forms of the last century. */
const rfc850 = 'Friday, 02-Jan-26 03:04:05 GMT';
const asctime = 'Fri Jan  2 03:04:05 2026';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

let root = '';
let port = 0;
let etag = '';
const router = createRouter();
const server = createHttpServer({ name: 'conformance', router, listener: tcpListener({ port: 0 }), drainGraceMs: 0 });

/** A document that is made by PUT and has a version. */
let version = 0;
router.get('/doc', (_ctx, req) => {
  const current = { etag: `"v${version}"` };
  return checkPreconditions(req, current) ?? json({ version }, { headers: { etag: current.etag } });
});
router.put('/doc', (_ctx, req) => {
  checkPreconditions(req, version === 0 ? undefined : { etag: `"v${version}"` });
  version++;
  return json({ version }, { headers: { etag: `"v${version}"` } });
});

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'flotilla-conditional-'));
  for (const [name, text] of [
    ['file.txt', content],
    ['empty.txt', ''],
  ] as const) {
    await writeFile(join(root, name), text);
    await utimes(join(root, name), modified, modified);
  }
  const files = staticFiles({ root });
  router.get('/files/*path', (ctx, req) => files(ctx, req, req.params.path));
  const [endpoint] = await server.start(background());
  port = Number(new URL(endpoint!.url).port);
  etag = (await request('GET', '/files/file.txt', {})).headers.get('etag') ?? '';
});

after(async () => {
  await server.stop(background().withTimeout(2000));
  await rm(root, { recursive: true });
});

/** One request on a connection of its own, so that nothing between us and the wire has an opinion. */
function request(method: string, path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const lines = Object.entries({ host: 'test', connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`),
    );
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const [status = '', ...fields] = text.slice(0, end).split('\r\n');
      const pairs = fields.map((line) => line.split(/: (.*)/s, 2) as [string, string]);
      resolve({ status: Number(status.split(' ')[1]), headers: new Headers(pairs), body: text.slice(end + 4) });
    });
  });
}

/** `$` stands for the file's tag. */
function filled(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replaceAll('$', etag)]));
}

type Row = readonly [what: string, headers: Readonly<Record<string, string>>, status: number];

describe('RFC 9110, section 13: GET and HEAD of a file with conditions', () => {
  const rows: readonly Row[] = [
    ['13.1.1 If-Match with the tag', { 'If-Match': '$' }, 200],
    ['13.1.1 If-Match with the tag among others', { 'If-Match': '"x", $' }, 200],
    ['13.1.1 If-Match: *', { 'If-Match': '*' }, 200],
    ['13.1.1 If-Match with another tag', { 'If-Match': '"x"' }, 412],
    ['13.1.1 If-Match compares strongly', { 'If-Match': 'W/$' }, 412],
    ['13.1.2 If-None-Match with the tag', { 'If-None-Match': '$' }, 304],
    ['13.1.2 If-None-Match with the tag among others', { 'If-None-Match': '"x", $' }, 304],
    ['13.1.2 If-None-Match compares weakly', { 'If-None-Match': 'W/$' }, 304],
    ['13.1.2 If-None-Match: *', { 'If-None-Match': '*' }, 304],
    ['13.1.2 If-None-Match with another tag', { 'If-None-Match': '"x"' }, 200],
    ['13.1.3 If-Modified-Since the same second', { 'If-Modified-Since': at }, 304],
    ['13.1.3 If-Modified-Since, obsolete form of RFC 850', { 'If-Modified-Since': rfc850 }, 304],
    ['13.1.3 If-Modified-Since, obsolete form of asctime', { 'If-Modified-Since': asctime }, 304],
    ['13.1.3 If-Modified-Since later', { 'If-Modified-Since': after1s }, 304],
    ['13.1.3 If-Modified-Since earlier', { 'If-Modified-Since': before1s }, 200],
    ['13.1.3 If-Modified-Since that is no date is ignored', { 'If-Modified-Since': '2026-01-02' }, 200],
    [
      '13.1.3 If-Modified-Since is ignored beside If-None-Match',
      { 'If-None-Match': '"x"', 'If-Modified-Since': at },
      200,
    ],
    ['13.1.4 If-Unmodified-Since the same second', { 'If-Unmodified-Since': at }, 200],
    ['13.1.4 If-Unmodified-Since later', { 'If-Unmodified-Since': after1s }, 200],
    ['13.1.4 If-Unmodified-Since earlier', { 'If-Unmodified-Since': before1s }, 412],
    ['13.1.4 If-Unmodified-Since that is no date is ignored', { 'If-Unmodified-Since': 'never' }, 200],
    [
      '13.1.4 If-Unmodified-Since is ignored beside If-Match',
      { 'If-Match': '$', 'If-Unmodified-Since': before1s },
      200,
    ],
    ['13.2.2 If-Match is evaluated before If-None-Match', { 'If-Match': '"x"', 'If-None-Match': '$' }, 412],
    ['13.2.2 If-Match that holds leaves If-None-Match', { 'If-Match': '$', 'If-None-Match': '$' }, 304],
    ['13.2.2 If-Unmodified-Since before If-None-Match', { 'If-Unmodified-Since': before1s, 'If-None-Match': '$' }, 412],
    ['13.2.2 If-Match that holds leaves If-Modified-Since', { 'If-Match': '$', 'If-Modified-Since': at }, 304],
  ];
  for (const [what, headers, status] of rows) {
    for (const method of ['GET', 'HEAD']) {
      it(`${method}: ${what}: ${status}`, async () => {
        const answer = await request(method, '/files/file.txt', filled(headers));

        assert.equal(answer.status, status);
        if (status === 200) assert.equal(answer.body, method === 'GET' ? content : '');
        if (status === 304) assert.deepEqual([answer.body, answer.headers.get('etag')], ['', etag]);
      });
    }
  }

  it('13.2.1: conditions of a request that would fail anyway are ignored', async () => {
    const answer = await request('GET', '/files/none.txt', { 'If-Match': '*' });

    assert.equal(answer.status, 404);
  });

  it('15.4.5: a 304 says what a cache needs and has no body, nor its length as if it had one', async () => {
    const whole = await request('GET', '/files/file.txt', {});
    const answer = await request('GET', '/files/file.txt', { 'If-None-Match': etag });

    for (const name of ['etag', 'cache-control', 'vary'])
      assert.equal(answer.headers.get(name), whole.headers.get(name));
    assert.equal(answer.headers.get('content-type'), null);
    assert.ok([null, '10'].includes(answer.headers.get('content-length')));
  });

  it('8.8: validators are strong and the same for GET and HEAD', async () => {
    const [get, head] = await Promise.all(['GET', 'HEAD'].map((method) => request(method, '/files/file.txt', {})));

    assert.match(etag, /^"[^"]+"$/);
    for (const answer of [get, head])
      assert.deepEqual([answer?.headers.get('etag'), answer?.headers.get('last-modified')], [etag, at]);
  });
});

describe('RFC 9110, section 13: changing a document under conditions', () => {
  it('loses no update: the second of two that saw the same version gets 412', async () => {
    version = 0;
    const made = await request('PUT', '/doc', { 'If-None-Match': '*', 'Content-Length': '0' });
    const madeAgain = await request('PUT', '/doc', { 'If-None-Match': '*', 'Content-Length': '0' });
    const tag = made.headers.get('etag') ?? '';
    const first = await request('PUT', '/doc', { 'If-Match': tag, 'Content-Length': '0' });
    const second = await request('PUT', '/doc', { 'If-Match': tag, 'Content-Length': '0' });
    const read = await request('GET', '/doc', { 'If-None-Match': '"v2"' });

    assert.deepEqual(
      [made, madeAgain, first, second, read].map(({ status }) => status),
      [200, 412, 200, 412, 304],
    );
    assert.equal((JSON.parse(second.body) as { reason: string }).reason, 'PRECONDITION_FAILED');
    assert.equal(version, 2);
  });
});

describe('RFC 9110, section 14: ranges of a file', () => {
  /** Content-Range and body, or the whole. */
  const rows: readonly [
    what: string,
    headers: Readonly<Record<string, string>>,
    status: number,
    range: string | null,
    body: string,
  ][] = [
    ['14.1.2 first and last', { Range: 'bytes=2-4' }, 206, 'bytes 2-4/10', '234'],
    ['14.1.2 one byte', { Range: 'bytes=0-0' }, 206, 'bytes 0-0/10', '0'],
    ['14.1.2 open', { Range: 'bytes=7-' }, 206, 'bytes 7-9/10', '789'],
    ['14.1.2 suffix', { Range: 'bytes=-3' }, 206, 'bytes 7-9/10', '789'],
    ['14.1.2 suffix longer than the file', { Range: 'bytes=-30' }, 206, 'bytes 0-9/10', content],
    ['14.1.2 end beyond the file', { Range: 'bytes=5-99' }, 206, 'bytes 5-9/10', '56789'],
    ['14.1.2 all of it', { Range: 'bytes=0-9' }, 206, 'bytes 0-9/10', content],
    ['15.5.17 start beyond the file', { Range: 'bytes=10-' }, 416, 'bytes */10', ''],
    ['15.5.17 suffix of nothing', { Range: 'bytes=-0' }, 416, 'bytes */10', ''],
    ['14.1.1 end before start', { Range: 'bytes=4-2' }, 200, null, content],
    ['14.2 unknown unit', { Range: 'seconds=1-2' }, 200, null, content],
    ['14.2 not valid', { Range: 'bytes=two' }, 200, null, content],
    ['14.2 many overlapping', { Range: 'bytes=0-,0-,0-,0-' }, 200, null, content],
    ['14.2 several that touch are one', { Range: 'bytes=2-3,4-5' }, 206, 'bytes 2-5/10', '2345'],
    ['14.2 several of which one exists', { Range: 'bytes=20-30,1-2' }, 206, 'bytes 1-2/10', '12'],
    ['14.2 several of which none exists', { Range: 'bytes=20-30,40-' }, 416, 'bytes */10', ''],
    ['13.1.5 If-Range with the tag', { Range: 'bytes=2-4', 'If-Range': '$' }, 206, 'bytes 2-4/10', '234'],
    ['13.1.5 If-Range with another tag', { Range: 'bytes=2-4', 'If-Range': '"x"' }, 200, null, content],
    ['13.1.5 If-Range with a weak tag', { Range: 'bytes=2-4', 'If-Range': 'W/$' }, 200, null, content],
    ['13.1.5 If-Range with the time', { Range: 'bytes=2-4', 'If-Range': at }, 206, 'bytes 2-4/10', '234'],
    ['13.1.5 If-Range with a later time', { Range: 'bytes=2-4', 'If-Range': after1s }, 200, null, content],
    ['13.1.5 If-Range that fails hides 416', { Range: 'bytes=10-', 'If-Range': '"x"' }, 200, null, content],
    ['13.1.5 If-Range without Range', { 'If-Range': '"x"' }, 200, null, content],
    ['13.2.2 If-None-Match before Range', { Range: 'bytes=2-4', 'If-None-Match': '$' }, 304, null, ''],
    ['13.2.2 If-Match before Range', { Range: 'bytes=2-4', 'If-Match': '"x"' }, 412, null, ''],
    ['13.2.2 If-Match that holds, and Range', { Range: 'bytes=2-4', 'If-Match': '$' }, 206, 'bytes 2-4/10', '234'],
  ];
  for (const [what, headers, status, range, body] of rows) {
    it(`${what}: ${status}`, async () => {
      const answer = await request('GET', '/files/file.txt', filled(headers));

      assert.deepEqual([answer.status, answer.headers.get('content-range')], [status, range]);
      if (status < 300)
        assert.deepEqual([answer.body, answer.headers.get('content-length')], [body, String(body.length)]);
    });
  }

  it('14.2: a range of anything but GET is ignored', async () => {
    const answer = await request('HEAD', '/files/file.txt', { Range: 'bytes=2-4' });

    assert.deepEqual([answer.status, answer.headers.get('content-length')], [200, '10']);
  });

  it('14.2: an empty file is sent whole', async () => {
    const answers = await Promise.all(
      ['bytes=0-', 'bytes=-1'].map((Range) => request('GET', '/files/empty.txt', { Range })),
    );

    assert.deepEqual(
      answers.map(({ status, body }) => [status, body]),
      [
        [200, ''],
        [200, ''],
      ],
    );
  });

  it('14.3: the file says that it takes ranges', async () => {
    const answer = await request('GET', '/files/file.txt', {});

    assert.equal(answer.headers.get('accept-ranges'), 'bytes');
  });

  it('15.3.7: a 206 says what a 200 would', async () => {
    const whole = await request('GET', '/files/file.txt', {});
    const part = await request('GET', '/files/file.txt', { Range: 'bytes=2-4' });

    for (const name of ['etag', 'last-modified', 'cache-control', 'vary', 'content-type'])
      assert.equal(part.headers.get(name), whole.headers.get(name), name);
  });

  it('14.6, 15.3.7.2: several ranges are parts of one body, in the order of the header', async (t) => {
    await writeFile(join(root, 'long.txt'), content.repeat(50));
    t.after(() => rm(join(root, 'long.txt')));

    const answer = await request('GET', '/files/long.txt', { Range: 'bytes=-2,0-1,200-201' });
    const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(answer.headers.get('content-type') ?? '')?.[1];
    const part = (range: string, body: string) =>
      `--${boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes ${range}/500\r\n\r\n${body}\r\n`;

    assert.deepEqual([answer.status, answer.headers.get('content-range')], [206, null]);
    assert.equal(
      answer.body,
      `${part('498-499', '89')}${part('0-1', '01')}${part('200-201', '01')}--${boundary}--\r\n`,
    );
    assert.equal(answer.headers.get('content-length'), String(answer.body.length));
  });
});
