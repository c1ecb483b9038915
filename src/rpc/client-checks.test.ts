import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tcpListener } from '../net/tcp/index.ts';
import { authority, noOpenssl } from '../net/tcp/testdata/certificates.ts';
import { createRpcClient, type RpcClientOptions } from './client.ts';
import { implement } from './implementation.ts';
import { createRpcServer, type RpcServerOptions } from './server.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';
import { roomHandlers } from './testdata/room-handlers.ts';

const client = (options: object) =>
  createRpcClient(RoomService, { target: 'static:///127.0.0.1:1', ...options } as RpcClientOptions<typeof RoomService>);

describe('a client', () => {
  const bad: readonly (readonly [what: string, options: object, message: RegExp])[] = [
    ['an unknown protocol', { protocol: 'http3' }, /protocol is "http3"; it must be one of auto, mux, connect, grpc/],
    ['the name of an object’s own', { protocol: 'toString' }, /protocol is "toString"/],
    ['a misspelt method', { methods: { getroom: { timeoutMs: 1 } } }, /methods\.getroom is of no method .* getRoom/],
    [
      'hedges of a stream',
      { methods: { watchRoom: { hedge: true } } },
      /methods\.watchRoom\.hedge: only methods with one/,
    ],
    [
      'hedges of what is not safe',
      { methods: { createRoom: { hedge: {} } } },
      /createRoom\.hedge: two servers would run it/,
    ],
    ['a guard that is a switch', { guard: true }, /guard is true; it must be an object of options/],
    ['no TLS options', { tls: true }, /tls is true; give an object, \{\} for/],
    ['no certificate', { tls: { ca: 'nonsense' } }, /tls\.ca holds no certificate in PEM/],
    ['half of an identity', { tls: { cert: 'x' } }, /tls\.cert is given without tls\.key/],
    ['the other half', { tls: { key: 'x' } }, /tls\.key is given without tls\.cert/],
  ];
  for (const [what, options, message] of bad) {
    test(`refuses ${what} when it is made`, () => {
      assert.throws(() => client(options), { name: 'TypeError', message });
      assert.throws(() => client(options), /^TypeError: createRpcClient flotilla\.test\.v1\.RoomService: /);
    });
  }

  test('refuses a certificate with the key of another, and takes one with its own', { skip: noOpenssl }, () => {
    const [first, second] = [authority().issue('first'), authority().issue('second')];

    assert.throws(() => client({ tls: { cert: first.cert, key: second.key } }), /tls\.key is not the key of tls\.cert/);
    assert.throws(() => client({ tls: { cert: first.cert, key: 'nonsense' } }), /tls\.key is no private key in PEM/);
    client({ tls: first })[Symbol.dispose]();
  });
});

describe('a server', () => {
  const listener = tcpListener({ port: 0 });
  const services = [implement(RoomService, roomHandlers)];
  const bad: readonly (readonly [what: string, options: object, message: RegExp])[] = [
    ['no name', { listener, services, name: '' }, /name is ""; give the name under which it registers/],
    ['no listener', { services, name: 'room' }, /it has no listener; give tcpListener/],
    ['a service without handlers', { listener, services: [RoomService], name: 'room' }, /what implement\(/],
  ];
  for (const [what, options, message] of bad) {
    test(`refuses ${what} when it is made`, () => {
      assert.throws(() => createRpcServer(options as RpcServerOptions), { name: 'TypeError', message });
    });
  }

  test('refuses options of a method that the service does not have', () => {
    const methods = { getroom: { timeoutMs: 1 } };

    assert.throws(
      () => implement(RoomService, roomHandlers, { methods } as object),
      /^TypeError: implement flotilla\.test\.v1\.RoomService: methods\.getroom is of no method/,
    );
  });
});
