import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  call,
  clientEngine,
  frame,
  pair,
  serverEngine,
  type TestCall,
  type TestInbound,
  takeOutput,
  testSettings,
} from './engines.fixture.ts';
import { codes, flags, frames, MuxViolation, preface } from './protocol.ts';
import { encodeSettings } from './settings.ts';

/** What a frame does: the events that the stream or the connection is told, or the code of the violation. */
type Outcome = string;

const number = (value: number) => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
const violation = (code: keyof typeof codes): Outcome => `violation ${code}`;
const misplaced = violation('protocol');
const nothing = '';

/** Every frame that may stand on a stream. */
const streamFrames: Record<string, (id: number) => Buffer> = {
  'DATA message': (id) => frame(frames.data, flags.message, id, [120]),
  'DATA more': (id) => frame(frames.data, flags.message | flags.more, id, [120]),
  'DATA end': (id) => frame(frames.data, flags.end, id),
  CALL: (id) => frame(frames.call, flags.message | flags.end, id, [0, 0, 0, 0, 120]),
  ANSWER: (id) => frame(frames.answer, 0, id),
  'ANSWER message': (id) => frame(frames.answer, flags.message, id, [120]),
  'ANSWER error': (id) => frame(frames.answer, flags.error, id, [1, 120]),
  RESET: (id) => frame(frames.reset, 0, id, number(codes.cancel)),
  WINDOW: (id) => frame(frames.window, 0, id, number(100)),
  'WINDOW of 0': (id) => frame(frames.window, 0, id, number(0)),
  'WINDOW too large': (id) => frame(frames.window, 0, id, number(0x7fffffff)),
  'METADATA headers': (id) => frame(frames.metadata, 0, id, [120]),
  'METADATA trailers': (id) => frame(frames.metadata, flags.trailers, id, [120]),
  'METADATA trailers, then headers': (id) =>
    Buffer.concat([frame(frames.metadata, flags.trailers, id), frame(frames.metadata, 0, id)]),
  SETTINGS: (id) => frame(frames.settings, 0, id, encodeSettings(testSettings)),
  PING: (id) => frame(frames.ping, 0, id, Array(8).fill(1)),
  GO_AWAY: (id) => frame(frames.goAway, 0, id, number(codes.drain)),
  METHOD: (id) => frame(frames.method, 0, id, [0, 9, 120]),
  'of a later version': (id) => frame(200, 0xff, id, [1, 2, 3]),
};

type Table = Record<keyof typeof streamFrames, readonly Outcome[]>;

// The columns are the states of the stream: not begun, open, the client has ended, answered, reset by the client.
const atServer: Table = {
  'DATA message': [misplaced, 'message x', misplaced, nothing, nothing],
  'DATA more': [misplaced, nothing, misplaced, nothing, nothing],
  'DATA end': [misplaced, 'end', misplaced, nothing, nothing],
  CALL: ['message x, begin 0 1, end', misplaced, misplaced, misplaced, misplaced],
  ANSWER: [misplaced, misplaced, misplaced, misplaced, misplaced],
  'ANSWER message': [misplaced, misplaced, misplaced, misplaced, misplaced],
  'ANSWER error': [misplaced, misplaced, misplaced, misplaced, misplaced],
  RESET: [misplaced, 'reset 1', 'reset 1', nothing, nothing],
  WINDOW: [misplaced, nothing, nothing, nothing, nothing],
  'WINDOW of 0': Array(5).fill(violation('flowControl')),
  'WINDOW too large': [misplaced, violation('flowControl'), violation('flowControl'), nothing, nothing],
  'METADATA headers': Array(5).fill(misplaced),
  'METADATA trailers': Array(5).fill(misplaced),
  'METADATA trailers, then headers': Array(5).fill(misplaced),
  SETTINGS: Array(5).fill(misplaced),
  PING: Array(5).fill(misplaced),
  GO_AWAY: Array(5).fill(misplaced),
  METHOD: Array(5).fill(misplaced),
  'of a later version': Array(5).fill(nothing),
};

// Not begun, open, this side has ended, answered, reset by this side.
const atClient: Table = {
  'DATA message': [misplaced, 'message x', 'message x', nothing, nothing],
  'DATA more': [misplaced, nothing, nothing, nothing, nothing],
  'DATA end': [misplaced, misplaced, misplaced, nothing, nothing],
  CALL: Array(5).fill(misplaced),
  ANSWER: [misplaced, 'answer', 'answer', nothing, nothing],
  'ANSWER message': [misplaced, 'message x, answer', 'message x, answer', nothing, nothing],
  'ANSWER error': [misplaced, 'error x unsent', 'error x unsent', nothing, nothing],
  RESET: [misplaced, 'reset 1', 'reset 1', nothing, nothing],
  WINDOW: [misplaced, nothing, nothing, nothing, nothing],
  'WINDOW of 0': Array(5).fill(violation('flowControl')),
  'WINDOW too large': [misplaced, violation('flowControl'), violation('flowControl'), nothing, nothing],
  'METADATA headers': [misplaced, 'headers x', 'headers x', nothing, nothing],
  'METADATA trailers': [misplaced, 'trailers x', 'trailers x', nothing, nothing],
  'METADATA trailers, then headers': [misplaced, misplaced, misplaced, nothing, nothing],
  SETTINGS: Array(5).fill(misplaced),
  PING: Array(5).fill(misplaced),
  GO_AWAY: Array(5).fill(misplaced),
  METHOD: Array(5).fill(misplaced),
  'of a later version': Array(5).fill(nothing),
};

const states = ['not begun', 'open', 'half-closed', 'answered', 'reset'] as const;

/** Two engines whose stream 1 is in the state, or stream 2, if it is not begun. */
function inState(state: (typeof states)[number]) {
  const both = pair();
  const outbound = call(both.client, undefined, state === 'half-closed');
  both.settle();
  const inbound = both.inbound[0]!;
  if (state === 'answered') both.server.answer(inbound);
  if (state === 'reset') both.client.reset(outbound, codes.cancel);
  both.settle();
  for (const stream of [inbound, outbound]) stream.seen.events.length = 0;
  if (state !== 'not begun') return { ...both, id: 1, streamAtClient: () => outbound, streamAtServer: () => inbound };
  return { ...both, id: 2, streamAtClient: () => undefined, streamAtServer: () => both.inbound[1] };
}

/** What happens: a violation, or what the stream is told. */
function outcomeOf(receive: () => void, stream: () => TestCall | TestInbound | undefined): Outcome {
  const violated = violationOf(receive);
  if (violated !== undefined) return violated;
  const { unread = [], events = [] } = stream()?.seen ?? {};
  return [...unread.map(({ text }) => `message ${text}`), ...events].join(', ');
}

function violationOf(receive: () => void): Outcome | undefined {
  try {
    receive();
  } catch (error) {
    assert.ok(error instanceof MuxViolation, String(error));
    return `violation ${Object.entries(codes).find(([, code]) => code === error.code)?.[0]}`;
  }
  return undefined;
}

describe('every frame on a stream, in every state of it', () => {
  for (const [name, make] of Object.entries(streamFrames)) {
    test(`${name} to a server`, () => {
      for (const [index, state] of states.entries()) {
        const { server, id, streamAtServer } = inState(state);

        const outcome = outcomeOf(() => server.receive(make(id), 1), streamAtServer);

        assert.equal(outcome, atServer[name]![index], state);
      }
    });

    test(`${name} to a client`, () => {
      for (const [index, state] of states.entries()) {
        const { client, id, streamAtClient } = inState(state);

        const outcome = outcomeOf(() => client.receive(make(id), 1), streamAtClient);

        assert.equal(outcome, atClient[name]![index], state);
      }
    });
  }
});

const settings = encodeSettings(testSettings);

/** Frames on the connection; to a server, to a client: before its settings have come, and after. */
const connectionFrames: Record<string, readonly [bytes: Buffer, ...outcomes: Outcome[]]> = {
  DATA: [frame(frames.data, flags.message, 0, [1]), misplaced, misplaced, misplaced, misplaced],
  CALL: [frame(frames.call, 0, 0, [0, 0, 0, 0]), misplaced, misplaced, misplaced, misplaced],
  ANSWER: [frame(frames.answer, 0, 0), misplaced, misplaced, misplaced, misplaced],
  RESET: [frame(frames.reset, 0, 0, number(1)), misplaced, misplaced, misplaced, misplaced],
  WINDOW: [frame(frames.window, 0, 0, number(1)), misplaced, nothing, misplaced, nothing],
  'WINDOW cut off': [frame(frames.window, 0, 0, [1]), misplaced, misplaced, misplaced, misplaced],
  SETTINGS: [frame(frames.settings, 0, 0, settings), 'settings', misplaced, 'settings', misplaced],
  'SETTINGS cut off': [frame(frames.settings, 0, 0, settings.subarray(1)), misplaced, misplaced, misplaced, misplaced],
  'SETTINGS of another version': [
    frame(frames.settings, 0, 0, encodeSettings({ ...testSettings, lowestVersion: 2, highestVersion: 3 })),
    violation('version'),
    misplaced,
    violation('version'),
    misplaced,
  ],
  PING: [frame(frames.ping, 0, 0, Array(8).fill(1)), misplaced, 'sends PING', misplaced, 'sends PING'],
  'PING that answers': [frame(frames.ping, flags.ack, 0, Array(8).fill(1)), misplaced, 'pong', misplaced, 'pong'],
  'PING cut off': [frame(frames.ping, 0, 0, [1]), misplaced, misplaced, misplaced, misplaced],
  GO_AWAY: [
    frame(frames.goAway, 0, 0, [...number(codes.drain), 120]),
    'go-away 9 x, sends GO_AWAY',
    'go-away 9 x, sends GO_AWAY',
    'go-away 9 x, sends GO_AWAY',
    'go-away 9 x, sends GO_AWAY',
  ],
  'GO_AWAY that answers': [frame(frames.goAway, flags.ack, 0), 'ack', 'ack', 'ack', 'ack'],
  'GO_AWAY cut off': [frame(frames.goAway, 0, 0, [1]), misplaced, misplaced, misplaced, misplaced],
  METHOD: [frame(frames.method, 0, 0, [0, 9, 120]), misplaced, nothing, misplaced, misplaced],
  'METHOD for a second time': [frame(frames.method, 0, 0, [0, 0, 120]), misplaced, misplaced, misplaced, misplaced],
  'METHOD beyond the table': [frame(frames.method, 0, 0, [255, 0, 120]), misplaced, misplaced, misplaced, misplaced],
  METADATA: [frame(frames.metadata, 0, 0, [1]), misplaced, misplaced, misplaced, misplaced],
  'METHOD without a name': [frame(frames.method, 0, 0, [0, 9]), misplaced, misplaced, misplaced, misplaced],
  'of a later version': [frame(200, 0xff, 0, [1]), misplaced, nothing, misplaced, nothing],
};

describe('every frame on the connection', () => {
  for (const [name, [bytes, ...outcomes]] of Object.entries(connectionFrames)) {
    test(name, () => {
      const early = { server: serverEngine(), client: clientEngine() };
      early.server.engine.receive(preface, 0);
      const late = pair();
      call(late.client);
      late.settle();
      late.toldServer.length = 0;
      late.toldClient.length = 0;
      const ends = [
        { engine: early.server.engine, told: early.server.told },
        { engine: late.server, told: late.toldServer },
        { engine: early.client.engine, told: early.client.told },
        { engine: late.client, told: late.toldClient },
      ];
      const found = ends.map(({ engine, told }) => {
        takeOutput(engine);
        const violated = violationOf(() => engine.receive(bytes, 1));
        const answered = takeOutput(engine)[3];
        const sends = answered === bytes[3] && answered !== frames.settings ? [`sends ${name}`] : [];
        return violated ?? [...told, ...sends].join(', ');
      });

      assert.deepEqual(found, outcomes);
    });
  }

  test('no call may come after the client has said that it begins none', () => {
    const { server, settle } = pair();
    server.goAway(codes.drain, 'enough');
    settle();
    server.refuseCalls();

    const late = frame(frames.call, flags.message | flags.end, 7, [0, 0, 0, 0]);

    assert.equal(
      violationOf(() => server.receive(late, 1)),
      misplaced,
    );
  });
});
