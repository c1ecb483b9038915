import { create, type DescMessage, type Message } from '@bufbuild/protobuf';
import { Code } from './code.ts';
import type { Codec, PartCodec } from './codec.ts';
import type { Codecs } from './codecs.ts';
import { decoderSource } from './decoder-source.ts';
import { encoderSource } from './encoder-source.ts';
import { isPlain, plainPart } from './plain-part.ts';
import { putText } from './put-text.ts';
import { putInt32, putInt64, putSint64, putVarint32 } from './put-varint.ts';
import { compileShortText, compileUnitsText, shortKeys } from './short-text.ts';
import { Sink } from './sink.ts';
import { Source } from './source.ts';
import { bytesOf, floatOf, int32Of, int64Of, uint32Of, uint64Of } from './values.ts';

/** As the library: deeper messages are refused, so that none fills the stack. */
const maxDepth = 100;

/** What messages are written into, one before the other. */
const chunkBytes = 16 * 1024;

/** Codecs whose functions are made from source, one per type, when a message of the type is first met. */
export class CompiledCodecs implements Codecs {
  readonly #codecs = new Map<DescMessage, Codec>();
  readonly #parts = new Map<DescMessage, PartCodec>();
  readonly #sink = new Sink(chunkBytes);
  readonly #unitsText = compileUnitsText();
  readonly #shortText = compileShortText(this.#unitsText);
  readonly #shortKey = shortKeys(this.#shortText);

  codec<D extends DescMessage>(desc: D): Codec<D> {
    let codec = this.#codecs.get(desc);
    if (codec === undefined) {
      codec = this.#make(desc);
      this.#codecs.set(desc, codec);
    }
    return codec as Codec<D>;
  }

  #make(desc: DescMessage): Codec {
    const part = this.#part(desc);
    const sink = this.#sink;
    const source = new Source(noBytes);
    return {
      encode(message) {
        sink.at = sink.end;
        part.encode(message, sink);
        return sink.cut();
      },
      decode(bytes) {
        source.bytes = bytes;
        source.at = 0;
        try {
          return part.decode(source, bytes.length, maxDepth, undefined);
        } finally {
          // Nothing is held that is not being read.
          source.bytes = noBytes;
        }
      },
      write: (message, into) => part.encode(message, into),
      read: (source, end) => part.decode(source, end, maxDepth, undefined),
    };
  }

  #part(desc: DescMessage): PartCodec {
    let part = this.#parts.get(desc);
    if (part === undefined) {
      part = isPlain(desc) ? plainPart(desc) : this.#lazyPart(desc);
      this.#parts.set(desc, part);
    }
    return part;
  }

  /** Types refer to each other, also in circles: what a part refers to is compiled when it is first used. */
  #lazyPart(desc: DescMessage): PartCodec {
    const compile = () => Object.assign(part, this.#compile(desc));
    const part: PartCodec = {
      encode: (message, sink) => compile().encode(message, sink),
      decode: (source, end, depth, into) => compile().decode(source, end, depth, into),
    };
    return part;
  }

  #compile(desc: DescMessage): PartCodec {
    const prototype = prototypeOf(desc);
    const hasPrototype = prototype !== Object.prototype;
    const Shape = function Shape() {};
    if (hasPrototype) Shape.prototype = prototype;
    const code = new Code(desc, (held) => prototypeOf(held) !== Object.prototype);
    const encoder = encoderSource(desc, code, hasPrototype);
    const decoder = decoderSource(desc, code, hasPrototype);
    const parts = code.parts.map((part) => this.#part(part));
    const blank = (part: PartCodec) => part.decode(new Source(new Uint8Array(0)), 0, maxDepth, undefined);
    const texts = { shortText: this.#shortText, shortKey: this.#shortKey, unitsText: this.#unitsText };
    const scope = { ...valueChecks, ...shared, ...texts, blank, Shape };
    const names = [...Object.keys(scope), ...parts.map((_, index) => `p${index}`)];
    // The descriptor is the program's own; every name of it is quoted.
    const make = new Function(...names, `'use strict'; return { encode: ${encoder}, decode: ${decoder} };`);
    return make(...Object.values(scope), ...parts) as PartCodec;
  }
}

function prototypeOf(desc: DescMessage): object {
  return Object.getPrototypeOf(create(desc)) as object;
}

const noBytes = new Uint8Array(0);
const noBuffer = new ArrayBuffer(0);
const shared = {
  putInt32,
  putInt64,
  putSint64,
  putText,
  putVarint32,
  foreign,
  unknown: putUnknown,
  tooDeep,
  setProto,
  noBuffer,
};
const valueChecks = { bytesOf, floatOf, int32Of, int64Of, uint32Of, uint64Of, numberKey };

function putUnknown(sink: Sink, unknown: NonNullable<Message['$unknown']>, reserve: number): void {
  for (let i = unknown.length - 1; i >= 0; i--) {
    const { no, wireType, data } = unknown[i]!;
    sink.raw(data, reserve);
    sink.varint32(((no << 3) | wireType) >>> 0);
  }
  sink.ensure(reserve);
}

function foreign(message: Message, wanted: string): never {
  throw new TypeError(`cannot encode a ${message.$typeName} as a ${wanted}`);
}

function tooDeep(typeName: string): RangeError {
  return new RangeError(`not a message: a ${typeName} is nested more than ${maxDepth} levels deep`);
}

/** An assignment would change the prototype. */
function setProto(map: object, value: unknown): void {
  Object.defineProperty(map, '__proto__', { value, enumerable: true, configurable: true, writable: true });
}

function numberKey(key: string): number | string {
  const number = Number.parseInt(key, 10);
  return Number.isFinite(number) ? number : key;
}
