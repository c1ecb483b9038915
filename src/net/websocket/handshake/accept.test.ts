import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import { errorOf, RawClient } from '../../http/server.fixture.ts';
import { dial } from '../dial.ts';
import { serveWebSocket, type TestServer } from '../websocket.fixture.ts';

const asked: Readonly<Record<string, string>> = {
  Host: 'example.com',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

function request(changes: Readonly<Record<string, string | undefined>> = {}, first = 'GET / HTTP/1.1'): string {
  const lines = Object.entries({ ...asked, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  return `${first}\r\n${lines.join('')}\r\n`;
}

describe('the handshake of a server', () => {
  let server: TestServer;
  before(async () => {
    server = await serveWebSocket(async (ctx, ws) => void (await ws.read(ctx)), { protocols: ['chat.v2', 'chat'] });
  });
  after(() => server[Symbol.asyncDispose]());

  const head = async (text: string) => {
    using client = new RawClient(server.port);
    return (await client.send(text).until('\r\n\r\n')).toLowerCase();
  };

  const accepted: readonly (readonly [name: string, changes: Readonly<Record<string, string | undefined>>])[] = [
    ['as the RFC writes it', {}],
    ['with other cases and more entries', { Connection: 'keep-alive, UPGRADE', Upgrade: 'WebSocket' }],
    ['from a page of the same host', { Origin: 'http://example.com' }],
    ['from a page of the same host behind a proxy that does TLS', { Origin: 'https://example.com' }],
    ['from a page of the same host with the default port', { Origin: 'https://example.com', Host: 'example.com:443' }],
    ['from a page of the same host and port', { Origin: 'http://example.com:81', Host: 'example.com:81' }],
    ['from a page of the same IPv6 address', { Origin: 'http://[::1]:81', Host: '[::1]:81' }],
  ];
  for (const [name, changes] of accepted) {
    it(`accepts one ${name}`, async () => {
      const answer = await head(request(changes));

      assert.match(answer, /^http\/1\.1 101 /);
      assert.match(answer, /\r\nupgrade: websocket\r\n/);
      assert.match(answer, /\r\nconnection: upgrade\r\n/);
      // The key and the answer to it that RFC 6455 section 1.3 shows.
      assert.match(answer, /\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk\+xoo=\r\n/);
      assert.doesNotMatch(answer, /sec-websocket-(protocol|extensions)/);
    });
  }

  const protocols: readonly (readonly [offer: string, chosen: string | undefined])[] = [
    ['chat', 'chat'],
    ['chat, chat.v2', 'chat.v2'],
    ['other, chat', 'chat'],
    ['other', undefined],
    ['CHAT', undefined],
  ];
  for (const [offer, chosen] of protocols) {
    it(`answers the offer "${offer}" with ${chosen ?? 'no protocol'}`, async () => {
      const answer = await head(request({ 'Sec-WebSocket-Protocol': offer }));

      assert.equal(/\r\nsec-websocket-protocol: (.*)\r\n/.exec(answer)?.[1], chosen);
    });
  }

  it('accepts compression where it is offered', async () => {
    const answer = await head(request({ 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }));

    assert.match(
      answer,
      /\r\nsec-websocket-extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n/,
    );
  });

  const refused: readonly (readonly [
    name: string,
    changes: Readonly<Record<string, string | undefined>>,
    status: number,
    reason: string,
  ])[] = [
    ['without Upgrade', { Upgrade: undefined }, 426, 'UPGRADE_REQUIRED'],
    ['with another Upgrade', { Upgrade: 'h2c' }, 426, 'UPGRADE_REQUIRED'],
    ['without Connection', { Connection: undefined }, 426, 'UPGRADE_REQUIRED'],
    ['without a version', { 'Sec-WebSocket-Version': undefined }, 426, 'UPGRADE_REQUIRED'],
    ['of version 8', { 'Sec-WebSocket-Version': '8' }, 426, 'UPGRADE_REQUIRED'],
    ['of two versions', { 'Sec-WebSocket-Version': '13, 8' }, 426, 'UPGRADE_REQUIRED'],
    ['without a key', { 'Sec-WebSocket-Key': undefined }, 400, 'MALFORMED_REQUEST'],
    ['with an empty key', { 'Sec-WebSocket-Key': '' }, 400, 'MALFORMED_REQUEST'],
    ['with a short key', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZQ==' }, 400, 'MALFORMED_REQUEST'],
    ['with a key that is no base64', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j_Q==' }, 400, 'MALFORMED_REQUEST'],
    ['with bits left over in the key', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZR==' }, 400, 'MALFORMED_REQUEST'],
    ['with malformed protocols', { 'Sec-WebSocket-Protocol': 'a b' }, 400, 'MALFORMED_REQUEST'],
    ['with a protocol twice', { 'Sec-WebSocket-Protocol': 'chat, chat' }, 400, 'MALFORMED_REQUEST'],
    ['with malformed extensions', { 'Sec-WebSocket-Extensions': 'a;;b' }, 400, 'MALFORMED_REQUEST'],
    ['with a body', { 'Content-Length': '2' }, 400, 'MALFORMED_REQUEST'],
    ['from a page of another host', { Origin: 'https://evil.example' }, 403, 'ORIGIN_NOT_ALLOWED'],
    ['from a page of another port', { Origin: 'http://example.com:8080' }, 403, 'ORIGIN_NOT_ALLOWED'],
    ['from a page of a host that only ends alike', { Origin: 'http://evilexample.com' }, 403, 'ORIGIN_NOT_ALLOWED'],
    ['from a page without an origin', { Origin: 'null' }, 403, 'ORIGIN_NOT_ALLOWED'],
    ['from a file', { Origin: 'file://' }, 403, 'ORIGIN_NOT_ALLOWED'],
  ];
  for (const [name, changes, status, reason] of refused) {
    it(`refuses one ${name} with ${status}`, async () => {
      using client = new RawClient(server.port);

      const body = 'Content-Length' in changes ? '{}' : '';
      const answer = await client.send(request(changes) + body).answer();

      assert.deepEqual([answer.status, errorOf(answer).reason], [status, reason]);
    });
  }

  it('says which version it speaks', async () => {
    using client = new RawClient(server.port);

    const answer = await client.send(request({ 'Sec-WebSocket-Version': '8' })).answer();

    assert.equal(answer.headers['sec-websocket-version'], '13');
    assert.equal(answer.headers.upgrade, 'websocket');
  });

  it('refuses HTTP/1.0', async () => {
    using client = new RawClient(server.port);

    assert.equal((await client.send(request({}, 'GET / HTTP/1.0')).answer()).status, 426);
  });

  it('lets other pages in where they are listed, and none but those', async () => {
    await using listed = await serveWebSocket(async (ctx, ws) => void (await ws.read(ctx)), {
      origins: ['https://example.com', 'https://app.example.com:8443'],
    });
    const status = async (origin: string) => {
      using client = new RawClient(listed.port);
      const answer = await client.send(request({ Origin: origin })).until('\r\n\r\n');
      return Number(answer.split(' ')[1]);
    };

    assert.equal(await status('https://example.com'), 101);
    assert.equal(await status('https://app.example.com:8443'), 101);
    assert.equal(await status('http://example.com'), 403);
    assert.equal(await status('https://app.example.com'), 403);
  });

  it('asks a function, and lets all in with "any"', async () => {
    const handler = async () => {};
    await using asking = await serveWebSocket(handler, { origins: (origin) => origin.endsWith('.example.com') });
    await using open = await serveWebSocket(handler, { origins: 'any' });
    const origin = (value: string) => ({ headers: { origin: value } });

    await (await dial(background(), asking.url, origin('https://a.example.com'))).close();
    await (await dial(background(), open.url, origin('null'))).close();
    await assert.rejects(dial(background(), asking.url, origin('https://example.org')), {
      code: 'permission_denied',
      reason: 'ORIGIN_NOT_ALLOWED',
    });
  });
});
