import assert from 'node:assert/strict';
import { stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { decoders, rawGet as get } from '../raw-get.fixture.ts';
import { makeFolder, modifiedMs, noise, serveFiles, write } from './folder.fixture.ts';

const script = `// ${'a line of a script that says the same again and again\n'.repeat(200)}`;

for (const [acceptEncoding, coding] of [
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, zstd', 'zstd'],
  ['gzip', 'gzip'],
  ['br;q=0.1, gzip;q=0.2', 'gzip'],
  ['*', 'br'],
] as const) {
  test(`a text is sent in ${coding} to who takes ${acceptEncoding}`, async (t) => {
    const root = await makeFolder(t, { 'app.js': script });
    await using server = await serveFiles(root);

    const plain = await get(server.port, '/app.js', {});
    const first = await get(server.port, '/app.js', { 'accept-encoding': acceptEncoding });
    const second = await get(server.port, '/app.js', { 'accept-encoding': acceptEncoding });

    assert.equal(first.headers.get('content-encoding'), coding);
    assert.equal((await decoders[coding](first.body)).toString(), script);
    assert.equal(first.body.compare(second.body), 0);
    assert.deepEqual(
      [plain, first].map(({ headers }) => headers.get('vary')),
      ['accept-encoding', 'accept-encoding'],
    );
    assert.notEqual(first.headers.get('etag'), plain.headers.get('etag'));
    assert.equal(first.headers.get('last-modified'), plain.headers.get('last-modified'));
  });
}

for (const [what, path, headers] of [
  ['that takes no coding', 'app.js', {}],
  ['that refuses the codings', 'app.js', { 'accept-encoding': 'br;q=0, *;q=0' }],
  ['that takes others', 'app.js', { 'accept-encoding': 'deflate, compress' }],
  ['for what is compressed already', 'photo.jpg', { 'accept-encoding': 'br' }],
  ['for what is too small', 'small.js', { 'accept-encoding': 'br' }],
  ['for a text that does not get smaller', 'noise.txt', { 'accept-encoding': 'br, gzip' }],
] as const) {
  test(`a file is sent as it is to a client ${what}`, async (t) => {
    const root = await makeFolder(t, {
      'app.js': script,
      'photo.jpg': script,
      'small.js': '// small',
      'noise.txt': noise(5000),
    });
    await using server = await serveFiles(root);

    const answer = await get(server.port, `/${path}`, headers);

    assert.deepEqual([answer.status, answer.headers.get('content-encoding')], [200, null]);
  });
}

test('a compressed file beside it is sent instead, whatever the size', async (t) => {
  const huge = Buffer.from(script.repeat(200));
  const root = await makeFolder(t, { 'app.js': huge, 'app.js.gz': gzipSync(huge, { level: 1 }), 'data.csv': huge });
  await using server = await serveFiles(root);

  const coded = await get(server.port, '/app.js', { 'accept-encoding': 'gzip, br' });
  const alone = await get(server.port, '/data.csv', { 'accept-encoding': 'gzip, br' });

  assert.equal(coded.headers.get('content-encoding'), 'gzip');
  assert.equal(coded.headers.get('content-type'), 'text/javascript; charset=utf-8');
  assert.equal(coded.body.compare(gzipSync(huge, { level: 1 })), 0);
  // Larger than what is compressed on the way.
  assert.deepEqual([alone.headers.get('content-encoding'), alone.body.length], [null, huge.length]);
});

test('a compressed file beside it is not sent once it is older, empty or gone', async (t) => {
  const stale = gzipSync('stale');
  const root = await makeFolder(t, { 'old.js': script, 'empty.js': script, 'empty.js.gz': '', 'gone.js': script });
  await write(root, 'old.js.gz', stale, modifiedMs - 1);
  await write(root, 'gone.js.gz', stale, modifiedMs);
  await using server = await serveFiles(root);
  const gzip = { 'accept-encoding': 'gzip' };
  const before = await get(server.port, '/gone.js', gzip);

  await unlink(join(root, 'gone.js.gz'));
  const bodies = await Promise.all(
    ['old.js', 'empty.js', 'gone.js'].map(async (path) =>
      (await decoders.gzip((await get(server.port, `/${path}`, gzip)).body)).toString(),
    ),
  );

  assert.equal(before.body.compare(stale), 0);
  assert.deepEqual(bodies, [script, script, script]);
});

test('a range is one of the bytes that are sent, in the coding that is sent', async (t) => {
  const root = await makeFolder(t, { 'app.js': script });
  await using server = await serveFiles(root);
  const whole = await get(server.port, '/app.js', { 'accept-encoding': 'gzip' });
  const etag = whole.headers.get('etag') ?? '';

  const part = await get(server.port, '/app.js', { 'accept-encoding': 'gzip', range: 'bytes=10-19', 'if-range': etag });
  const other = await get(server.port, '/app.js', { range: 'bytes=10-19', 'if-range': etag });

  assert.deepEqual([part.status, part.headers.get('content-encoding')], [206, 'gzip']);
  assert.equal(part.body.compare(whole.body.subarray(10, 20)), 0);
  assert.deepEqual([other.status, other.body.toString()], [200, script]);
});

test('each coding has its own tag, and 304 is said for that one only', async (t) => {
  const root = await makeFolder(t, { 'app.js': script });
  await using server = await serveFiles(root);
  const etag = (await get(server.port, '/app.js', { 'accept-encoding': 'br' })).headers.get('etag') ?? '';

  const same = await get(server.port, '/app.js', { 'accept-encoding': 'br', 'if-none-match': etag });
  const plain = await get(server.port, '/app.js', { 'if-none-match': etag });

  assert.deepEqual([same.status, same.headers.get('etag'), same.headers.get('vary')], [304, etag, 'accept-encoding']);
  assert.equal(plain.status, 200);
});

test('clients that come together get the same bytes of each coding', async (t) => {
  const root = await makeFolder(t, { 'app.js': script });
  await using server = await serveFiles(root);

  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      get(server.port, '/app.js', { 'accept-encoding': i % 2 === 0 ? 'br' : 'gzip' }),
    ),
  );

  assert.equal(new Set(answers.map(({ body }) => body.toString('base64'))).size, 2);
});

test('a change is seen at the next request although all is kept in memory', async (t) => {
  const root = await makeFolder(t, { 'app.js': script });
  await using server = await serveFiles(root);
  const gzip = { 'accept-encoding': 'gzip' };
  await get(server.port, '/app.js', gzip);

  await write(root, 'app.js', `${script}!`, modifiedMs);
  const answer = await get(server.port, '/app.js', gzip);

  assert.equal((await decoders.gzip(answer.body)).toString(), `${script}!`);
});

test('a change is seen that leaves size and time as they were', async (t) => {
  const root = await makeFolder(t, { 'page.html': 'one' });
  await using server = await serveFiles(root);
  const before = await get(server.port, '/page.html', {});
  const { ctimeMs } = await stat(join(root, 'page.html'));

  // Until the clock of the file system has moved.
  do await write(root, 'page.html', 'two', modifiedMs);
  while ((await stat(join(root, 'page.html'))).ctimeMs === ctimeMs);
  const after = await get(server.port, '/page.html', { 'if-none-match': before.headers.get('etag') ?? '' });

  assert.deepEqual([String(before.body), after.status, String(after.body)], ['one', 200, 'two']);
});

test('what never changes is sent from memory even when it is gone', async (t) => {
  const root = await makeFolder(t, { 'assets/app-1.js': script, 'page.html': 'page' });
  await using server = await serveFiles(root, { immutable: /^assets\// });
  await get(server.port, '/assets/app-1.js', {});
  await get(server.port, '/page.html', {});

  await unlink(join(root, 'assets/app-1.js'));
  await unlink(join(root, 'page.html'));
  const [asset, page] = await Promise.all(['/assets/app-1.js', '/page.html'].map((path) => get(server.port, path, {})));

  assert.deepEqual([asset?.status, page?.status], [200, 404]);
});
