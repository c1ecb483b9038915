import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { background } from '../../../concurrency/index.ts';
import { isStatusError, type StatusError } from '../../../errors/index.ts';
import { type DialOptions, dial } from '../connection/dial.ts';
import { serve } from '../connection/serve.ts';
import { http1, tlsClientHello } from '../first-bytes/matcher.ts';
import { protocolMux } from '../first-bytes/protocol-mux.ts';
import { lengthPrefixed } from '../framing/length-prefixed.ts';
import { lines } from '../framing/lines.ts';
import { tcpListener } from '../listener/tcp-listener.ts';
import { authority, noOpenssl } from '../testdata/certificates.ts';
import { eventually, textOf } from '../testdata/served.ts';
import { tlsUpgrade } from './tls-gate.ts';
import type { TlsServerOptions } from './tls-server-options.ts';
import type { TlsState } from './tls-state.ts';

const ctx = background();
const options = { timeout: 60_000, skip: noOpenssl };

describe('TLS', options, () => {
  const ca = noOpenssl === false ? authority() : undefined!;
  const own = noOpenssl === false ? ca.issue('localhost', ['localhost', 'IP:127.0.0.1']) : undefined!;
  const trust = { ca: noOpenssl === false ? ca.cert : '' };

  test('carries messages, large ones too, both ways, and their end', async () => {
    const server = serve({
      name: 'secure',
      port: 0,
      tls: own,
      codec: lengthPrefixed({ maxBytes: 4 << 20 }),
      async handler(_, connection) {
        for await (const message of connection) await connection.write(ctx, message);
      },
    });
    const [endpoint] = await server.start(ctx);
    const url = new URL(endpoint!.url);
    assert.equal(url.protocol, 'tls:');
    const codec = lengthPrefixed({ maxBytes: 4 << 20 });
    await using connection = await dial(ctx, { host: 'localhost', port: Number(url.port), tls: trust, codec });
    const large = Buffer.alloc(4 << 20, 5);

    await connection.write(ctx, 'small');
    await connection.write(ctx, large);
    connection.closeWrite();

    assert.equal(String(await connection.read(ctx)), 'small');
    assert.ok(large.equals((await connection.read(ctx))!));
    assert.equal(await connection.read(ctx), undefined);
    await server.stop(ctx);
  });

  test('tells both ends what was agreed', async () => {
    await using fixture = await secured({ ...own, alpnProtocols: ['room/2', 'room/1'] });

    await using connection = await fixture.dial({ tls: { ...trust, alpnProtocols: ['room/1', 'room/0'] } });

    const server = await fixture.seen();
    assert.deepEqual(
      [server.version, server.alpnProtocol, server.serverName, server.peerCertificate],
      ['TLSv1.3', 'room/1', 'localhost', undefined],
    );
    const { alpnProtocol, peerCertificate } = connection.tls!;
    assert.equal(alpnProtocol, 'room/1');
    assert.equal(peerCertificate?.commonName, 'localhost');
    assert.deepEqual(peerCertificate?.alternativeNames, ['DNS:localhost', 'IP Address:127.0.0.1']);
    assert.equal(peerCertificate?.isVerified, true);
    assert.equal(connection.remoteAddress.port, fixture.port);
  });

  test('believes only whom it was told to, and only under the right name', async () => {
    await using fixture = await secured(own);
    const stranger = authority('Stranger');
    const table: [DialOptions, string | undefined][] = [
      [{ tls: trust }, undefined],
      [{ host: '127.0.0.1', tls: trust }, undefined],
      [{ host: '127.0.0.1', tls: { ...trust, serverName: 'localhost' } }, undefined],
      [{ tls: true }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [{ tls: { ca: stranger.cert } }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [{ tls: { ...trust, serverName: 'elsewhere.example' } }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
      [{ tls: { verify: false } }, undefined],
    ];

    for (const [dialed, code] of table) {
      if (code === undefined) await (await fixture.dial(dialed)).close();
      else {
        const error = await failure(fixture.dial(dialed));
        assert.deepEqual([error.reason, error.metadata.code], ['TLS_FAILED', code]);
      }
    }
  });

  test('speaks no version below 1.2, or below 1.3 if told so', async () => {
    await using fixture = await secured(own);
    await using strict = await secured({ ...own, minVersion: 'TLSv1.3' });
    const old = { ...trust, host: 'localhost', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;

    await assert.rejects(handshake({ ...old, port: fixture.port, ciphers: 'DEFAULT@SECLEVEL=0' }));
    assert.equal(await handshake({ ...trust, port: fixture.port, maxVersion: 'TLSv1.2' }), 'TLSv1.2');
    await assert.rejects(handshake({ ...trust, port: strict.port, maxVersion: 'TLSv1.2' }));
  });

  test('refuses a client that offers none of its protocols', async () => {
    await using fixture = await secured({ ...own, alpnProtocols: ['room/2'] });

    const error = await failure(fixture.dial({ tls: { ...trust, alpnProtocols: ['room/1'] } }));

    assert.equal(error.reason, 'TLS_FAILED');
  });

  test('shows the certificate of the name that is asked for: exact, wildcard, its own', async () => {
    const wild = ca.issue('wild', ['*.example.com']);
    const exact = ca.issue('exact', ['room.example.com']);
    const serverNames = { '*.Example.com': wild, 'ROOM.example.com': exact };
    await using fixture = await secured({ ...own, serverNames });
    const table: [asked: string | undefined, commonName: string][] = [
      ['room.example.com', 'exact'],
      ['Room.Example.Com', 'exact'],
      ['other.example.com', 'wild'],
      ['a.b.example.com', 'localhost'],
      ['example.com', 'localhost'],
      ['localhost', 'localhost'],
      [undefined, 'localhost'],
    ];

    for (const [servername, commonName] of table) {
      const named: ConnectionOptions = servername === undefined ? {} : { servername };
      const socket = connectTls({ port: fixture.port, rejectUnauthorized: false, ...named });
      await once(socket, 'secureConnect');
      assert.match(socket.getPeerX509Certificate()!.subject, new RegExp(`CN=${commonName}$`), `for ${servername}`);
      socket.destroy();
    }
  });

  test('asks clients for a certificate and says whose it is', async () => {
    await using fixture = await secured({ ...own, ca: ca.cert, clientCertificate: 'required' });
    const room = ca.issue('room-7', ['URI:spiffe://example.com/room']);

    await using _ = await fixture.dial({ tls: { ...trust, ...room } });

    const { peerCertificate } = await fixture.seen();
    assert.equal(peerCertificate?.commonName, 'room-7');
    assert.equal(peerCertificate?.subject, 'O=Test\nCN=room-7');
    assert.equal(peerCertificate?.issuer, 'O=Test\nCN=Test CA');
    assert.deepEqual(peerCertificate?.alternativeNames, ['URI:spiffe://example.com/room']);
    assert.match(peerCertificate?.fingerprint ?? '', /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    assert.equal(peerCertificate?.isVerified, true);
  });

  test('hands no connection on whose client shows no certificate, or a stranger’s, where one is required', async () => {
    await using fixture = await secured({ ...own, ca: ca.cert, clientCertificate: 'required' });
    const strangers = authority('Stranger').issue('room-7');

    for (const shown of [{}, strangers]) {
      // With TLS 1.3 the client is done before the server has looked.
      const connection = await fixture.dial({ tls: { ...trust, ...shown } }).catch(() => undefined);
      await assert.rejects(async () => {
        if (connection === undefined || (await connection.read(ctx)) === undefined) throw new Error('refused');
      });
    }
    assert.equal(fixture.count(), 0);
  });

  test('takes clients without a verified certificate where it is optional, and says so', async () => {
    await using fixture = await secured({ ...own, ca: ca.cert, clientCertificate: 'optional' });
    const strangers = authority('Stranger').issue('room-7');

    await (await fixture.dial({ tls: trust })).close();
    assert.equal((await fixture.seen()).peerCertificate, undefined);
    await (await fixture.dial({ tls: { ...trust, ...strangers } })).close();
    const { peerCertificate } = await fixture.seen();
    assert.deepEqual([peerCertificate?.commonName, peerCertificate?.isVerified], ['room-7', false]);
  });

  test('closes a connection that speaks something else, ends, or says nothing for too long', async () => {
    await using fixture = await secured({ ...own, handshakeTimeoutMs: 50 });

    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\0\x01', '']) {
      const socket = connect(fixture.port, '127.0.0.1').on('error', () => {});
      if (bytes !== '') socket.write(bytes, 'latin1');
      await once(socket.resume(), 'close');
    }
    const gone = connect(fixture.port, '127.0.0.1').on('error', () => {});
    await once(gone, 'connect');
    gone.resetAndDestroy();

    await (await fixture.dial({ tls: trust })).close();
    await eventually(() => fixture.count() === 1);
  });

  test('counts connections before their handshake', async () => {
    const listener = tcpListener({ port: 0, maxConnections: 1, tls: own });
    const { port, isSecure } = await listener.start(ctx, (socket) => socket.end('hello'));
    const silent = connect(port, '127.0.0.1');
    await once(silent, 'connect');

    const refused = connect(port, '127.0.0.1').on('error', () => {});
    await once(refused.resume(), 'close');
    silent.destroy();

    await eventuallyAsync(async () => (await handshake({ ...trust, port }).catch(() => '')) === 'TLSv1.3');
    assert.equal(isSecure, true);
    await listener.stop();
  });

  test('lets a handshake be done that has begun when the listener stops', async () => {
    const served = Promise.withResolvers<Socket>();
    const listener = tcpListener({ port: 0, tls: own });
    const { port } = await listener.start(ctx, served.resolve);
    const plain = connect(port, '127.0.0.1');
    await once(plain, 'connect');
    // The listener has it once it takes another one after it.
    await handshake({ ...trust, port });

    const stopped = listener.stop();
    const socket = connectTls({ ...trust, socket: plain, host: 'localhost' });
    await once(socket, 'secureConnect');

    await stopped;
    socket.destroy();
  });

  test('is recognised on a plain port and begun in place', async () => {
    const upgrade = tlsUpgrade(own);
    await upgrade.start(ctx, (socket) => socket.resume().end(`secure ${socket.getProtocol()}`));
    const mux = protocolMux(ctx, {
      protocols: [
        { match: tlsClientHello, handle: (socket) => upgrade.accept(socket) },
        { match: http1, handle: (socket) => socket.resume().end('plain') },
      ],
    });
    const listener = tcpListener({ port: 0 });
    const { port } = await listener.start(ctx, (socket) => mux.accept(socket));

    const plain = connect(port, '127.0.0.1');
    plain.write('GET / HTTP/1.1\r\n\r\n');
    assert.equal(await textOf(plain), 'plain');
    const secure = connectTls({ port, host: 'localhost', ...trust });
    assert.equal(await textOf(secure), 'secure TLSv1.3');

    await eventually(() => mux.connections === 0);
    await listener.stop();
    upgrade.close();
  });

  test('refuses options that do not fit', () => {
    const table: [unknown, typeof TypeError][] = [
      [{}, TypeError],
      [{ cert: 'x' }, TypeError],
      [{ cert: 'x', key: 'y', certFile: 'z', keyFile: 'z' }, TypeError],
      [{ cert: 'x', key: 'y', clientCertificate: 'required' }, TypeError],
      [{ cert: 'x', key: 'y', serverNames: { 'a.b': {} } }, TypeError],
      [{ cert: 'x', key: 'y', serverNames: { 'a.*.b': { cert: 'x', key: 'y' } } }, RangeError],
      [{ cert: 'x', key: 'y', serverNames: { '*': { cert: 'x', key: 'y' } } }, RangeError],
      [{ cert: 'x', key: 'y', handshakeTimeoutMs: 0 }, RangeError],
      [{ cert: 'x', key: 'y', reloadMs: -1 }, RangeError],
    ];
    for (const [tls, kind] of table)
      assert.throws(() => tcpListener({ port: 0, tls: tls as TlsServerOptions }), kind, JSON.stringify(tls));
  });

  test('does not start with a certificate that cannot be used', async () => {
    const other = ca.issue('other');
    const table: TlsServerOptions[] = [
      { cert: 'x', key: 'y' },
      { cert: own.cert, key: other.key },
      { certFile: '/nowhere/cert', keyFile: '/nowhere/key' },
      { ...own, serverNames: { 'a.example': { cert: 'x', key: 'y' } } },
    ];
    for (const tls of table) {
      const error = await failure(tcpListener({ port: 0, tls }).start(ctx, () => {}));
      assert.equal(error.reason, 'CERTIFICATE_UNUSABLE');
      assert.ok(!error.message.includes('PRIVATE'), error.message);
    }
  });
});

/** A server that says what TLS knows of each connection, and waits for its end. */
async function secured(tls: TlsServerOptions) {
  const states: TlsState[] = [];
  let taken = 0;
  const server = serve({
    name: 'secured',
    port: 0,
    tls,
    codec: lines(),
    lingerMs: 0,
    drainGraceMs: 0,
    async handler(_, connection) {
      states.push(connection.tls!);
      await connection.read(ctx);
    },
  });
  const [endpoint] = await server.start(ctx);
  const port = Number(new URL(endpoint!.url).port);
  return {
    port,
    count: () => states.length,
    dial: (dialed: DialOptions) => dial(ctx, { host: 'localhost', port, codec: lines(), ...dialed }),
    async seen(): Promise<TlsState> {
      await eventually(() => states.length > taken);
      return states[taken++]!;
    },
    [Symbol.asyncDispose]: () => server.stop(ctx),
  };
}

/** The version that was agreed on. */
async function handshake(dialed: ConnectionOptions): Promise<string | null> {
  const socket: TLSSocket = connectTls({ host: 'localhost', ...dialed });
  await once(socket, 'secureConnect');
  const version = socket.getProtocol();
  socket.destroy();
  return version;
}

async function eventuallyAsync(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(isStatusError(error), String(error));
  return error;
}
