import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as errors from './index.ts';

const RoomErrors = errors.defineErrors('live.room', {
  ROOM_CLOSED: { code: 'failed_precondition' },
  ROOM_NOT_FOUND: { code: 'not_found' },
});

test('a defined error carries code, reason, domain, metadata and cause', () => {
  const cause = new Error('disk');

  const error = RoomErrors.ROOM_CLOSED('room 7 is closed', { metadata: { room: '7' }, cause });

  assert.ok(error instanceof errors.StatusError);
  assert.deepEqual(
    [error.code, error.reason, error.domain, error.message, error.metadata, error.cause],
    ['failed_precondition', 'ROOM_CLOSED', 'live.room', 'room 7 is closed', { room: '7' }, cause],
  );
});

test('every throw makes a fresh error', () => {
  assert.notEqual(RoomErrors.ROOM_CLOSED('a'), RoomErrors.ROOM_CLOSED('a'));
});

test('defineErrors refuses a reason that google.rpc.ErrorInfo would refuse', () => {
  for (const reason of ['room_closed', 'R', 'RO', 'ROOM-CLOSED', '1ROOM', 'ROOM_', `R${'X'.repeat(63)}`]) {
    assert.throws(() => errors.defineErrors('d', { [reason]: { code: 'aborted' } }), TypeError, reason);
  }
  assert.throws(() => errors.defineErrors('', {}), /domain is empty/);
});

test('is finds a reason, a code and a class anywhere in the chain', () => {
  const inner = RoomErrors.ROOM_CLOSED('closed', { cause: new RangeError('deep') });
  const outer = new Error('outer', { cause: errors.wrap(inner, 'post message') });

  assert.ok(errors.is(outer, RoomErrors.ROOM_CLOSED));
  assert.ok(errors.is(outer, 'failed_precondition'));
  assert.ok(errors.is(outer, RangeError));
  assert.ok(!errors.is(outer, RoomErrors.ROOM_NOT_FOUND));
  assert.ok(!errors.is(outer, 'not_found'));
  assert.ok(!errors.is(undefined, 'not_found'));
});

test('is recognises an error of the same domain and reason that came over a wire', () => {
  const received = errors.fromBody(errors.toBody(RoomErrors.ROOM_CLOSED('closed')), 400);

  assert.ok(errors.is(received, RoomErrors.ROOM_CLOSED));
});

test('a StatusError of another copy of the module is recognised by its brand', () => {
  const foreign = Object.assign(new Error('x'), {
    [Symbol.for('flotilla.StatusError')]: true,
    code: 'not_found',
    reason: 'ROOM_NOT_FOUND',
    domain: 'live.room',
    metadata: {},
  });

  assert.ok(errors.is(foreign, RoomErrors.ROOM_NOT_FOUND));
  assert.equal(errors.from(foreign), foreign);
});

test('as returns the matching link itself', () => {
  const inner = RoomErrors.ROOM_CLOSED('closed');
  const outer = new Error('outer', { cause: inner });

  assert.equal(errors.as(outer), inner);
  assert.equal(errors.as(outer, RoomErrors.ROOM_CLOSED), inner);
  assert.equal(errors.as(outer, 'not_found'), undefined);
});

test('wrap adds what was being done and keeps the rest', () => {
  const inner = RoomErrors.ROOM_CLOSED('room 7 is closed', { metadata: { room: '7' } });

  const wrapped = errors.wrap(inner, 'post message');

  assert.equal(wrapped.message, 'post message: room 7 is closed');
  assert.deepEqual(
    [wrapped.code, wrapped.reason, wrapped.metadata],
    ['failed_precondition', 'ROOM_CLOSED', { room: '7' }],
  );
  assert.equal(wrapped.cause, inner);
});

test('from maps the platform’s aborts and timeouts, and anything else to unknown', () => {
  assert.equal(errors.from(AbortSignal.abort().reason).code, 'canceled');
  assert.equal(errors.from(new DOMException('late', 'TimeoutError')).code, 'deadline_exceeded');
  assert.equal(errors.from(new TypeError('x')).code, 'unknown');
  assert.equal(errors.from('text').message, 'thrown: "text"');
  assert.equal(errors.from(undefined).code, 'unknown');
});

test('a timeout or abort of a library keeps its message to itself, also when wrapped', () => {
  const timeout = Object.assign(new Error('mysql://live:hunter2@db timed out'), { name: 'TimeoutError' });

  const sent = [errors.conceal(timeout, 'id'), errors.conceal(errors.wrap(timeout, 'read room 7'), 'id')];

  assert.deepEqual(
    sent.map(({ code, message }) => [code, message]),
    [
      ['deadline_exceeded', 'the operation timed out'],
      ['deadline_exceeded', 'read room 7: the operation timed out'],
    ],
  );
  assert.equal(sent[0]?.cause, timeout);
});

test('conceal lets deliberate errors pass and hides all others behind an id', () => {
  const deliberate = RoomErrors.ROOM_CLOSED('closed');
  const secret = new TypeError('password is hunter2');

  const hidden = errors.conceal(secret, 'id-1');

  assert.equal(errors.conceal(deliberate, 'id-1'), deliberate);
  assert.deepEqual(
    [hidden.code, hidden.message, hidden.metadata],
    ['internal', 'internal error id-1', { errorId: 'id-1' }],
  );
  assert.equal(hidden.cause, secret);
  assert.ok(!JSON.stringify(errors.toBody(hidden)).includes('hunter2'));
  assert.equal(errors.conceal(errors.from(secret), 'id-2').code, 'internal');
  assert.equal(errors.conceal(new DOMException('late', 'TimeoutError'), 'id').code, 'deadline_exceeded');
});

test('format prints every link with its reason and stack, and survives a chain that loops', () => {
  const inner = RoomErrors.ROOM_CLOSED('room 7 is closed', { metadata: { room: '7' } });
  const outer = new Error('outer', { cause: inner });
  const loop = new Error('loop');
  loop.cause = loop;

  const printed = errors.format(outer);

  assert.match(printed, /^Error: outer\n\s+at /);
  assert.match(
    printed,
    /\ncaused by: live\.room\/ROOM_CLOSED \(failed_precondition\): room 7 is closed \{room=7\}\n\s+at /,
  );
  assert.match(errors.format(loop), /^Error: loop/);
  assert.equal(errors.format(null), '');
});

test('the tables give each code one HTTP and one gRPC status and back', () => {
  assert.equal(errors.codes.length, 16);
  for (const code of errors.codes) {
    assert.equal(errors.codeOfGrpcStatus(errors.grpcStatusOf(code)), code);
    const status = errors.httpStatusOf(code);
    assert.ok(status >= 400 && status < 600, code);
  }
  assert.equal(errors.grpcStatusOf('unauthenticated'), 16);
  assert.equal(errors.codeOfGrpcStatus(99), 'unknown');
  assert.deepEqual([400, 401, 404, 418, 429, 502, 503, 504, 599, 200].map(errors.codeOfHttpStatus), [
    'invalid_argument',
    'unauthenticated',
    'not_found',
    'failed_precondition',
    'resource_exhausted',
    'unavailable',
    'unavailable',
    'deadline_exceeded',
    'unavailable',
    'unknown',
  ]);
});

test('a body says all but the cause, and reads back as the same error', () => {
  const sent = RoomErrors.ROOM_CLOSED('room 7 is closed', { metadata: { room: '7' }, cause: new Error('secret') });

  const body = errors.toBody(sent);
  const received = errors.fromBody(JSON.parse(JSON.stringify(body)), 400);

  assert.deepEqual(Object.keys(body), ['code', 'reason', 'message', 'domain', 'metadata', 'details']);
  assert.ok(!JSON.stringify(body).includes('secret'));
  assert.deepEqual(
    [received.code, received.reason, received.domain, received.message, received.metadata],
    [sent.code, sent.reason, sent.domain, sent.message, sent.metadata],
  );
});

test('metadata of any size has a body', () => {
  const sent = new errors.StatusError('aborted', 'm', { metadata: { long: 'x'.repeat(1_000_000) } });

  const [detail] = errors.toBody(sent).details;

  assert.deepEqual(Buffer.from(detail?.value ?? '', 'base64'), Buffer.from(errors.encodeErrorInfo(sent)));
  assert.doesNotMatch(detail?.value ?? '=', /=/);
});

test('a body that is not ours gives the error that the status says', () => {
  for (const body of [undefined, null, 'text', 7, [], { code: 'nonsense' }, { error: 'x' }]) {
    assert.equal(errors.fromBody(body, 503).code, 'unavailable');
  }
  assert.equal(errors.fromBody({ code: 'aborted', metadata: { a: 1, b: 'x' } }, 409).metadata.b, 'x');
});

test('the ErrorInfo detail holds reason, domain and metadata as protobuf', () => {
  const text = fc.string({ maxLength: 300, unit: 'grapheme' });
  fc.assert(
    fc.property(
      text,
      text,
      fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true }),
      (reason, domain, metadata) => {
        const bytes = errors.encodeErrorInfo(new errors.StatusError('aborted', 'm', { reason, domain, metadata }));
        assert.deepEqual(decode(bytes), { reason, domain, metadata: { ...metadata } });
      },
    ),
  );
});

/** A second, plain reading of the three fields, to check the writer against. */
function decode(bytes: Uint8Array): unknown {
  const text = (slice: Uint8Array) => new TextDecoder().decode(slice);
  const metadata: Record<string, string> = {};
  let reason = '';
  let domain = '';
  for (const [number, value] of fields(bytes)) {
    if (number === 1) reason = text(value);
    if (number === 2) domain = text(value);
    if (number === 3) {
      const entry = new Map(fields(value));
      const key = text(entry.get(1) ?? new Uint8Array());
      Object.defineProperty(metadata, key, {
        value: text(entry.get(2) ?? new Uint8Array()),
        enumerable: true,
        configurable: true,
      });
    }
  }
  return { reason, domain, metadata };
}

function fields(bytes: Uint8Array): [number, Uint8Array][] {
  const found: [number, Uint8Array][] = [];
  for (let at = 0; at < bytes.length; ) {
    const number = bytes[at++]! >>> 3;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    found.push([number, bytes.subarray(at, at + length)]);
    at += length;
  }
  return found;
}

test('an error that the end of a block suppressed another with speaks first, and both are found', () => {
  const body = new TypeError('password is hunter2');
  const end = RoomErrors.ROOM_CLOSED('room 7 is closed');
  const both = new SuppressedError(end, body);

  assert.deepEqual(errors.chain(both), [both, end, body]);
  assert.ok(errors.is(both, RoomErrors.ROOM_CLOSED) && errors.is(both, TypeError));
  assert.equal(errors.from(both).code, end.code);
  assert.equal(errors.from(both).cause, both);
  assert.equal(errors.conceal(both, 'id-1').reason, 'ROOM_CLOSED');
  assert.match(errors.format(both), /ROOM_CLOSED[\s\S]*hunter2/);
});

test('a bug stays hidden whichever side of a suppressed error it is on', () => {
  const bug = new TypeError('password is hunter2');

  const hidden = errors.conceal(new SuppressedError(bug, RoomErrors.ROOM_CLOSED('room 7 is closed')), 'id-1');

  assert.equal(hidden.code, 'internal');
  assert.doesNotMatch(hidden.message, /hunter2/);
});
