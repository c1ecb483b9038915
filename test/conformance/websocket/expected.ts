import assert from 'node:assert/strict';
import type { Outcome } from './case.ts';
import type { Received } from './frames.ts';

/** What an echo answers to what it received: each message as it came, a pong for a ping, Close for Close and for a failure. */
export function answersTo(outcomes: readonly Outcome[]): { readonly opcode: number; readonly payload: Buffer }[] {
  return outcomes.flatMap((outcome) => {
    if ('text' in outcome) return [{ opcode: 1, payload: Buffer.from(outcome.text) }];
    if ('binary' in outcome) return [{ opcode: 2, payload: Buffer.from(outcome.binary) }];
    if ('ping' in outcome) return [{ opcode: 10, payload: Buffer.from(outcome.ping) }];
    if ('pong' in outcome) return [];
    const code = 'close' in outcome ? outcome.close : outcome.failure;
    return [{ opcode: 8, payload: code === 1005 ? Buffer.alloc(0) : Buffer.of(code >> 8, code & 0xff) }];
  });
}

/**
 * The frames that came against those expected, messages and control frames each in their order: an echo answers a ping at once and a
 * message when its loop comes to it. After a failure, and from a client that was sent Close, what was not echoed yet may be missing.
 */
export function assertAnswers(frames: readonly Received[], outcomes: readonly Outcome[], isMasked: boolean): void {
  for (const frame of frames) assert.deepEqual([frame.fin, frame.rsv, frame.isMasked], [true, 0, isMasked]);
  const isControl = ({ opcode }: { readonly opcode: number }) => opcode >= 8;
  // Of a Close only the code is compared: the reason is for people.
  const plain = ({ opcode, payload }: { readonly opcode: number; readonly payload: Buffer }) =>
    `${opcode} ${(opcode === 8 ? payload.subarray(0, 2) : payload).toString('latin1')}`;
  const expected = answersTo(outcomes);

  assert.deepEqual(frames.filter(isControl).map(plain), expected.filter(isControl).map(plain));
  const messages = frames.filter((frame) => !isControl(frame)).map(plain);
  const wanted = expected.filter((frame) => !isControl(frame)).map(plain);
  const mayMiss = isMasked || outcomes.some((outcome) => 'failure' in outcome);
  assert.deepEqual(messages, mayMiss ? wanted.slice(0, messages.length) : wanted);
  assert.equal(frames.at(-1)?.opcode, 8, 'Close comes last');
}

/** The messages that a reader of ours got, whose order must be that of the outcomes. */
export function assertRead(messages: readonly (string | Uint8Array)[], outcomes: readonly Outcome[]): void {
  const expected = outcomes.flatMap((outcome): (string | Buffer)[] =>
    'text' in outcome ? [outcome.text] : 'binary' in outcome ? [Buffer.from(outcome.binary)] : [],
  );
  assert.deepEqual(
    messages.map((message) => (typeof message === 'string' ? message : Buffer.from(message))),
    expected,
  );
}
