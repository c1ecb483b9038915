import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { background, rootContext } from '../../../concurrency/index.ts';
import { virtualClock } from '../../../testing/index.ts';
import { formatAddress, localAddressOf, type NetAddress, remoteAddressOf } from '../address/net-address.ts';
import { dial } from '../connection/dial.ts';
import { serve } from '../connection/serve.ts';
import { lines } from '../framing/lines.ts';
import type { IntakeOptions } from '../listener/intake.ts';
import { tcpListener } from '../listener/tcp-listener.ts';
import { authority, noOpenssl } from '../testdata/certificates.ts';
import { eventually } from '../testdata/served.ts';
import { encodeProxyHeader } from './proxy-header.ts';

const ctx = background();
const inTime = { timeout: 30_000 };
const source: NetAddress = { family: 'ipv4', host: '192.0.2.7', port: 4711 };
const destination: NetAddress = { family: 'ipv4', host: '198.51.100.1', port: 443 };
const local = ['127.0.0.0/8'];

describe('a listener behind a proxy', inTime, () => {
  for (const version of [1, 2] as const) {
    test(`takes both ends from a header of version ${version}, and gives what follows`, async () => {
      await using fixture = await listening({ proxyProtocol: { from: local } });
      const header = encodeProxyHeader({ version, source, destination });

      for (const pieces of [
        [Buffer.concat([header, Buffer.from('hello')])],
        [...header].map((byte) => Buffer.of(byte)),
      ]) {
        const socket = await fixture.connect(pieces);
        if (pieces.length > 1) socket.write('hello');
        const accepted = await fixture.next();

        assert.deepEqual([remoteAddressOf(accepted), localAddressOf(accepted)], [source, destination]);
        assert.equal(String((await once(accepted, 'data'))[0]), 'hello');
      }
    });
  }

  test('keeps the ends of the socket for a connection of the proxy’s own', async () => {
    await using fixture = await listening({ proxyProtocol: { from: local } });
    const none = { source: undefined, destination: undefined };

    for (const version of [1, 2] as const) {
      const socket = await fixture.connect([encodeProxyHeader({ version, ...none })]);
      const accepted = await fixture.next();

      assert.deepEqual(remoteAddressOf(accepted), { family: 'ipv4', host: '127.0.0.1', port: socket.localPort });
    }
  });

  test('closes a connection of the proxy without a valid header', async () => {
    await using fixture = await listening({ proxyProtocol: { from: local } });

    for (const text of ['GET / HTTP/1.1\r\n\r\n', 'PROXY TCP4 1 2 3 4\r\n', '\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff']) {
      const socket = await fixture.connect([Buffer.from(text, 'latin1')]);
      await once(socket.resume(), 'close');
    }
    const half = await fixture.connect([Buffer.from('PROXY TCP4 ')]);
    half.end();
    await once(half.resume(), 'close');

    assert.equal(fixture.count(), 0);
  });

  test('closes a connection of the proxy whose header takes too long', async () => {
    await using fixture = await listening({ proxyProtocol: { from: local, timeoutMs: 1_000 } });
    const socket = await fixture.connect([Buffer.from('PROXY ')]);
    const closed = once(socket.resume(), 'close');
    await eventually(() => fixture.clock.pending === 1);

    await fixture.clock.advance(1_000);

    await closed;
    assert.equal(fixture.clock.pending, 0);
  });

  test('believes nobody else: what they send is no header', async () => {
    await using fixture = await listening({ proxyProtocol: { from: ['192.0.2.1', '10.0.0.0/8', '::1', 'unix'] } });
    const header = encodeProxyHeader({ version: 1, source, destination });

    const socket = await fixture.connect([header]);
    const accepted = await fixture.next();

    assert.equal(remoteAddressOf(accepted)?.port, socket.localPort);
    assert.equal(String((await once(accepted, 'data'))[0]), String(header));
  });

  test('limits the connections of the client that the proxy names', async () => {
    await using fixture = await listening({ proxyProtocol: { from: local }, maxConnectionsPerAddress: 1 });
    const of = (host: string) => [encodeProxyHeader({ version: 1, source: { ...source, host }, destination })];

    const first = await fixture.connect(of('192.0.2.1'));
    await fixture.next();
    const refused = await fixture.connect(of('192.0.2.1'));
    await once(refused.resume(), 'close');
    await fixture.connect(of('192.0.2.2'));
    await fixture.next();
    first.destroy();

    await eventually(() => fixture.sockets[0]!.destroyed);
    await fixture.connect(of('192.0.2.1'));
    await fixture.next();
  });

  test('is told by a connection that is dialed, before TLS too', { skip: noOpenssl }, async () => {
    const ca = authority();
    const seen = Promise.withResolvers<string>();
    const server = serve({
      name: 'behind',
      port: 0,
      codec: lines(),
      tls: ca.issue('localhost'),
      proxyProtocol: { from: local },
      drainGraceMs: 0,
      async handler(_, connection) {
        const { remoteAddress, localAddress } = connection;
        seen.resolve(`${formatAddress(remoteAddress)} to ${formatAddress(localAddress)}`);
        for await (const line of connection) await connection.write(ctx, line);
      },
    });
    const [endpoint] = await server.start(ctx);
    const port = Number(new URL(endpoint!.url).port);
    await using connection = await dial(ctx, {
      host: 'localhost',
      port,
      codec: lines(),
      tls: { ca: ca.cert },
      proxyProtocol: { version: 2, source, destination, checksum: true },
    });

    await connection.write(ctx, 'hello');

    assert.equal(await connection.read(ctx), 'hello');
    assert.equal(await seen.promise, '192.0.2.7:4711 to 198.51.100.1:443');
    await connection.close();
    await server.stop(ctx);
  });

  test('is set up with addresses and networks only', () => {
    const bad = [
      [],
      ['localhost'],
      ['10.0.0.0/33'],
      ['10.0.0.0/'],
      ['::1/129'],
      ['10.0.0.0/8/8'],
      [''],
      ['10.0.0.0/-1'],
    ];
    for (const from of bad)
      assert.throws(() => tcpListener({ port: 0, proxyProtocol: { from } }), RangeError, JSON.stringify(from));
    assert.throws(() => tcpListener({ port: 0, proxyProtocol: { from: local, timeoutMs: 0 } }), RangeError);
    tcpListener({ port: 0, proxyProtocol: { from: ['2001:db8::/32', '::1', '0.0.0.0/0', '192.0.2.1/32'] } });
  });
});

async function listening(options: IntakeOptions) {
  const clock = virtualClock();
  const sockets: Socket[] = [];
  const clients: Socket[] = [];
  let taken = 0;
  const listener = tcpListener({ port: 0, ...options });
  const { port } = await listener.start(rootContext(clock), (socket) => {
    sockets.push(socket.on('error', () => {}));
  });
  return {
    clock,
    sockets,
    count: () => sockets.length,
    async connect(pieces: readonly Buffer[]): Promise<Socket> {
      const socket = connect(port, '127.0.0.1').setNoDelay(true);
      clients.push(socket.on('error', () => {}));
      await once(socket, 'connect');
      for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
      return socket;
    },
    async next(): Promise<Socket> {
      await eventually(() => sockets.length > taken);
      return sockets[taken++]!;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...clients, ...sockets]) socket.destroy();
      await listener.stop();
    },
  };
}
