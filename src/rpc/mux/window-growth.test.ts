import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { call, pair, readOne, sendAnswer, type TestCall, type TestInbound, takeOutput } from './engines.fixture.ts';
import { frames } from './protocol.ts';
import { connectionWindow, firstWindow, growthLimits } from './windows.ts';

const messageBytes = 8 * 1024;

/** One answer after the other on so many streams, over a link with a delay: what callers read, and what waits for them. */
class Link {
  readonly time = { now: 0 };
  readonly calls: TestCall[] = [];
  /** The most that a stream had unread. */
  mostUnread = 0;
  pings = 0;
  readonly #oneWayMs: number;
  readonly #both = pair(
    { streamWindow: firstWindow, connectionWindow: connectionWindow(1_000) },
    { growth: growthLimits, time: this.time },
  );
  readonly #flying: { readonly at: number; readonly isBack: boolean; readonly bytes: Buffer }[] = [];

  constructor(streams: number, roundTripMs: number) {
    this.#oneWayMs = roundTripMs / 2;
    for (let count = 0; count < streams; count++) this.calls.push(call(this.#both.client, 'x'));
    this.#both.settle();
  }

  /** Streams whose server never stops; each caller reads so many messages every millisecond, or as `reads` says. */
  run(ms: number, reads: (stream: number, now: number) => number): void {
    const { client, server, inbound } = this.#both;
    for (const end = this.time.now + ms; this.time.now < end; this.time.now++) {
      while (this.#flying[0] !== undefined && this.#flying[0].at <= this.time.now) {
        const { isBack, bytes } = this.#flying.shift()!;
        (isBack ? client : server).receive(bytes, this.time.now);
      }
      for (const stream of inbound) this.#fill(stream);
      for (const [index, one] of this.calls.entries()) {
        this.mostUnread = Math.max(this.mostUnread, bytesOf(one));
        for (let count = reads(index, this.time.now); count > 0; count--) readOne(client, one);
      }
      this.#fly(takeOutput(client), false);
      this.#fly(takeOutput(server), true);
    }
  }

  /** Bytes that the caller has read of a stream. */
  read(stream = 0): number {
    return this.calls[stream]!.seen.messages.length * messageBytes;
  }

  windowOf(stream = 0): number {
    return this.calls[stream]!.pace?.window ?? firstWindow;
  }

  end(stream: number): void {
    this.#both.client.reset(this.calls[stream]!, 1);
  }

  #fill(stream: TestInbound): void {
    // What one stream alone could send in a millisecond, were there no window.
    for (let count = 0; count < 32 && stream.isOpen && stream.pending === undefined; count++)
      sendAnswer(this.#both.server, stream, 'y'.repeat(messageBytes));
  }

  #fly(bytes: Buffer, isBack: boolean): void {
    if (bytes.length === 0) return;
    if (!isBack) this.pings += countOf(bytes, frames.ping);
    this.#flying.push({ at: this.time.now + this.#oneWayMs, isBack, bytes });
  }
}

function bytesOf({ seen }: TestCall): number {
  return seen.unread.reduce((sum, { cost }) => sum + cost, 0);
}

function countOf(bytes: Buffer, type: number): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3)) if (bytes[at + 3] === type) count++;
  return count;
}

const greedy = (link: Link) => (stream: number) => link.calls[stream]!.seen.unread.length;

describe('the window of a stream', () => {
  test('grows while its reader keeps pace, until it is no longer what limits it', () => {
    const link = new Link(1, 40);

    link.run(1_000, greedy(link));
    const before = link.read();
    link.run(1_000, greedy(link));

    // 64 KiB in each round trip would be 1.6 MB; the link takes 256 KiB a millisecond, the largest window 100 MB a second.
    assert.ok(link.read() - before > 80e6, `${link.read() - before}`);
    assert.equal(link.windowOf(), growthLimits.maxStreamWindow);
    assert.ok(link.pings <= 3, `${link.pings}`);
  });

  test('stays as it is where the round trip is short', () => {
    const link = new Link(1, 0);

    link.run(200, (_, now) => (now % 16 === 0 ? 8 : 0));

    assert.equal(link.windowOf(), firstWindow);
  });

  for (const [name, reads] of [
    // 64 KiB in a second, where a round trip takes 40 ms.
    ['reads slowly', (_: number, now: number) => Number(now % 125 === 0)],
    ['reads all that there is, but seldom', (_: number, now: number) => (now % 500 === 0 ? 1_000 : 0)],
    ['does not read', () => 0],
  ] as const) {
    test(`does not grow for one who ${name}`, () => {
      const link = new Link(1, 40);

      link.run(4_000, reads);

      assert.equal(link.windowOf(), firstWindow);
      assert.ok(link.mostUnread <= firstWindow, `${link.mostUnread}`);
    });
  }

  test('grows no further than its reader reads in three round trips', () => {
    const link = new Link(1, 40);

    // 8 MB a second: a megabyte in three round trips.
    link.run(3_000, () => 1);

    assert.ok(link.windowOf() >= 256 * 1024 && link.windowOf() <= 2 << 20, `${link.windowOf()}`);
    assert.ok(link.mostUnread <= link.windowOf());
  });

  test('grows again when others have ended: together they have a bound', () => {
    const link = new Link(8, 40);
    link.run(900, greedy(link));
    const windows = link.calls.map((_, index) => link.windowOf(index));
    const grown = windows.reduce((sum, window) => sum + window - firstWindow, 0);

    for (let index = 1; index < 8; index++) link.end(index);
    link.run(900, greedy(link));

    assert.equal(grown, growthLimits.maxGrowth);
    assert.equal(link.windowOf(), growthLimits.maxStreamWindow);
  });

  test('that has grown holds up nobody else when its reader stops', () => {
    const link = new Link(9, 40);
    link.run(900, (stream) => (stream < 8 ? greedy(link)(stream) : 0));
    const before = link.read(8);

    link.run(1_000, (stream) => (stream < 8 ? 0 : greedy(link)(stream)));

    assert.ok(link.read(8) - before > 1e6, `${link.read(8) - before}`);
    assert.ok(link.mostUnread <= growthLimits.maxStreamWindow);
  });
});
