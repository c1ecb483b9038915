import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { background, type Context } from 'flotilla/concurrency';
import { createHttpServer, createRouter, empty, requestOf, setReplyHeader } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import type { Middleware } from 'flotilla/service';
import { attempts, randomAttempts } from '../conformance/http/chain/ambiguous.ts';
import { checkAnswers, checkSeen, type Seen, sendAll } from '../conformance/http/chain/check.ts';
import { type Forwarded, startFront } from '../conformance/http/chain/front.ts';
import { missing, type Program, startProgram } from './program.ts';

const seed = Number(process.env.FLOTILLA_HTTP_SEED ?? Date.now() % 2 ** 31);
const all = [...attempts, ...randomAttempts(seed, 400)];

describe(`a chain of servers finds no smuggled request (seed ${seed})`, () => {
  it('ours in front of nginx', { skip: missing('nginx') }, async () => {
    await using nginx = await startNginx();
    await using front = await startFront(nginx.port);

    const answers = await sendAll(front.port, all);
    await nginx.stop();

    checkSeen(nginxSaw(nginx, front.forwarded), front.forwarded);
    checkAnswers(answers, 'x-front-id', 'x-back-id');
  });

  for (const isLenient of [false, true]) {
    it(`haproxy${isLenient ? ', lenient,' : ''} in front of ours`, { skip: missing('haproxy') }, async () => {
      await using back = await startBack();
      await using haproxy = await startHaproxy(back.port, isLenient);

      const answers = await sendAll(haproxy.port, all);
      await haproxy.stop();

      checkCounted(haproxy, back.seen);
      checkAnswers(answers, 'x-haproxy-id', 'x-back-id');
    });
  }

  it('haproxy in front of ours in front of nginx', { skip: missing('haproxy', 'nginx') }, async () => {
    await using nginx = await startNginx();
    await using front = await startFront(nginx.port);
    await using haproxy = await startHaproxy(front.port, true);

    const answers = await sendAll(haproxy.port, all);
    await haproxy.stop();
    await nginx.stop();

    checkSeen(nginxSaw(nginx, front.forwarded), front.forwarded);
    checkAnswers(answers, 'x-haproxy-id', 'x-unique-id');
  });
});

/** Answers all, and logs the request lines that it saw, also broken ones. */
function startNginx(): Promise<Program> {
  return startProgram((port, folder) => {
    const file = join(folder, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    writeFileSync(
      file,
      `daemon off;
      pid ${folder}/nginx.pid;
      error_log ${folder}/error.log;
      events {}
      http {
        ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
        log_format seen escape=json '{"id":"$http_x_front_id","line":"$request","status":$status}';
        access_log ${folder}/access.log seen;
        merge_slashes off;
        server {
          listen 127.0.0.1:${port};
          add_header x-back-id $http_x_front_id always;
          add_header x-unique-id $http_x_unique_id always;
          location / { return 200 answer; }
        }
      }`,
    );
    return ['nginx', '-p', folder, '-e', 'stderr', '-c', file];
  });
}

/** Those that it refused, it refused by their first line, before it read the id: the front must have sent such a line. */
function nginxSaw({ folder }: Program, forwarded: ReadonlyMap<string, Forwarded>): Seen[] {
  const lines = readFileSync(join(folder, 'access.log'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { id: string; line: string; status: number });
  const sent = new Set([...forwarded.values()].map(({ method, target }) => `${method} ${target} HTTP/1.1`));
  return lines
    .filter(({ id, line, status }) => !(id === '' && status === 400 && sent.has(line)))
    .map(({ id, line }) => {
      const [method = '', target = ''] = line.split(' ');
      return { id: id === '' ? undefined : id, method, target };
    });
}

/** Gives every request that it counts an id, and prints it with the method. */
function startHaproxy(backPort: number, isLenient: boolean): Promise<Program> {
  return startProgram((port, folder) => {
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(
      file,
      `global
  log stdout len 8192 format raw daemon
defaults
  mode http
  timeout client 1s
  timeout server 2s
  timeout connect 2s
  timeout http-request 400ms
  timeout http-keep-alive 400ms
  http-reuse always
  log global
frontend front
  bind 127.0.0.1:${port}
  ${isLenient ? 'option accept-invalid-http-request' : ''}
  http-request del-header X-Unique-Id
  unique-id-format %{+X}rt
  unique-id-header X-Unique-Id
  log-format "%ID %HM"
  http-response set-header X-Haproxy-Id %[unique-id]
  default_backend back
backend back
  retries 0
  server ours 127.0.0.1:${backPort}
`,
    );
    return ['haproxy', '-f', file, '-db'];
    // On SIGTERM it forgets what it has begun, and does not count it.
  }, 'SIGUSR1');
}

/** All that ours saw is what haproxy counted, once each. */
function checkCounted(haproxy: Program, seen: readonly Seen[]): void {
  const counted = new Map<string, string>();
  for (const line of haproxy.printed().split('\n')) {
    const [id = '', method = ''] = line.split(' ');
    // It writes what has a meaning in its log as # and two digits.
    counted.set(
      id,
      method.replace(/#([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    );
  }
  const ids = new Set<string>();
  for (const { id = 'none', method, target } of seen) {
    assert.equal(counted.get(id), method, `ours saw ${method} ${target} as ${id}, which haproxy did not send`);
    assert.ok(!ids.has(id), `ours saw ${id} twice: ${method} ${target}`);
    ids.add(id);
  }
  assert.ok(ids.size > 200, `only ${ids.size} requests came to ours`);
}

interface Back extends AsyncDisposable {
  readonly port: number;
  readonly seen: readonly Seen[];
}

async function startBack(): Promise<Back> {
  const seen: Seen[] = [];
  const server = createHttpServer({
    name: 'back',
    router: createRouter(),
    listener: tcpListener({ port: 0 }),
    requestTimeoutMs: 2_000,
    middleware: [
      // Instead of every handler: requests that no route answers are seen, too.
      (() => async (ctx: Context) => {
        const request = requestOf(ctx)!;
        const id = request.header('x-unique-id');
        seen.push({ id, method: request.method, target: request.path });
        setReplyHeader(ctx, 'x-back-id', id ?? 'none');
        return empty();
      }) as Middleware,
    ],
  });
  const [endpoint] = await server.start(background());
  return {
    port: Number(new URL(endpoint!.url).port),
    seen,
    [Symbol.asyncDispose]: () => server.stop(background().withTimeout(2_000)),
  };
}
