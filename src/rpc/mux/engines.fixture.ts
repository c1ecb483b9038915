import { defaultFields } from '../../call/index.ts';
import type { StatusError } from '../../errors/index.ts';
import type { Source } from '../codec/source.ts';
import type { CallHeadReader } from './call-head.ts';
import { ClientEngine, ClientStream } from './client-engine.ts';
import type { MuxEngine } from './engine.ts';
import type { EngineHooks } from './engine-hooks.ts';
import { flags, frames, version } from './protocol.ts';
import { ServerEngine, ServerStream } from './server-engine.ts';
import type { MuxSettings } from './settings.ts';
import type { GrowthLimits } from './window-growth.ts';

export const testSettings: MuxSettings = {
  lowestVersion: version,
  highestVersion: version,
  maxStreams: 1_000,
  streamWindow: 4_096,
  connectionWindow: 65_536,
  maxMessageBytes: 100_000,
  maxHeadBytes: 16_384,
  gzip: true,
  metadata: true,
};

/** What a test knows of a stream, whichever side it is on. */
export interface Seen {
  /** Messages as text, in the order in which they came. */
  readonly messages: string[];
  /** Came and not read. */
  readonly unread: { readonly text: string; readonly cost: number }[];
  /** Everything else that was told. */
  readonly events: string[];
}

function seen(): Seen {
  return { messages: [], unread: [], events: [] };
}

/** Reads the oldest message that waits. */
export function readOne(engine: MuxEngine, stream: TestCall | TestInbound): void {
  const next = stream.seen.unread.shift();
  if (next === undefined) return;
  stream.seen.messages.push(next.text);
  engine.consumed(stream, next.cost);
  if (stream.seen.unread.length === 0) engine.unreadTaken(stream);
}

export class TestCall extends ClientStream {
  readonly seen = seen();
  name = '';
  leftMs = 0;
  override timeLeftMs(): number {
    return this.leftMs;
  }
  get hasUnread(): boolean {
    return this.seen.unread.length > 0;
  }
  override onMessage(source: Source, end: number, _isCompressed: boolean, cost: number): void {
    this.seen.unread.push({ text: textOf(source, end), cost });
  }
  override onAnswer(status: Uint8Array | undefined, isUnsent: boolean): void {
    this.seen.events.push(status === undefined ? 'answer' : `error ${Buffer.from(status)}${isUnsent ? ' unsent' : ''}`);
  }
  override onMetadata(isTrailers: boolean, source: Source, end: number): void {
    this.seen.events.push(`${isTrailers ? 'trailers' : 'headers'} ${textOf(source, end)}`);
  }
  override onTooLarge(): void {
    this.seen.events.push('too large');
  }
  override onReset(code: number): void {
    this.seen.events.push(`reset ${code}`);
  }
  override onWritable(): void {
    this.seen.events.push('writable');
  }
  override onLost(error: StatusError): void {
    this.seen.events.push(`lost ${error.reason}`);
  }
}

export class TestInbound extends ServerStream {
  readonly seen = seen();
  readonly method: string;
  constructor(method: string) {
    super();
    this.method = method;
  }
  get hasUnread(): boolean {
    return this.seen.unread.length > 0;
  }
  override onBegin(head: CallHeadReader, sizeBytes: number | undefined): void {
    this.seen.events.push(`begin ${head.timeoutMs} ${sizeBytes}`);
  }
  override onMessage(source: Source, end: number, _isCompressed: boolean, cost: number): void {
    this.seen.unread.push({ text: textOf(source, end), cost });
  }
  override onEnd(): void {
    this.seen.events.push('end');
  }
  override onTooLarge(): void {
    this.seen.events.push('too large');
  }
  override onReset(code: number): void {
    this.seen.events.push(`reset ${code}`);
  }
  override onWritable(): void {
    this.seen.events.push('writable');
  }
  override onLost(error: StatusError): void {
    this.seen.events.push(`lost ${error.reason}`);
  }
}

function textOf(source: Source, end: number): string {
  return source.asBuffer().toString('latin1', source.at, end);
}

interface Timing {
  /** Default: no window grows. */
  readonly growth?: GrowthLimits;
  /** What the engines hold for the time. */
  readonly time?: { now: number };
}

/** The engine of a caller, with what it was told. */
export function clientEngine(settings: Partial<MuxSettings> = {}, { growth, time }: Timing = {}) {
  const told: string[] = [];
  const engine = new ClientEngine({ ...testSettings, ...settings }, hooksOf(told, time), undefined, growth);
  return { engine, told };
}

/** The engine of a server, with what it was told and the calls that came. */
export function serverEngine(settings: Partial<MuxSettings> = {}, { growth, time }: Timing = {}) {
  const told: string[] = [];
  const inbound: TestInbound[] = [];
  const engine = new ServerEngine<string>(
    { ...testSettings, ...settings },
    {
      ...hooksOf(told, time),
      onMethod: (path) => path,
      onCall(method) {
        const stream = new TestInbound(method);
        inbound.push(stream);
        return stream;
      },
    },
    undefined,
    growth,
  );
  return { engine, told, inbound };
}

function hooksOf(told: string[], time = { now: 0 }): EngineHooks {
  return {
    now: () => time.now,
    onOutput() {},
    onFull() {},
    onSettings: () => void told.push('settings'),
    onPong: () => void told.push('pong'),
    onGoAway: (code, reason) => void told.push(`go-away ${code} ${reason}`),
    onGoAwayAck: () => void told.push('ack'),
  };
}

/** All that the engine wants to send. */
export function takeOutput(engine: MuxEngine): Buffer {
  const pieces: Buffer[] = [];
  while (engine.out.length > 0) {
    pieces.push(Buffer.from(engine.out.peek()));
    engine.out.release(true);
    engine.flushed();
  }
  return Buffer.concat(pieces);
}

/** Both engines, with nothing between them. */
export function pair(settings: Partial<MuxSettings> = {}, timing: Timing = {}) {
  const client = clientEngine(settings, timing);
  const server = serverEngine(settings, timing);
  let now = 0;
  /** Carries bytes until neither side has any. */
  const settle = (): void => {
    for (;;) {
      const there = takeOutput(client.engine);
      const back = takeOutput(server.engine);
      if (there.length + back.length === 0) return;
      now += 1;
      if (there.length > 0) server.engine.receive(there, now);
      if (back.length > 0) client.engine.receive(back, now);
    }
  };
  settle();
  return {
    client: client.engine,
    server: server.engine,
    inbound: server.inbound,
    toldClient: client.told,
    toldServer: server.told,
    settle,
  };
}

export function put(engine: MuxEngine, text: string): void {
  engine.sink.reset();
  engine.sink.raw(Buffer.from(text, 'latin1'), 0);
}

/** Begins a call; without a text it sends no message yet. */
export function call(client: ClientEngine, text?: string, isLast = text !== undefined, timeoutMs = 0): TestCall {
  const stream = new TestCall();
  if (text === undefined) client.sink.reset();
  else put(client, text);
  const flag = (text === undefined ? 0 : flags.message) | (isLast ? flags.end : 0);
  client.call(stream, 0, '/test/Call', timeoutMs, defaultFields, flag);
  return stream;
}

export function sendRequest(client: ClientEngine, stream: TestCall, text: string): boolean {
  put(client, text);
  return client.send(stream, frames.data, 0);
}

export function sendAnswer(server: MuxEngine, stream: TestInbound, text: string, isLast = false): boolean {
  put(server, text);
  return server.send(stream, isLast ? frames.answer : frames.data, 0);
}

/** A frame by hand. */
export function frame(
  type: number,
  flag: number,
  stream: number,
  payload: Uint8Array | readonly number[] = [],
): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flag;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, 9);
  return bytes;
}

/** Numbers from 0 to below 1: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
