import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RawClient, serve, type TestServer } from '../server.fixture.ts';
import { type StaticFilesOptions, staticFiles } from './static-files.ts';

/** A folder `root` with some files, and a secret beside it. */
async function folder(t: TestContext): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'flotilla-static-'));
  t.after(() => rm(parent, { recursive: true }));
  const root = join(parent, 'root');
  await mkdir(join(root, 'assets'), { recursive: true });
  await writeFile(join(parent, 'secret.txt'), 'secret');
  await writeFile(join(root, 'index.html'), '<!doctype html><title>Hello</title>');
  await writeFile(join(root, 'assets/app-3f2a9c.js'), `// ${'x'.repeat(2_000)}`);
  await writeFile(join(root, '.env'), 'secret');
  await symlink(join(parent, 'secret.txt'), join(root, 'link.txt'));
  return root;
}

async function start(root: string, options: Partial<StaticFilesOptions> = {}): Promise<TestServer> {
  const files = staticFiles({ root, ...options });
  return serve((router) => {
    router.get('/*path', (ctx, req) => files(ctx, req, req.params.path));
  });
}

test('a file is answered with its type and the headers that keep a browser from guessing', async (t) => {
  await using server = await start(await folder(t));

  const answer = await fetch(`${server.url}/`);

  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), '<!doctype html><title>Hello</title>');
  assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'self'.*frame-ancestors 'none'/);
  assert.equal(answer.headers.get('cache-control'), 'no-cache');
});

test('what the client has already is not sent again, until it changes', async (t) => {
  const root = await folder(t);
  await using server = await start(root);
  const etag = (await fetch(`${server.url}/index.html`)).headers.get('etag') ?? '';

  const same = await fetch(`${server.url}/index.html`, { headers: { 'if-none-match': `"other", W/${etag}` } });
  await writeFile(join(root, 'index.html'), '<!doctype html><title>Other</title>');
  await utimes(join(root, 'index.html'), 1, 1);
  const changed = await fetch(`${server.url}/index.html`, { headers: { 'if-none-match': etag } });

  assert.equal(same.status, 304);
  assert.equal(changed.status, 200);
  assert.match(await changed.text(), /Other/);
});

test('text that is worth it is compressed for clients that take it', async (t) => {
  await using server = await start(await folder(t));
  using client = new RawClient(server.port);

  const answer = await client
    .send('GET /assets/app-3f2a9c.js HTTP/1.1\r\nhost: test\r\naccept-encoding: br, gzip\r\n\r\n')
    .until('\r\n\r\n');
  const plain = await fetch(`${server.url}/assets/app-3f2a9c.js`, {
    headers: { 'accept-encoding': 'gzip;q=0, identity' },
  });
  const decoded = await fetch(`${server.url}/assets/app-3f2a9c.js`, { headers: { 'accept-encoding': 'gzip' } });

  assert.match(answer, /content-encoding: br/i);
  assert.equal(plain.headers.get('content-encoding'), null);
  assert.notEqual(plain.headers.get('etag'), decoded.headers.get('etag'));
  assert.equal(await decoded.text(), await plain.text());
});

test('names that never change their content are kept by browsers for good', async (t) => {
  await using server = await start(await folder(t), { immutable: /^assets\// });

  const asset = await fetch(`${server.url}/assets/app-3f2a9c.js`);
  const page = await fetch(`${server.url}/`);

  assert.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(page.headers.get('cache-control'), 'no-cache');
});

for (const path of [
  '/../secret.txt',
  '/..%2fsecret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/%2e%2e/secret.txt',
  '/..%5csecret.txt',
  '/%2fetc/passwd',
  '//etc/passwd',
  '/.env',
  '/link.txt',
  '/index.html%00.txt',
  '/assets%2fapp-3f2a9c.js',
  '/assets%5capp-3f2a9c.js',
  '/nul',
  '/assets',
  '/none.html',
]) {
  test(`${path} is 404: nothing outside of the folder, nothing hidden, no folder`, async (t) => {
    await using server = await start(await folder(t));
    using client = new RawClient(server.port);

    const answer = await client.send(`GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`).answer();

    assert.equal(answer.status, 404, answer.body);
    assert.equal((JSON.parse(answer.body) as { reason: string }).reason, 'ROUTE_NOT_FOUND');
  });
}

test('a page that routes by itself answers paths without an extension', async (t) => {
  await using server = await start(await folder(t), { fallback: 'index.html' });

  const view = await fetch(`${server.url}/rooms/7`);
  const asset = await fetch(`${server.url}/assets/missing.js`);
  const hidden = await fetch(`${server.url}/.env`);

  assert.equal(view.status, 200);
  assert.match(await view.text(), /Hello/);
  assert.deepEqual([asset.status, hidden.status], [404, 404]);
});

test('a page that answers for another path is not kept for good, whatever that path is', async (t) => {
  await using server = await start(await folder(t), { fallback: 'index.html', immutable: /^assets\//g });

  const view = await fetch(`${server.url}/assets/view`);
  const assets = await Promise.all([1, 2].map(() => fetch(`${server.url}/assets/app-3f2a9c.js`)));

  assert.equal(view.headers.get('cache-control'), 'no-cache');
  assert.deepEqual(new Set(assets.map(({ headers }) => headers.get('cache-control'))).size, 1);
});

test('the folder may be a link that leads to the next release', async (t) => {
  const first = await folder(t);
  const second = await folder(t);
  await writeFile(join(second, 'index.html'), 'second release');
  const link = join(first, '..', 'current');
  await symlink(first, link);
  await using server = await start(link);
  const before = await (await fetch(`${server.url}/`)).text();

  await rm(link);
  await symlink(second, link);
  const after = await (await fetch(`${server.url}/`)).text();

  assert.match(before, /Hello/);
  assert.equal(after, 'second release');
});

for (const options of [{ cacheBytes: -1 }, { cacheBytes: Number.NaN }, { maxOpenFiles: 0 }, { maxOpenFiles: 1.5 }]) {
  test(`refuses ${JSON.stringify(options)}`, () =>
    assert.throws(() => staticFiles({ root: '/', ...options }), RangeError));
}

test('another policy can be given', async (t) => {
  await using server = await start(await folder(t), { contentSecurityPolicy: "default-src 'none'" });

  assert.equal((await fetch(`${server.url}/`)).headers.get('content-security-policy'), "default-src 'none'");
});
