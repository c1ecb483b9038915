import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { RawClient, serve, type TestServer } from './server.fixture.ts';
import { staticFiles } from './static-files.ts';

describe('staticFiles', () => {
  const base = mkdtempSync(join(tmpdir(), 'static-files-'));
  const root = join(base, 'root');
  let server: TestServer;

  before(async () => {
    mkdirSync(join(root, 'assets'), { recursive: true });
    writeFileSync(join(root, 'index.html'), '<!doctype html>home');
    writeFileSync(join(root, 'assets', 'app-1.js'), `// ${'x'.repeat(5000)}`);
    writeFileSync(join(root, '.hidden'), 'secret');
    writeFileSync(join(base, 'outside.txt'), 'secret');
    symlinkSync(join(base, 'outside.txt'), join(root, 'link.txt'));
    const files = staticFiles({ root: pathToFileURL(root), immutable: /^assets\// });
    const pages = staticFiles({ root, fallback: 'index.html' });
    server = await serve((router) => {
      router.get('/f/*path', (ctx, req) => files(ctx, req, req.params.path));
      router.get('/app/*path', (ctx, req) => pages(ctx, req, req.params.path));
    });
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(base, { recursive: true });
  });

  it('answers a file with its type, and HTML with a policy', async () => {
    const page = await fetch(`${server.url}/f/`);
    const script = await fetch(`${server.url}/f/assets/app-1.js`, { headers: { 'accept-encoding': 'identity' } });

    assert.equal(await page.text(), '<!doctype html>home');
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/);
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    assert.equal((await script.text()).length, 5003);
    assert.equal(script.headers.get('content-security-policy'), null);
    assert.match(script.headers.get('cache-control') ?? '', /immutable/);
    assert.equal(script.headers.get('x-content-type-options'), 'nosniff');
  });

  it('compresses text for who takes it, under an ETag of its own', async () => {
    const plain = await fetch(`${server.url}/f/assets/app-1.js`, { headers: { 'accept-encoding': 'identity' } });
    const packed = await fetch(`${server.url}/f/assets/app-1.js`, { headers: { 'accept-encoding': 'gzip' } });

    assert.equal(packed.headers.get('content-encoding'), 'gzip');
    assert.ok(Number(packed.headers.get('content-length')) < 500);
    assert.notEqual(packed.headers.get('etag'), plain.headers.get('etag'));
    assert.equal(await packed.text(), await plain.text());
  });

  it('answers 304 while the file is the same, and the new one once it has changed', async () => {
    const file = join(root, 'changing.txt');
    writeFileSync(file, 'one');
    const get = (etag = '') => fetch(`${server.url}/f/changing.txt`, { headers: { 'if-none-match': etag } });

    const first = await get();
    const etag = first.headers.get('etag') ?? '';
    const same = await get(`"other", W/${etag}`);
    writeFileSync(file, 'two');
    utimesSync(file, 1, 1);
    const changed = await get(etag);

    assert.deepEqual([await first.text(), same.status, changed.status, await changed.text()], ['one', 304, 200, 'two']);
  });

  it('gives the fallback to paths that look like pages, and 404 to the rest', async () => {
    const get = async (path: string) => (await fetch(server.url + path)).status;

    assert.deepEqual(
      [await get('/app/rooms/7'), await get('/app/missing.js'), await get('/f/rooms/7')],
      [200, 404, 404],
    );
  });

  const escapes = [
    '../outside.txt',
    '%2e%2e/outside.txt',
    '..%2foutside.txt',
    'assets/..%5c..%5coutside.txt',
    'link.txt',
    '.hidden',
    'assets//app-1.js',
    './index.html',
    'index.html%00.txt',
    'assets',
    '/etc/passwd',
    '%2fetc%2fpasswd',
  ];
  for (const path of escapes) {
    it(`does not answer ${path}`, async () => {
      using client = new RawClient(server.port);

      const answer = await client.send(`GET /f/${path} HTTP/1.1\r\nHost: test\r\n\r\n`).answer();

      assert.equal(answer.status, 404);
      assert.doesNotMatch(answer.body, /secret/);
    });
  }
});
