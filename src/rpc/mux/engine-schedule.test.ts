import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MuxEngine } from './engine.ts';
import {
  call,
  pair,
  randomOf,
  readOne,
  sendAnswer,
  sendRequest,
  type TestCall,
  type TestInbound,
  takeOutput,
} from './engines.fixture.ts';
import { codes } from './protocol.ts';
import { ServerEngine } from './server-engine.ts';

const streams = 1_000;
const atATime = 60;
const connectionWindow = 30_000;

/** One call, and what was asked of either side of it: the model that the engines are held to. */
interface Modelled {
  readonly call: TestCall;
  readonly requests: string[];
  readonly answers: string[];
  /** Found when the server knows it. */
  inbound: TestInbound | undefined;
  hasEnded: boolean;
  /** How the server ended it. */
  ending: 'answer' | 'error' | undefined;
  isGivenUp: boolean;
}

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/**
 * Each side's messages are numbered texts of random sizes, up to twenty windows; both read when chance has it; bytes travel in
 * pieces that break off anywhere.
 */
test(`a thousand streams with resets, half-closes, slow readers and full sockets do as their model does (SEED=${seed})`, () => {
  const random = randomOf(seed);
  const time = { now: 0 };
  const growth = { maxStreamWindow: 16_384, maxGrowth: 20_000 };
  const both = pair({ maxStreams: atATime, connectionWindow }, { growth, time });
  const { client, server, inbound } = both;
  const pipes = { there: Buffer.alloc(0), back: Buffer.alloc(0) };
  const running: Modelled[] = [];
  const closing: Modelled[] = [];
  const all: Modelled[] = [];
  let known = 0;
  let largest = 0;
  const below = (n: number) => Math.floor(random() * n);
  const text = (which: string) => which + 'x'.repeat(random() < 0.01 ? below(80_000) : below(600));

  const carry = (limit: number): boolean => {
    if (!client.isBlocked) pipes.there = Buffer.concat([pipes.there, takeOutput(client)]);
    if (!server.isBlocked) pipes.back = Buffer.concat([pipes.back, takeOutput(server)]);
    const sizes = {
      there: Math.min(below(limit), pipes.there.length),
      back: Math.min(below(limit), pipes.back.length),
    };
    const moved = sizes.there + sizes.back > 0;
    // Own memory: what an engine was given must not change.
    if (sizes.there > 0) server.receive(Buffer.from(pipes.there.subarray(0, sizes.there)), time.now);
    if (sizes.back > 0) client.receive(Buffer.from(pipes.back.subarray(0, sizes.back)), time.now);
    pipes.there = pipes.there.subarray(sizes.there);
    pipes.back = pipes.back.subarray(sizes.back);
    for (; known < inbound.length; known++) {
      const stream = inbound[known]!;
      all.find((one) => one.call.id === stream.id)!.inbound = stream;
    }
    return moved || pipes.there.length + pipes.back.length > 0;
  };

  /** The socket takes no more, or takes more again. */
  const block = (engine: MuxEngine) => {
    engine.isBlocked = !engine.isBlocked;
    if (!engine.isBlocked) engine.flushed();
  };

  const readAll = (one: Modelled) => {
    while (one.call.hasUnread) readOne(client, one.call);
    while (one.inbound?.hasUnread === true) readOne(server, one.inbound);
  };

  const begin = () => {
    const first = random() < 0.7 ? text('q0 ') : undefined;
    const isLast = random() < 0.4;
    const stream = call(client, first, isLast);
    const one = {
      call: stream,
      requests: first === undefined ? [] : [first],
      answers: [],
      inbound: undefined,
      hasEnded: isLast,
      ending: undefined,
      isGivenUp: false,
    };
    running.push(one);
    all.push(one);
  };

  const act = (one: Modelled) => {
    const { call: outbound, inbound: stream } = one;
    const choice = random();
    if (choice < 0.35) {
      if (one.hasEnded || !outbound.isOpen || outbound.pending !== undefined) return;
      if (choice < 0.25) {
        const message = text(`q${one.requests.length} `);
        one.requests.push(message);
        sendRequest(client, outbound, message);
      } else {
        one.hasEnded = true;
        client.end(outbound);
      }
    } else if (choice < 0.352) {
      if (!outbound.isOpen) return;
      one.isGivenUp = true;
      client.reset(outbound, codes.cancel);
    } else if (choice < 0.55) readOne(client, outbound);
    else if (stream !== undefined) {
      if (choice < 0.75) readOne(server, stream);
      else if (!stream.isOpen || stream.pending !== undefined || one.ending !== undefined) return;
      else if (choice < 0.96) {
        const message = text(`a${one.answers.length} `);
        one.answers.push(message);
        sendAnswer(server, stream, message);
      } else if (choice < 0.98) {
        one.ending = 'answer';
        const message = text(`a${one.answers.length} `);
        one.answers.push(message);
        sendAnswer(server, stream, message, true);
      } else if (choice < 0.995) {
        one.ending = 'error';
        server.answerError(stream, Buffer.from('no'), false);
      }
    }
  };

  for (let steps = 0; all.length < streams || running.length > 0; steps++) {
    // A round trip takes some ten steps: the windows of those who are read at once grow.
    time.now += 1;
    largest = Math.max(largest, ...running.map(({ call: { pace } }) => pace?.window ?? 0));
    assert.ok(steps < 3_000_000, `${running.length} streams do not end`);
    if (all.length < streams && running.length < atATime && random() < 0.3) begin();
    if (running.length > 0) act(running[below(running.length)]!);
    if (random() < 0.01) block(client);
    if (random() < 0.01) block(server);
    if (random() < 0.8) carry(random() < 0.8 ? 500 : 20_000);
    for (let index = running.length - 1; index >= 0; index--) {
      if (!running[index]!.call.isOpen) closing.push(...running.splice(index, 1));
    }
    // Whoever has a stream reads what has come of it, or drops it.
    for (let index = closing.length - 1; index >= 0; index--) {
      readAll(closing[index]!);
      if (closing[index]!.inbound?.isOpen === false) closing.splice(index, 1);
    }
  }
  for (const engine of [client, server]) if (engine.isBlocked) block(engine);
  for (let moves = true; moves; ) {
    for (const one of all) readAll(one);
    moves = carry(100_000);
  }

  assert.deepEqual([client.streams.size, server.streams.size], [0, 0]);
  // The schedule has some of everything.
  const many = (what: (one: Modelled) => boolean) => all.filter(what).length > streams / 20;
  assert.ok(many(({ ending }) => ending === 'answer') && many(({ ending }) => ending === 'error'));
  assert.ok(largest > 4_096, `${largest}`);
  assert.ok(many(({ isGivenUp }) => isGivenUp) && many((one) => one.answers.length > 5));
  for (const one of all) check(one);
  assert.deepEqual([client.receivable, server.receivable], [connectionWindow, connectionWindow]);
  // Nor has the other side lost any of it: more than all of it goes through on one stream, each way.
  const last = call(client);
  both.settle();
  const stream = inbound.at(-1)!;
  sendRequest(client, last, 'y'.repeat(90_000));
  sendAnswer(server, stream, 'z'.repeat(90_000));
  both.settle();
  readOne(client, last);
  readOne(server, stream);
  assert.deepEqual([last.seen.messages[0]?.length, stream.seen.messages[0]?.length], [90_000, 90_000]);
});

/** What came is what was sent, in order: all of it where nobody gave up. */
function check({ call: outbound, inbound, requests, answers, hasEnded, ending, isGivenUp }: Modelled): void {
  const got = outbound.seen.messages;
  assert.deepEqual(got, answers.slice(0, got.length));
  if (outbound.seen.events.includes('answer')) {
    assert.equal(ending, 'answer');
    assert.equal(got.length, answers.length);
  } else if (!isGivenUp) {
    assert.deepEqual(
      outbound.seen.events.filter((event) => event !== 'writable'),
      ['error no'],
    );
    assert.equal(ending, 'error');
  }
  if (inbound === undefined) {
    assert.ok(isGivenUp);
    return;
  }
  const read = inbound.seen.messages;
  assert.deepEqual(read, requests.slice(0, read.length));
  if (!inbound.seen.events.includes('end')) return;
  assert.ok(hasEnded);
  assert.equal(read.length, requests.length);
}

test(`bytes that are changed, cut or shuffled end the connection in order, or change nothing (SEED=${seed})`, () => {
  const random = randomOf(seed);
  const below = (n: number) => Math.floor(random() * n);
  const [requests, answers] = recorded();
  for (let round = 0; round < 2_000; round++) {
    const isServer = round % 2 === 0;
    const bytes = Buffer.from(isServer ? requests : answers);
    for (let count = 1 + below(3); count > 0; count--) bytes[below(bytes.length)] = below(256);
    const from = random() < 0.2 ? below(bytes.length) : 0;
    const both = pair();
    const engine = isServer ? both.server : both.client;
    if (!isServer) for (let id = 0; id < 6; id++) call(both.client);
    takeOutput(both.client);

    for (let at = from; at < bytes.length; ) {
      const size = 1 + below(500);
      try {
        engine.receive(bytes.subarray(at, at + size), at);
      } catch (error) {
        assert.equal((error as Error).constructor.name, 'MuxViolation', `round ${round}: ${(error as Error).stack}`);
        break;
      }
      at += size;
    }

    assert.ok(engine.out.length < 100_000 && engine.sink.bytes.length < 100_000, `round ${round}`);
    assert.ok(engine.streams.size <= 1_000, `round ${round}`);
  }
});

/** What the two sides of a connection say after their settings, in a few calls of every kind. */
function recorded(): [requests: Buffer, answers: Buffer] {
  const { client, server, inbound } = pair();
  const said: [Buffer[], Buffer[]] = [[], []];
  const settle = () => {
    const there = takeOutput(client);
    const back = takeOutput(server);
    said[0].push(there);
    said[1].push(back);
    if (there.length > 0) server.receive(there, 1);
    if (back.length > 0) client.receive(back, 1);
  };
  const calls = [call(client, 'one'), call(client), call(client, 'x'.repeat(3_000)), call(client, 'y'), call(client)];
  settle();
  sendRequest(client, calls[1]!, 'two');
  client.end(calls[1]!);
  client.reset(calls[4]!, codes.cancel);
  sendAnswer(server, inbound[0]!, 'one', true);
  sendAnswer(server, inbound[2]!, 'z'.repeat(3_000));
  server.answerError(inbound[3]!, Buffer.from('error'), true);
  server.ping();
  for (let turns = 0; turns < 5; turns++) settle();
  server.goAway(codes.drain, 'enough');
  server.answer(inbound[1]!);
  for (let turns = 0; turns < 5; turns++) settle();
  assert.ok(server instanceof ServerEngine);
  return [Buffer.concat(said[0]), Buffer.concat(said[1])];
}
