import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { attempts, randomAttempts } from './ambiguous.ts';
import { checkAnswers, checkSeen, type Seen, sendAll } from './check.ts';
import { startFront } from './front.ts';

const seed = Number(process.env.FLOTILLA_HTTP_SEED ?? Date.now() % 2 ** 31);

for (const insecureHTTPParser of [false, true]) {
  const name = `node:http${insecureHTTPParser ? ', lenient' : ''}`;

  test(`behind our server and client, ${name} sees the requests that we have seen, and no other (seed ${seed})`, async () => {
    const seen: Seen[] = [];
    const back = createServer({ insecureHTTPParser, keepAliveTimeout: 60_000 }, (request, response) => {
      const id = request.headers['x-front-id'] as string | undefined;
      const one = { id, method: request.method!, target: request.url!, body: '', isComplete: false };
      seen.push(one);
      request.setEncoding('latin1');
      request.on('data', (chunk: string) => {
        one.body += chunk;
      });
      request.on('end', () => {
        one.isComplete = true;
        response.setHeader('x-back-id', id ?? 'none');
        response.end(request.method === 'HEAD' ? undefined : 'answer');
      });
      request.on('error', () => {});
    });
    back.listen(0, '127.0.0.1');
    await once(back, 'listening');
    await using front = await startFront((back.address() as AddressInfo).port);

    const answers = await sendAll(front.port, [...attempts, ...randomAttempts(seed, 400)]);
    back.close();
    back.closeAllConnections();

    checkSeen(seen, front.forwarded);
    checkAnswers(answers, 'x-front-id', 'x-back-id');
  });
}
