import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { background } from 'flotilla/concurrency';
import * as tcp from 'flotilla/net/tcp';
import { missing, type Program, startProgram } from './program.ts';

/** Against haproxy, which defined the protocol, in both roles; and curl, which says it too. */
const ctx = background();
const from = ['127.0.0.0/8', 'unix'];

const senders = ['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options crc32c,unique-id'];

describe('haproxy sends a header', { timeout: 60_000, skip: missing('haproxy') }, () => {
  for (const option of senders) {
    test(`that is understood: ${option}`, async () => {
      await using server = await reporting({ port: 0 });
      await using proxy = await haproxy((port) => [
        `bind 127.0.0.1:${port}`,
        `unique-id-format %{+X}o%ci%cp%ts`,
        `server ours 127.0.0.1:${server.port} ${option}`,
      ]);

      const client = connect(proxy.port, '127.0.0.1');
      await once(client, 'connect');

      const { localPort } = client;
      assert.equal(await lineOf(client), `127.0.0.1:${localPort} to 127.0.0.1:${proxy.port}`);
    });
  }

  test('of its own connection, a health check, without disturbing anything', async () => {
    await using server = await reporting({ port: 0 });
    await using proxy = await haproxy((port) => [
      `bind 127.0.0.1:${port}`,
      `server ours 127.0.0.1:${server.port} send-proxy-v2 check inter 50ms rise 1`,
    ]);
    // The checks are connections of haproxy's own: they carry LOCAL.
    while (server.seen.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));

    const client = connect(proxy.port, '127.0.0.1');
    await once(client, 'connect');

    const { localPort } = client;
    assert.equal(await lineOf(client), `127.0.0.1:${localPort} to 127.0.0.1:${proxy.port}`);
  });

  test('about a client on a Unix socket, to a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-haproxy-'));
    const path = join(folder, 'ours.sock');
    await using _ = await reporting({ path });
    await using proxy = await haproxy((port) => [`bind 127.0.0.1:${port}`, `server ours unix@${path} send-proxy-v2`]);

    const client = connect(proxy.port, '127.0.0.1');
    await once(client, 'connect');

    const { localPort } = client;
    assert.equal(await lineOf(client), `127.0.0.1:${localPort} to 127.0.0.1:${proxy.port}`);
    rmSync(folder, { recursive: true });
  });
});

describe('haproxy takes a header', { timeout: 60_000, skip: missing('haproxy') }, () => {
  const families = {
    ipv4: { source: address('ipv4', '192.0.2.1', 4711), destination: address('ipv4', '198.51.100.1', 443) },
    ipv6: { source: address('ipv6', '2001:db8::1', 4711), destination: address('ipv6', '2001:db8::2', 443) },
  } as const;
  for (const version of [1, 2] as const) {
    for (const [family, ends] of Object.entries(families)) {
      test(`that we write: version ${version}, ${family}`, async () => {
        await using server = await reporting({ port: 0 });
        await using proxy = await haproxy((port) => [
          `bind 127.0.0.1:${port} accept-proxy`,
          `server ours 127.0.0.1:${server.port} send-proxy-v2`,
        ]);

        await using connection = await tcp.dial(ctx, {
          port: proxy.port,
          codec: tcp.lines(),
          proxyProtocol: { version, ...ends, ...(version === 2 && { checksum: true }) },
        });

        const expected = `${tcp.formatAddress(ends.source)} to ${tcp.formatAddress(ends.destination)}`;
        assert.equal(await connection.read(ctx), expected);
      });
    }
  }
});

test('curl sends a header that is understood', { timeout: 60_000, skip: missing('curl') }, async () => {
  await using server = await reporting({ port: 0 });

  // It speaks HTTP to a server that does not; what it prints is what came.
  const url = `http://127.0.0.1:${server.port}/`;
  const child = spawn('curl', ['--silent', '--http0.9', '--haproxy-protocol', url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];

  assert.match(String(text), new RegExp(`^127\\.0\\.0\\.1:\\d+ to 127\\.0\\.0\\.1:${server.port}\n$`));
});

function address(family: 'ipv4' | 'ipv6', host: string, port: number): tcp.NetAddress {
  return { family, host, port };
}

/** A server that tells each client between whom it believes the connection to be. */
async function reporting(place: { port: number } | { path: string }) {
  const seen: string[] = [];
  const server = tcp.serve({
    name: 'reporting',
    ...place,
    proxyProtocol: { from },
    codec: tcp.lines(),
    drainGraceMs: 0,
    async handler(_, connection) {
      const { remoteAddress, localAddress } = connection;
      const line = `${tcp.formatAddress(remoteAddress)} to ${tcp.formatAddress(localAddress)}`;
      seen.push(line);
      await connection.write(ctx, line);
    },
  });
  const [endpoint] = await server.start(ctx);
  const port = 'path' in place ? 0 : Number(new URL(endpoint!.url).port);
  return { port, seen, [Symbol.asyncDispose]: () => server.stop(ctx.withTimeout(0)) };
}

/** haproxy in TCP mode, with these lines in its one section. */
function haproxy(section: (port: number) => readonly string[]): Promise<Program> {
  return startProgram((port, folder) => {
    const timeouts = ['timeout connect 5s', 'timeout client 30s', 'timeout server 30s'];
    const config = ['defaults', 'mode tcp', ...timeouts, 'listen proxy', ...section(port)];
    writeFileSync(join(folder, 'haproxy.cfg'), `${config.join('\n')}\n`);
    return ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')];
  });
}

async function lineOf(socket: Socket): Promise<string> {
  const [text] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return String(text).trimEnd();
}
