import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { background, type Context, rootContext } from '../../../concurrency/index.ts';
import { type Labels, noTelemetry, withTelemetry } from '../../../observe/index.ts';
import { virtualClock } from '../../../testing/index.ts';
import { authority, noOpenssl } from '../testdata/certificates.ts';
import { eventually, turns } from '../testdata/served.ts';
import type { Listener } from './listener.ts';
import { type TcpListenerOptions, tcpListener, throughIntake } from './tcp-listener.ts';

const inTime = { timeout: 30_000 };

describe('what a connection goes through', inTime, () => {
  const refusals: [reason: string, options: Partial<TcpListenerOptions>, bytes: string][] = [
    ['max_connections_per_address', { maxConnectionsPerAddress: 1 }, ''],
    ['max_connections', { maxConnections: 1 }, ''],
    ['proxy_header_refused', { proxyProtocol: { from: ['127.0.0.1'] } }, 'GET /'],
    ['proxy_header_ended', { proxyProtocol: { from: ['127.0.0.1'] } }, 'PROXY TCP4'],
    ['proxy_header_timeout', { proxyProtocol: { from: ['127.0.0.1'], timeoutMs: 1_000 } }, 'PROXY TCP6'],
  ];
  for (const [reason, options, bytes] of refusals) {
    test(`is counted where it ends early: ${reason}`, async () => {
      await using fixture = await listening(options);
      const first = await fixture.connect();
      if (bytes === '') await eventually(() => fixture.accepted.length === 1);

      const refused = bytes === '' ? await fixture.connect() : first;
      if (bytes !== '') await new Promise<void>((resolve) => refused.write(bytes, () => resolve()));
      if (reason === 'proxy_header_ended') refused.end();
      const closed = once(refused.resume(), 'close');
      if (reason === 'proxy_header_timeout') {
        await eventually(() => fixture.clock.pending === 1);
        await fixture.clock.advance(1_000);
      }

      await closed;
      await eventually(() => fixture.counted.length === 1);
      assert.deepEqual(fixture.counted, [reason]);
    });
  }

  test('is counted where a handshake fails', { skip: noOpenssl }, async () => {
    await using fixture = await listening({ tls: authority().issue('localhost') });
    const socket = await fixture.connect();

    socket.write('GET / HTTP/1.1\r\n\r\n');

    await once(socket.resume(), 'close');
    await eventually(() => fixture.counted.length === 1);
    assert.deepEqual(fixture.counted, ['tls_handshake']);
  });

  test('is the same for connections that another listener gives', { skip: noOpenssl }, async () => {
    let give: (socket: Socket) => void = () => {};
    const inner: Listener = {
      async start(_: Context, onConnection) {
        give = onConnection;
        return { host: '127.0.0.1', port: 4711 };
      },
      stop: async () => {},
    };
    const listener = throughIntake('test', inner, { maxConnections: 1, tls: authority().issue('localhost') });
    const address = await listener.start(background(), () => assert.fail('it has not shaken hands'));
    const port = tcpListener({ port: 0 });
    const { port: number } = await port.start(background(), (socket) => give(socket));
    const kept = connect(number, '127.0.0.1').on('error', () => {});
    await once(kept, 'connect');

    const refused = connect(number, '127.0.0.1').on('error', () => {});
    await once(refused.resume(), 'close');

    assert.deepEqual(address, { host: '127.0.0.1', port: 4711, isSecure: true });
    kept.destroy();
    await Promise.all([listener.stop(), port.stop()]);
  });

  test('holds a stop up for a moment, and is then over', async () => {
    await using fixture = await listening({ proxyProtocol: { from: ['127.0.0.1'], timeoutMs: 60_000 } });
    const socket = await fixture.connect();
    await eventually(() => fixture.clock.pending === 1);
    let hasStopped = false;

    const stopped = fixture.stop().then(() => {
      hasStopped = true;
    });
    await turns();
    assert.equal(hasStopped, false);
    const closed = once(socket.resume(), 'close');
    await fixture.clock.advance(500);

    await Promise.all([stopped, closed]);
  });
});

async function listening(options: Partial<TcpListenerOptions>) {
  const clock = virtualClock();
  const counted: string[] = [];
  const counter = {
    with: ({ reason = '' }: Labels = {}) => ({ add: () => void counted.push(reason) }),
  };
  const metrics = { ...noTelemetry.metrics, counter: () => counter };
  const ctx = withTelemetry(rootContext(clock), { ...noTelemetry, metrics });
  const accepted: Socket[] = [];
  const clients: Socket[] = [];
  const listener = tcpListener({ port: 0, ...options });
  const { port } = await listener.start(ctx, (socket) => accepted.push(socket.on('error', () => {})));
  return {
    clock,
    counted,
    accepted,
    stop: () => listener.stop(),
    async connect(): Promise<Socket> {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      clients.push(socket);
      await once(socket, 'connect');
      return socket;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...clients, ...accepted]) socket.destroy();
      await listener.stop();
    },
  };
}
