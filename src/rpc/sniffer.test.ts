import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { virtualClock } from '../testing/index.ts';
import { Sniffer, sniff } from './sniffer.ts';
import { inTime } from './testdata/calls.ts';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

test('the first bytes tell HTTP/2 from HTTP/1.1 as early as they can', () => {
  const table: [bytes: string, what: string][] = [
    ['', 'more'],
    ['P', 'more'],
    ['PRI * HTTP/2.0\r\n', 'more'],
    [preface.slice(0, -1), 'more'],
    [preface, 'http2'],
    [`${preface}more`, 'http2'],
    ['G', 'http1'],
    ['PO', 'http1'],
    ['PRI * HTTP/1.1\r\n', 'http1'],
    ['\x16\x03\x01', 'http1'],
  ];

  for (const [bytes, what] of table) assert.equal(sniff(Buffer.from(bytes, 'latin1')), what, JSON.stringify(bytes));
});

describe('a sniffer', inTime, () => {
  test('hands a connection over with all its bytes, also when they come one by one', async () => {
    await using fixture = await sniffed();
    const client = await fixture.connect();

    const { http2 } = fixture;
    for (const byte of `${preface}tail`) client.write(byte);
    client.end();

    assert.equal(await textOf(await http2.promise), `${preface}tail`);
  });

  test('hands everything else to HTTP/1.1', async () => {
    await using fixture = await sniffed();
    const client = await fixture.connect();

    client.end('GET / HTTP/1.1\r\n\r\n');

    assert.equal(await textOf(await fixture.http1.promise), 'GET / HTTP/1.1\r\n\r\n');
  });

  test('closes a connection that stays silent', async () => {
    await using fixture = await sniffed();
    const client = await fixture.connect();
    const closed = new Promise((resolve) => client.once('close', resolve));

    client.write('PRI');
    await fixture.clock.advance(1_000);

    await closed;
    assert.equal(fixture.sniffer.pending, 0);
    assert.equal(fixture.clock.pending, 0);
  });

  test('waits no more for a connection that has ended', async () => {
    await using fixture = await sniffed();
    const client = await fixture.connect();

    client.destroy();
    await new Promise((resolve) => fixture.accepted[0]?.once('close', resolve));

    assert.equal(fixture.sniffer.pending, 0);
    assert.equal(fixture.clock.pending, 0);
  });

  test('closes connections beyond the limit at once', async () => {
    await using fixture = await sniffed(1);
    const first = await fixture.connect();
    const second = await fixture.connect();

    await new Promise((resolve) => second.once('close', resolve));

    assert.equal(first.destroyed, false);
    assert.equal(fixture.sniffer.pending, 1);
  });
});

async function sniffed(maxConnections = 10) {
  const clock = virtualClock();
  const http1 = Promise.withResolvers<Socket>();
  const http2 = Promise.withResolvers<Socket>();
  const accepted: Socket[] = [];
  const clients: Socket[] = [];
  const sniffer = new Sniffer({
    clock,
    timeoutMs: 1_000,
    maxConnections,
    onHttp1: http1.resolve,
    onHttp2: http2.resolve,
  });
  const server = createServer((socket) => {
    accepted.push(socket);
    sniffer.accept(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    clock,
    sniffer,
    http1,
    http2,
    accepted,
    async connect(): Promise<Socket> {
      const arrived = new Promise((resolve) => server.once('connection', resolve));
      const client = connect(port, '127.0.0.1').setNoDelay(true);
      client.on('error', () => {});
      clients.push(client);
      await arrived;
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...clients, ...accepted]) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(socket: Socket): Promise<string> {
  return Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString('latin1');
}
