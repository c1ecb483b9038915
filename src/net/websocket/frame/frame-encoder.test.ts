import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { decode } from '../../../../test/conformance/websocket/frames.ts';
import { ClientFrames, type FrameSink, serverFrame, serverFrames } from './frame-encoder.ts';

class Sink implements FrameSink {
  readonly pieces: (string | Uint8Array)[] = [];

  write(data: string | Uint8Array): boolean {
    this.pieces.push(data);
    return true;
  }

  bytes(): Buffer {
    return Buffer.concat(
      this.pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
    );
  }
}

const sizes = [0, 1, 60, 125, 126, 127, 4095, 4096, 4097, 65_535, 65_536, 200_000];
const contents: readonly (readonly [name: string, make: (size: number) => string | Uint8Array])[] = [
  ['ASCII', (size) => 'a'.repeat(size)],
  ['a text beyond ASCII', (size) => 'é'.repeat(size / 2) + 'a'.repeat(size % 2)],
  ['bytes', (size) => Buffer.alloc(size, 0xfe)],
  ['bytes that are no Buffer', (size) => new Uint8Array(size).fill(0x81)],
];

const encoders = [
  ['a server', serverFrames, false],
  ['a client', new ClientFrames((bytes) => void randomFillSync(bytes)), true],
] as const;

for (const [role, encoder, isMasked] of encoders) {
  describe(`the frames of ${role}`, () => {
    for (const [name, make] of contents) {
      it(`carry ${name} of every size, with its length in the shortest form`, () => {
        for (const size of sizes) {
          const data = make(size);
          const sink = new Sink();

          encoder.write(sink, 2, data, size);

          const { frame, rest } = decode(sink.bytes())!;
          assert.equal(rest.length, 0);
          assert.deepEqual({ ...frame, payload: 0 }, { fin: true, rsv: 0, opcode: 2, isMasked, payload: 0 });
          assert.ok(frame.payload.equals(Buffer.from(data as string)), `${size} bytes`);
          const headBytes = sink.bytes().length - size - (isMasked ? 4 : 0);
          assert.equal(headBytes, size < 126 ? 2 : size < 65_536 ? 4 : 10);
        }
      });
    }

    it('are one piece while they are small', () => {
      for (const data of ['text', 'é', Buffer.from('bytes')]) {
        const sink = new Sink();

        encoder.write(sink, 1, data, Buffer.byteLength(data));

        assert.equal(sink.pieces.length, 1);
      }
    });
  });
}

describe('the frames of a server', () => {
  it('carry large bytes without a copy', () => {
    const data = Buffer.alloc(100_000);
    const sink = new Sink();

    serverFrames.write(sink, 2, data, data.length);

    assert.equal(sink.pieces[1], data);
  });

  it('are the same where they are made for many', () => {
    for (const [, make] of contents) {
      for (const size of sizes) {
        const data = make(size);
        const sink = new Sink();
        serverFrames.write(sink, 1, data, size);

        const frame = serverFrame(1, data, size);

        const bytes = typeof frame === 'string' ? Buffer.from(frame, 'latin1') : Buffer.from(frame);
        assert.ok(bytes.equals(sink.bytes()), `${size} bytes`);
      }
    }
  });

  it('of a text with half a surrogate pair carry U+FFFD, so that they stay UTF-8', () => {
    const sink = new Sink();

    serverFrames.write(sink, 1, 'a\ud800b', Buffer.byteLength('a\ud800b'));

    assert.equal(decode(sink.bytes())!.frame.payload.toString(), 'a\ufffdb');
  });
});

describe('the frames of a client', () => {
  it('leave the bytes they carry as they are', () => {
    const data = Buffer.from('unchanged');

    new ClientFrames((bytes) => bytes.fill(7)).write(new Sink(), 2, data, data.length);

    assert.equal(data.toString(), 'unchanged');
  });

  it('take a key of their own each from the random source', () => {
    let calls = 0;
    const frames = new ClientFrames((bytes) => {
      calls++;
      for (let i = 0; i < bytes.length; i++) bytes[i] = i + calls;
    });
    const keys = new Set<string>();

    for (let i = 0; i < 130; i++) {
      const sink = new Sink();
      frames.write(sink, 1, '', 0);
      keys.add(sink.bytes().toString('hex', 2, 6));
    }

    assert.ok(keys.size > 120, `${keys.size} keys`);
    assert.equal(calls, 3);
  });
});
