import { HttpErrors } from '../../http-errors.ts';
import { decodeUtf8 } from '../json-body.ts';
import { type MultipartEvent, MultipartParser, type MultipartParserOptions } from './parser.ts';
import type { PartHead } from './part-head.ts';

/** The events of a multipart body, as its chunks arrive. */
export class FormReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #parser: MultipartParser;

  constructor(chunks: AsyncIterable<Uint8Array>, boundary: string, options: MultipartParserOptions) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#parser = new MultipartParser(boundary, options);
  }

  async next(): Promise<MultipartEvent> {
    for (;;) {
      const event = this.#parser.next();
      if (event !== undefined) return event;
      const step = await this.#chunks.next();
      if (step.done === true) return this.#parser.end();
      this.#parser.push(step.value);
    }
  }

  /** Reads no more. What the client still sends is dropped. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** A part of a form whose content is arriving. Read it once, before the next part is asked for: then the rest of it is dropped. */
export class FormPart implements PartHead {
  readonly name: string;
  readonly filename: string | undefined;
  readonly contentType: string;
  readonly #reader: FormReader;
  readonly #maxBytes: number;
  #isTaken = false;
  #hasEnded = false;

  constructor(reader: FormReader, head: PartHead, maxBytes: number) {
    this.name = head.name;
    this.filename = head.filename;
    this.contentType = head.contentType;
    this.#reader = reader;
    this.#maxBytes = maxBytes;
  }

  /** The content as it arrives. Throws BODY_TOO_LARGE for more than a part may have, MALFORMED_FORM where the form is broken. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    if (this.#isTaken) throw new TypeError(`the part "${this.name}" of the form has been read already`);
    this.#isTaken = true;
    let size = 0;
    while (!this.#hasEnded) {
      const event = await this.#reader.next();
      if (event.kind !== 'data') {
        this.#hasEnded = true;
        return;
      }
      size += event.bytes.length;
      if (size > this.#maxBytes) throw this.#tooLarge();
      yield event.bytes;
    }
  }

  /** The whole content. */
  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.chunks()) chunks.push(chunk);
    // A copy: a piece would keep all that arrived with it in memory.
    return Buffer.concat(chunks);
  }

  /** The whole content as text. Throws INVALID_UTF8. */
  async text(): Promise<string> {
    return decodeUtf8(await this.bytes());
  }

  /** Drops what has not been read. */
  async finish(): Promise<void> {
    while (!this.#hasEnded) this.#hasEnded = (await this.#reader.next()).kind !== 'data';
  }

  #tooLarge(): Error {
    const name = this.name.slice(0, 100);
    return HttpErrors.BODY_TOO_LARGE(`the part "${name}" of the form is larger than ${this.#maxBytes} bytes`, {
      metadata: { part: name, maxBytes: String(this.#maxBytes) },
    });
  }
}
