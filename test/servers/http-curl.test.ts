import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { background } from 'flotilla/concurrency';
import {
  bytes,
  compression,
  createHttpServer,
  createRouter,
  formParts,
  json,
  rawText,
  staticFiles,
  stream,
  streamed,
  text,
} from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import { missing, output } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'flotilla-curl-'));
const large = Buffer.alloc(300_000, 'abcdefghij');
let url = '';
const files = staticFiles({ root: folder });
const router = createRouter();
router.get('/text', () => text('hello\n'));
router.get('/large', { compression: compression() }, () => json({ text: 'x'.repeat(5_000) }));
router.get('/files/*path', (ctx, req) => files(ctx, req, req.params.path));
router.get('/trailers', () =>
  stream(
    (async function* () {
      yield 'part';
    })(),
    { trailers: () => ({ 'x-sum': '4' }) },
  ),
);
router.get('/bytes', () => bytes(large));
router.post('/echo', { body: rawText(), maxBodyBytes: 1_000_000 }, (_ctx, req) => text(req.body));
router.put('/length', { body: streamed(), maxBodyBytes: 10_000_000 }, async (_ctx, req) => {
  let length = 0;
  for await (const piece of req.body) length += piece.length;
  return text(`${length} ${req.header('transfer-encoding') ?? 'sized'}`);
});
router.post('/form', { body: formParts(), maxBodyBytes: 1_000_000 }, async (_ctx, req) => {
  const names: string[] = [];
  for await (const part of req.body) {
    let size = 0;
    for await (const piece of part.chunks()) size += piece.length;
    names.push(`${part.name} ${part.filename ?? ''} ${size}`);
  }
  return text(names.join(', '));
});
router.delete('/thing', () => undefined);
const server = createHttpServer({ name: 'curl', router, listener: tcpListener({ port: 0 }) });

const curl = (...args: string[]) => output('curl', ['--silent', '--show-error', '--http1.1', ...args]);

describe('curl', { skip: missing('curl') }, () => {
  before(async () => {
    writeFileSync(join(folder, 'file.bin'), large);
    const [endpoint] = await server.start(background());
    url = endpoint!.url;
  });

  after(async () => {
    using limit = background().withTimeout(5_000);
    await server.stop(limit);
    rmSync(folder, { recursive: true });
  });

  it('takes several answers from one connection', async () => {
    const printed = await curl('--verbose', '--stderr', '-', `${url}/text`, `${url}/text`, `${url}/text`);

    assert.equal(printed.match(/^hello$/gm)?.length, 3);
    assert.equal(printed.match(/Re-using existing connection/g)?.length, 2);
  });

  it('gets a head, and an answer of HTTP/1.0', async () => {
    const head = await curl('--head', `${url}/text`);
    const old = await curl('--include', '--http1.0', `${url}/text`);

    assert.match(head, /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-length: 6\r\n/);
    assert.match(old, /connection: close\r\n[\s\S]*\r\n\r\nhello\n$/);
  });

  it('uploads in chunks, by length, and after 100 Continue', async () => {
    const upload = join(folder, 'file.bin');
    const chunked = await curl(
      '-X',
      'PUT',
      '-H',
      'Transfer-Encoding: chunked',
      '--data-binary',
      `@${upload}`,
      `${url}/length`,
    );
    const sized = await curl('--upload-file', upload, `${url}/length`);
    const expecting = await curl(
      '--verbose',
      '--stderr',
      '-',
      '-H',
      'Expect: 100-continue',
      '-d',
      'asked',
      `${url}/echo`,
    );

    assert.deepEqual([chunked, sized], ['300000 chunked', '300000 sized']);
    assert.match(expecting, /HTTP\/1\.1 100 Continue[\s\S]*HTTP\/1\.1 200 OK[\s\S]*asked/);
  });

  it('sends a form with a file', async () => {
    const answer = await curl(
      '-F',
      'title=Tea',
      '-F',
      `doc=@${join(folder, 'file.bin')};filename=doc.bin`,
      `${url}/form`,
    );

    assert.equal(answer, 'title  3, doc doc.bin 300000');
  });

  it('goes on with a download, and takes ranges', async () => {
    const part = join(folder, 'part.bin');
    writeFileSync(part, large.subarray(0, 100_000));
    const printed = await curl(
      '--continue-at',
      '-',
      '--output',
      part,
      '--write-out',
      '%{http_code}',
      `${url}/files/file.bin`,
    );
    const middle = await curl('--range', '10-19', `${url}/files/file.bin`);

    assert.equal(printed, '206');
    assert.ok(readFileSync(part).equals(large));
    assert.equal(middle, 'abcdefghij');
  });

  it('takes compressed answers', async () => {
    const printed = await curl('--compressed', '--include', `${url}/large`);

    assert.match(printed, /content-encoding: (?:br|gzip|zstd)\r\n/);
    assert.ok(printed.endsWith(`{"text":"${'x'.repeat(5_000)}"}`));
  });

  it('takes trailers', async () => {
    const printed = await curl('--include', '-H', 'TE: trailers', `${url}/trailers`);

    assert.match(printed, /\r\n\r\npart/);
    assert.match(printed, /x-sum: 4/);
  });

  it('deletes, and is told what a path takes', async () => {
    const gone = await curl('-X', 'DELETE', '--write-out', '%{http_code}', `${url}/thing`);
    const refused = await curl('-X', 'PATCH', '--include', `${url}/thing`);

    assert.equal(gone, '204');
    assert.match(refused, /^HTTP\/1\.1 405 [\s\S]*allow: DELETE, OPTIONS\r\n/);
  });

  it('takes a body of 300 KB whole', async () => {
    assert.equal((await curl(`${url}/bytes`)).length, large.length);
  });
});

describe('h2load', { skip: missing('h2load') }, () => {
  it('gets every answer over HTTP/1.1, with 10 requests under way per connection', async () => {
    const other = createHttpServer({ name: 'h2load', router, listener: tcpListener({ port: 0 }) });
    const [endpoint] = await other.start(background());

    const printed = await output('h2load', ['--h1', '-n', '5000', '-c', '20', '-m', '10', `${endpoint!.url}/text`]);

    using limit = background().withTimeout(5_000);
    await other.stop(limit);
    assert.match(printed, /requests: 5000 total, 5000 started, 5000 done, 5000 succeeded, 0 failed, 0 errored/);
    assert.match(printed, /status codes: 5000 2xx/);
  });
});
