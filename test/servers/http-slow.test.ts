import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { background } from 'flotilla/concurrency';
import { bytes, client, createHttpServer, createRouter, rawText, text } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import { missing, output } from './program.ts';

const seconds = 6;
let url = '';
const router = createRouter();
router.get('/', () => text('hello'));
router.post('/', { body: rawText() }, (_ctx, req) => text(req.body));
router.get('/large', () => bytes(Buffer.alloc(1_000_000)));
const server = createHttpServer({
  name: 'slow',
  router,
  listener: tcpListener({ port: 0 }),
  headersTimeoutMs: 2_000,
  requestTimeoutMs: 2_000,
  sendTimeoutMs: 2_000,
});

/** What slowhttptest does for a few seconds with 200 connections, while an honest client asks on and on. */
async function attacked(...mode: string[]): Promise<{ readonly report: string; readonly answers: number }> {
  await using honest = client({ baseUrl: url });
  let isOver = false;
  const attack = output('slowhttptest', [
    ...mode,
    '-c',
    '200',
    '-r',
    '200',
    '-i',
    '1',
    '-l',
    String(seconds),
    '-p',
    '3',
  ]);
  const over = attack.finally(() => {
    isOver = true;
  });
  let answers = 0;
  while (!isOver) {
    const answer = await honest.request(background(), { url: '/' });
    assert.equal(answer.text(), 'hello');
    answers++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the report is coloured
  return { report: (await over).replace(/\x1b\[[\d;]*m/g, ''), answers };
}

describe('slowhttptest', { skip: missing('slowhttptest') }, () => {
  before(async () => {
    const [endpoint] = await server.start(background());
    url = endpoint!.url;
  });

  after(async () => {
    using limit = background().withTimeout(5_000);
    await server.stop(limit);
  });

  for (const [name, mode] of [
    ['slow headers', ['-H', '-u', '/']],
    ['slow bodies', ['-B', '-u', '/', '-s', '8192']],
    ['many ranges', ['-R', '-u', '/large']],
    ['slow readers', ['-X', '-u', '/large', '-w', '10', '-y', '20', '-n', '1', '-z', '32', '-k', '3']],
  ] as const) {
    it(`with ${name} keeps nobody else from being served`, async () => {
      const { report, answers } = await attacked(...mode.map((text) => (text.startsWith('/') ? url + text : text)));

      assert.ok(answers >= 10, `${answers} answers`);
      assert.match(report, /service available:\s+YES/);
    });
  }
});
