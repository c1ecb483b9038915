import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultFields } from '../../call/index.ts';
import { Sink } from '../codec/sink.ts';
import { Source } from '../codec/source.ts';
import { RpcErrors } from '../rpc-errors.ts';
import { CallHeadReader, writeHead } from './call-head.ts';
import {
  call,
  frame,
  pair,
  put,
  readOne,
  sendAnswer,
  sendRequest,
  serverEngine,
  TestCall,
  takeOutput,
  testSettings,
} from './engines.fixture.ts';
import { codes, flags, frames, MuxViolation, preface } from './protocol.ts';
import { encodeSettings } from './settings.ts';

describe('a call', () => {
  test('with one message each way is one frame there and one back', () => {
    const { client, server, inbound, settle } = pair();
    call(client, 'first');
    settle();

    const stream = call(client, 'x'.repeat(1_000), true, 250);
    const there = takeOutput(client);
    server.receive(there, 1);
    sendAnswer(server, inbound[1]!, 'yes', true);
    const back = takeOutput(server);
    client.receive(back, 1);

    // 9 of the header, 4 of the head, 4 of the deadline.
    assert.deepEqual([there.length, back.length], [1_017, 12]);
    assert.deepEqual(inbound[1]!.seen.events, ['begin 250 1000', 'end']);
    assert.deepEqual(
      inbound[1]!.seen.unread.map(({ text }) => text.length),
      [1_000],
    );
    readOne(client, stream);
    assert.deepEqual([stream.seen.messages, stream.seen.events], [['yes'], ['answer']]);
  });

  test('comes whole, wherever its bytes were cut', () => {
    const { client, server, inbound } = pair({ streamWindow: 100_000, connectionWindow: 200_000 });
    call(client, 'a'.repeat(300));
    call(client, 'b'.repeat(90_000));
    const bytes = takeOutput(client);

    for (const byte of bytes) server.receive(Uint8Array.of(byte), 1);

    const texts = inbound.map(({ seen }) => seen.unread[0]?.text);
    assert.deepEqual(
      texts.map((text) => [text?.[0], text?.length, new Set(text).size]),
      [
        ['a', 300, 1],
        ['b', 90_000, 1],
      ],
    );
  });

  test('beyond the limit of the server is taken back, and the others go on', () => {
    const { client, inbound, settle } = pair({ maxStreams: 2 });

    const calls = [call(client, '1'), call(client, '2'), call(client, '3')];
    settle();

    assert.deepEqual(
      calls.map(({ seen }) => seen.events),
      [[], [], [`reset ${codes.refused}`]],
    );
    assert.equal(inbound.length, 2);
  });

  test('with a message that is too large is told so, however it comes', () => {
    const { client, server, inbound, settle } = pair({ maxMessageBytes: 2_000 });

    const [inOne, inMany] = [call(client, 'x'.repeat(2_001)), call(client, 'y'.repeat(20_000))];
    settle();
    for (const stream of inbound) server.answerError(stream, Buffer.from('too large'), false);
    settle();

    assert.deepEqual(
      inbound.map(({ seen }) => seen.events.includes('too large')),
      [true, true],
    );
    assert.deepEqual([inOne.seen.events, inMany.seen.events.at(-1)], [['error too large'], 'error too large']);
    assert.equal(server.receivable, testSettings.connectionWindow);
  });
});

describe('a large message', () => {
  test('lets small ones of other streams pass', () => {
    const { client, server, inbound, settle } = pair();
    const large = call(client, 'x'.repeat(50_000), false);
    const small = call(client, 'small');

    const there = takeOutput(client);

    assert.ok(there.includes('small'));
    assert.ok(large.pending !== undefined && small.pending === undefined);
    server.receive(there, 1);
    settle();
    assert.equal(inbound.length, 2);
  });

  test('waits for its reader, and no longer', () => {
    const { client, server, inbound, settle } = pair();
    const stream = call(client);
    settle();
    sendRequest(client, stream, 'first');

    assert.equal(sendRequest(client, stream, 'x'.repeat(50_000)), false);
    settle();
    assert.ok(stream.pending !== undefined);
    readOne(server, inbound[0]!);
    settle();

    assert.equal(stream.pending, undefined);
    assert.deepEqual(stream.seen.events, ['writable']);
    assert.equal(inbound[0]!.seen.unread[0]?.text.length, 50_000);
  });

  test('that goes at once in pieces is told to have gone, and not answered so as well', () => {
    const { client, settle, inbound } = pair({ streamWindow: 1 << 20, connectionWindow: 1 << 20 });
    const stream = call(client);

    const isSent = sendRequest(client, stream, 'x'.repeat(100_000));

    assert.deepEqual([isSent, stream.seen.events], [false, ['writable']]);
    settle();
    assert.equal(inbound[0]?.seen.unread[0]?.text.length, 100_000);
  });

  test('that waits is dropped for an error', () => {
    const { client, server, inbound, settle } = pair();
    const stream = call(client, 'x');
    settle();
    sendAnswer(server, inbound[0]!, 'y'.repeat(50_000));
    settle();

    server.answerError(inbound[0]!, Buffer.from('late'), false);
    settle();

    assert.deepEqual(stream.seen.events, ['error late']);
  });
});

describe('an end of a connection', () => {
  const violates = (receive: () => void, code: number) =>
    assert.throws(receive, (error) => error instanceof MuxViolation && error.code === code);

  test('bears no flood of frames that carry nothing', () => {
    const floods: Record<string, (id: number) => Buffer> = {
      pings: () => frame(frames.ping, 0, 0, Array(8).fill(0)),
      'empty frames': () => frame(frames.data, 0, 1),
      'pieces of nothing': () => frame(frames.data, flags.message | flags.more, 1),
      'frames of a later version': () => frame(99, 0, 0),
    };
    for (const make of Object.values(floods)) {
      const { client, server, settle } = pair({ connectionWindow: 10_000_000, streamWindow: 10_000_000 });
      call(client);
      settle();
      const bytes = Buffer.concat(Array.from({ length: 10_100 }, (_, id) => make(id)));

      violates(() => server.receive(bytes, 1), codes.flood);
    }
  });

  test('bears no flood of calls that are begun and reset', () => {
    const { client, server, settle } = pair();
    call(client, 'x');
    settle();
    const one = (id: number) => [frame(frames.call, 0, id, [0, 0, 0, 0]), frame(frames.reset, 0, id, [0, 0, 0, 1])];
    const bytes = Buffer.concat(Array.from({ length: 10_100 }, (_, index) => one(index + 2)).flat());

    violates(() => server.receive(bytes, 1), codes.flood);
  });

  test('bears any number of calls that are cancelled when they have run for a while', () => {
    const { client, server, inbound } = pair({ connectionWindow: 1 << 24 });
    let now = 1_000;
    const carry = () => {
      now += 20;
      server.receive(takeOutput(client), now);
    };

    for (let round = 0; round < 100; round++) {
      const calls = Array.from({ length: 200 }, () => call(client, 'x'));
      carry();
      call(client);
      carry();
      for (const one of calls) client.reset(one, codes.cancel);
      carry();
      client.receive(takeOutput(server), now);
    }

    assert.equal(inbound.filter((stream) => stream.seen.events.includes(`reset ${codes.cancel}`)).length, 20_000);
  });

  test('bears a call that is cancelled at once for each that it answers', () => {
    const { client, server, inbound } = pair({ connectionWindow: 1 << 24 });
    const carry = () => {
      const there = takeOutput(client);
      const back = takeOutput(server);
      if (there.length > 0) server.receive(there, 1);
      if (back.length > 0) client.receive(back, 1);
    };
    const atATime = 300;

    for (let round = 0; round < 100; round++) {
      for (let count = 0; count < atATime; count++) call(client, 'x');
      const late = Array.from({ length: atATime }, () => call(client, 'x'));
      for (const one of late) client.reset(one, codes.cancel);
      carry();
      for (const stream of inbound.splice(0)) if (stream.isOpen) sendAnswer(server, stream, 'y', true);
      carry();
    }

    assert.deepEqual([client.streams.size, server.streams.size], [0, 0]);
  });

  test('bears no flood of resets of a call that is over', () => {
    const { client, server, inbound, settle } = pair();
    const first = call(client, 'x');
    settle();
    sendAnswer(server, inbound[0]!, 'y', true);
    for (const now of [100, 200, 300]) server.receive(frame(99, 0, 0), now);
    const bytes = Buffer.concat(Array.from({ length: 11_000 }, () => frame(frames.reset, 0, first.id, [0, 0, 0, 1])));

    violates(() => server.receive(bytes, 400), codes.flood);
  });

  test('forgives as time goes by', () => {
    const { server } = pair();
    const bytes = Buffer.concat(Array.from({ length: 5_000 }, () => frame(99, 0, 0)));

    for (let seconds = 0; seconds < 100; seconds += 5) server.receive(bytes, seconds * 1_000);
  });

  test('keeps no answers for a peer that does not read', () => {
    const { server } = pair();
    server.isBlocked = true;
    const ping = frame(frames.ping, 0, 0, Array(8).fill(0));

    violates(() => {
      for (let count = 0; count < 20_000; count++) server.receive(ping, count * 1_000);
    }, codes.flood);
  });

  test('takes no more than its windows', () => {
    const piece = frame(frames.data, flags.message, 1, new Uint8Array(2_000));
    const empty = frame(frames.data, flags.message, 1);
    for (const [bytes, count] of [
      [piece, 3],
      [empty, 65],
    ] as const) {
      const { client, server, settle } = pair();
      call(client);
      settle();

      violates(() => {
        for (let sent = 0; sent < count; sent++) server.receive(bytes, 1);
      }, codes.flowControl);
    }
  });

  test('takes no frame that is too long, and makes no room for it', () => {
    const { server } = pair();

    violates(() => server.receive(Uint8Array.of(0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1), 1), codes.tooLarge);
  });

  test('takes no stranger', () => {
    const { engine } = serverEngine();

    violates(() => engine.receive(Buffer.from('GET / HTTP/1.1\r\n'), 1), codes.protocol);
  });

  test('speaks the newest version that both know', () => {
    const { engine, told } = serverEngine({ highestVersion: 3 });
    const settings = encodeSettings({ ...testSettings, highestVersion: 2 });

    engine.receive(Buffer.concat([preface, frame(frames.settings, 0, 0, settings)]), 1);

    assert.deepEqual(told, ['settings']);
    // Lowest and highest: ids 1 and 2.
    assert.deepEqual([...takeOutput(engine).subarray(9, 21)], [0, 1, 0, 0, 0, 2, 0, 2, 0, 0, 0, 2]);
  });

  test('is told when there is enough to write, and else once', () => {
    const told: string[] = [];
    const { client } = pair();
    Object.assign(Reflect.get(client, 'hooks'), {
      onOutput: () => told.push('later'),
      onFull: () => told.push('now'),
    });

    for (let count = 0; count < 4; count++) call(client, 'x'.repeat(510));

    assert.deepEqual(told, ['later', 'now']);
  });

  test('does not pump within a pump, however many streams wait', () => {
    const { client, server, settle, inbound } = pair({ connectionWindow: 100_000_000 });
    for (let count = 0; count < 900; count++) call(client, 'x');
    settle();
    server.isBlocked = true;
    for (const stream of inbound) sendAnswer(server, stream, 'y'.repeat(3_000), true);
    let [depth, deepest, written] = [0, 0, 0];
    Object.assign(Reflect.get(server, 'hooks'), {
      onFull() {
        deepest = Math.max(deepest, ++depth);
        written += server.out.length;
        server.out.release(true);
        server.flushed();
        depth--;
      },
    });

    server.isBlocked = false;
    server.pump();

    assert.deepEqual([deepest, server.streams.size], [1, 0]);
    assert.ok(written + server.out.length > 900 * 3_000);
  });

  test('keeps no errors for a peer that does not read', () => {
    const { client, server, inbound, settle } = pair();
    call(client, 'x');
    settle();
    server.isBlocked = true;

    violates(() => {
      for (let id = 2; id < 100_000; id++) {
        server.receive(frame(frames.call, flags.end, id, [0, 0, 0, 0]), id * 1_000);
        server.answerError(inbound.at(-1)!, Buffer.alloc(400), false);
      }
    }, codes.flood);
    assert.ok(server.out.length < 6_000_000);
  });

  test('knows when its ids run out', () => {
    const { client } = pair();

    assert.equal(client.isUsedUp, false);
    Reflect.set(client, 'lastId', 0x7fffffff - 1_000_000);
    assert.equal(client.isUsedUp, true);
  });

  test('tells every stream that the connection is lost', () => {
    const { client } = pair();
    const stream = call(client, 'x');
    const waiting = call(client, 'y'.repeat(90_000));

    client.lost(RpcErrors.CONNECTION_LOST('gone'));

    assert.deepEqual([stream.seen.events, waiting.seen.events], [['lost CONNECTION_LOST'], ['lost CONNECTION_LOST']]);
    assert.equal(client.streams.size, 0);
  });
});

test('the head of a call carries every field', () => {
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, state: 'x=1' };
  const fields = [
    defaultFields,
    { ...defaultFields, trace: { ...trace, sampled: false, state: '' } },
    {
      trace,
      baggage: new Map([['k', 'v ü']]),
      lane: 'blue',
      tenant: 'acme/ü',
      principal: 'user 7',
      priority: 'background',
      attempt: 2,
    } as const,
  ];
  for (const timeoutMs of [0, 0.5, 1, 70_000, 1e12]) {
    for (const given of fields) {
      const sink = new Sink();
      writeHead(sink, 300, timeoutMs, given);
      const reader = new CallHeadReader();

      reader.read(new Source(sink.finish()), sink.bytes.length - sink.at, 16_384);

      assert.deepEqual(reader.fields, given);
      assert.equal(reader.method, 300);
      assert.equal(reader.timeoutMs, timeoutMs === 0 ? 0 : Math.min(Math.max(1, timeoutMs), 0xffffffff));
    }
  }
});

test('a call with fields of more bytes than the server takes, or than a frame has, does not begin', () => {
  for (const [maxHeadBytes, bytes] of [
    [100, 200],
    [131_072, 70_000],
  ] as const) {
    const { client, settle } = pair({ maxHeadBytes });
    const stream = new TestCall();
    put(client, 'x');

    const begin = () =>
      client.call(stream, 0, '/test/Call', 0, { ...defaultFields, tenant: 'x'.repeat(bytes) }, flags.message);

    assert.throws(begin, { reason: 'MESSAGE_TOO_LARGE' });
    assert.equal(client.streams.size, 0);
    settle();
  }
});
