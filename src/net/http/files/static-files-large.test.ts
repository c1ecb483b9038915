import assert from 'node:assert/strict';
import { appendFile, open, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { hooks } from '../hooks.ts';
import { text } from '../reply/reply.ts';
import { errorOf, RawClient, serve } from '../server.fixture.ts';
import { eventually, makeFolder, modifiedMs, noise, openBelow, serveFiles, write } from './folder.fixture.ts';
import { staticFiles } from './static-files.ts';

const MiB = 1024 * 1024;
/** More than sockets on loopback hold, so that a client that reads nothing keeps it open. */
const large = noise(24 * MiB);
const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nhost: test\r\n${headers}\r\n`;
const linux = { skip: process.platform === 'linux' ? false : 'descriptors are counted in /proc' };

test('a file larger than the cache takes is sent whole, with its length and validators', async (t) => {
  const root = await makeFolder(t, { 'film.mp4': large });
  await using server = await serveFiles(root);

  const answer = await fetch(`${server.url}/film.mp4`);
  const body = Buffer.from(await answer.arrayBuffer());

  assert.equal(body.compare(large), 0);
  assert.equal(answer.headers.get('content-length'), String(large.length));
  assert.equal(answer.headers.get('content-type'), 'video/mp4');
  assert.equal(answer.headers.get('last-modified'), new Date(modifiedMs).toUTCString());
  assert.match(answer.headers.get('etag') ?? '', /^"[0-9a-z]+-[0-9a-z]+"$/);
  assert.equal(answer.headers.get('accept-ranges'), 'bytes');
  assert.equal(answer.headers.get('vary'), null);
});

test('a HEAD says the same and opens nothing', linux, async (t) => {
  const root = await makeFolder(t, { 'film.mp4': large });
  await using server = await serveFiles(root, { maxOpenFiles: 1 });

  const head = await fetch(`${server.url}/film.mp4`, { method: 'HEAD' });

  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(large.length)]);
  assert.equal(await openBelow(root), 0);
});

test('a part of a large file is sent as if it were read from there', async (t) => {
  const root = await makeFolder(t, { 'film.mp4': large });
  await using server = await serveFiles(root);

  const answer = await fetch(`${server.url}/film.mp4`, { headers: { range: `bytes=${3 * MiB - 5}-${9 * MiB}` } });
  const body = Buffer.from(await answer.arrayBuffer());

  assert.equal(answer.status, 206);
  assert.equal(answer.headers.get('content-range'), `bytes ${3 * MiB - 5}-${9 * MiB}/${large.length}`);
  assert.equal(body.compare(large.subarray(3 * MiB - 5, 9 * MiB + 1)), 0);
});

test('several parts of a large file are sent with the length of all', async (t) => {
  const root = await makeFolder(t, { 'film.mp4': large });
  await using server = await serveFiles(root);

  const answer = await fetch(`${server.url}/film.mp4`, { headers: { range: 'bytes=0-299999,5000000-5000001,-3' } });
  const body = Buffer.from(await answer.arrayBuffer()).toString('latin1');
  const boundary = /boundary=(\S+)/.exec(answer.headers.get('content-type') ?? '')?.[1];
  const parts = body.split(`--${boundary}`);

  assert.equal(answer.status, 206);
  assert.equal(body.length, Number(answer.headers.get('content-length')));
  assert.deepEqual([parts.length, parts[0], parts[4]], [5, '', '--\r\n']);
  for (const [index, range, from, to] of [
    [1, '0-299999', 0, 300_000],
    [2, '5000000-5000001', 5_000_000, 5_000_002],
    [3, `${large.length - 3}-${large.length - 1}`, large.length - 3, large.length],
  ] as const) {
    const bytes = Buffer.from(large.subarray(from, to)).toString('latin1');
    assert.ok(
      parts[index] ===
        `\r\ncontent-type: video/mp4\r\ncontent-range: bytes ${range}/${large.length}\r\n\r\n${bytes}\r\n`,
      `part ${index}`,
    );
  }
});

test('the descriptor is closed when all is sent, and when the client leaves', linux, async (t) => {
  const root = await makeFolder(t, { 'film.mp4': large });
  await using server = await serveFiles(root);
  await (await fetch(`${server.url}/film.mp4`)).arrayBuffer();
  await eventually(async () => (await openBelow(root)) === 0);
  const client = new RawClient(server.port);
  client.socket.pause();
  client.send(get('/film.mp4'));
  await eventually(async () => (await openBelow(root)) === 1);

  client.socket.destroy();

  await eventually(async () => (await openBelow(root)) === 0);
});

test('the descriptor is closed when something else is answered instead of the file', linux, async (t) => {
  const root = await makeFolder(t, { 'film.mp4': large });
  const files = staticFiles({ root });
  const instead = hooks({ onReply: () => text('something else') });
  await using server = await serve((router) => {
    router.get('/*path', { timeoutMs: 0, middleware: [instead] }, (ctx, req) => files(ctx, req, req.params.path));
    router.get('/lost', { timeoutMs: 0 }, async (ctx, req) => {
      await files(ctx, req, 'film.mp4');
      return text('something else');
    });
  });

  const answers = await Promise.all(['/film.mp4', '/lost'].map((path) => fetch(server.url + path)));

  assert.deepEqual(await Promise.all(answers.map((answer) => answer.text())), ['something else', 'something else']);
  await eventually(async () => (await openBelow(root)) === 0);
});

test('many readers of one file hold one descriptor; too many files are answered with 503', linux, async (t) => {
  const root = await makeFolder(t, { 'a.bin': large, 'b.bin': large });
  await using server = await serveFiles(root, { maxOpenFiles: 1 });
  using slow = new RawClient(server.port);
  slow.socket.pause();
  slow.send(get('/a.bin'));
  await eventually(async () => (await openBelow(root)) === 1);
  using client = new RawClient(server.port);

  const same = await fetch(`${server.url}/a.bin`);
  const isShared = (await openBelow(root)) === 1;
  const other = await client.send(get('/b.bin')).answer();
  await same.body?.cancel();
  slow.socket.destroy();
  await eventually(async () => (await openBelow(root)) === 0);
  const later = await fetch(`${server.url}/b.bin`);

  assert.deepEqual([same.status, isShared, other.status, later.status], [200, true, 503, 200]);
  assert.equal(errorOf(other).reason, 'TOO_MANY_OPEN_FILES');
  await later.body?.cancel();
});

/** Changes the file while a client has taken the head only; gives what the client has when the connection or answer ends. */
async function sentWhile(
  t: Parameters<typeof makeFolder>[0],
  change: (name: string) => Promise<void>,
): Promise<{ readonly isCut: boolean; readonly body: Buffer }> {
  const root = await makeFolder(t, { 'film.mp4': large });
  await using server = await serveFiles(root);
  using client = new RawClient(server.port);
  client.socket.pause();
  client.send(get('/film.mp4'));
  await eventually(async () => (await openBelow(root)) === 1);
  const chunks: Buffer[] = [];
  let size = 0;
  let isClosed = false;
  client.socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
  });
  client.socket.on('close', () => {
    isClosed = true;
  });

  await change(join(root, 'film.mp4'));
  client.socket.resume();
  await eventually(() => isClosed || size > large.length);

  const all = Buffer.concat(chunks);
  const body = all.subarray(all.indexOf('\r\n\r\n') + 4);
  return { isCut: body.length < large.length, body };
}

test('a file that becomes shorter while it is sent cuts the connection', linux, async (t) => {
  const { isCut } = await sentWhile(t, (name) => truncate(name, 5 * MiB));

  assert.equal(isCut, true);
});

test('a file that is written over while it is sent cuts the connection before its end', linux, async (t) => {
  const { isCut } = await sentWhile(t, async (name) => {
    await using file = await open(name, 'r+');
    await file.write(noise(MiB, 7), 0, MiB, 20 * MiB);
  });

  assert.equal(isCut, true);
});

test('a file that grows while it is sent is sent as it was', linux, async (t) => {
  const { isCut, body } = await sentWhile(t, (name) => appendFile(name, 'more'));

  assert.deepEqual([isCut, body.compare(large)], [false, 0]);
});

test('a file that is replaced while it is sent is sent as it was', linux, async (t) => {
  const { isCut, body } = await sentWhile(t, async (name) => {
    await writeFile(`${name}.new`, noise(large.length, 3));
    await rename(`${name}.new`, name);
  });

  assert.deepEqual([isCut, body.compare(large)], [false, 0]);
});

test('a large file that was replaced is seen at the next request', async (t) => {
  const root = await makeFolder(t, { 'film.mp4': large });
  await using server = await serveFiles(root);
  const first = await fetch(`${server.url}/film.mp4`);
  await first.body?.cancel();

  await write(root, 'film.mp4', large.subarray(1), modifiedMs + 1000);
  const second = await fetch(`${server.url}/film.mp4`, {
    headers: { 'if-none-match': first.headers.get('etag') ?? '' },
  });
  const body = Buffer.from(await second.arrayBuffer());

  assert.deepEqual([second.status, body.compare(large.subarray(1))], [200, 0]);
  assert.notEqual(second.headers.get('etag'), first.headers.get('etag'));
});

test('nothing is kept in memory where the cache has no room, and everything works', async (t) => {
  const root = await makeFolder(t, { 'page.html': '<p>hello', 'empty.txt': '' });
  await using server = await serveFiles(root, { cacheBytes: 0 });

  const page = await fetch(`${server.url}/page.html`);
  const empty = await fetch(`${server.url}/empty.txt`);

  assert.deepEqual([page.status, await page.text(), empty.status, await empty.text()], [200, '<p>hello', 200, '']);
  assert.match(page.headers.get('etag') ?? '', /^"8-/);
});
