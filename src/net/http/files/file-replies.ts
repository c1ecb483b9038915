import { randomUUID } from 'node:crypto';
import type { Context } from '../../../concurrency/index.ts';
import { HttpErrors } from '../http-errors.ts';
import { bytes, empty, type HttpReply, sized } from '../reply/reply.ts';
import type { HttpRequestHead } from '../request.ts';
import { evaluatePreconditions, passesIfRange } from './conditional.ts';
import type { FileContent } from './file-content.ts';
import { FileSource, type Section } from './file-source.ts';
import type { FileVersion } from './folder.ts';
import { formatHttpDate } from './http-date.ts';
import { rangeParts } from './multipart-ranges.ts';
import type { OpenFiles } from './open-files.ts';
import { type ByteRange, contentRange, selectRanges } from './ranges.ts';

export interface FileRepliesOptions {
  readonly openFiles: OpenFiles;
  readonly isImmutable: (path: string) => boolean;
  readonly contentSecurityPolicy: string;
  readonly nowMs: () => number;
}

type Headers = Readonly<Record<string, string>>;

/** Makes the answer to one request for one content: 200, 206, 304, 412 or 416. */
export class FileReplies {
  readonly #openFiles: OpenFiles;
  readonly #isImmutable: (path: string) => boolean;
  readonly #contentSecurityPolicy: string;
  readonly #nowMs: () => number;
  /** The whole answer with content in memory is the same for all. */
  readonly #kept = new WeakMap<FileContent, HttpReply>();

  constructor({ openFiles, isImmutable, contentSecurityPolicy, nowMs }: FileRepliesOptions) {
    this.#openFiles = openFiles;
    this.#isImmutable = isImmutable;
    this.#contentSecurityPolicy = contentSecurityPolicy;
    this.#nowMs = nowMs;
  }

  /** Undefined if the file is another one by now. Throws PRECONDITION_FAILED and RANGE_NOT_SATISFIABLE. */
  async reply(
    ctx: Context,
    request: HttpRequestHead,
    file: FileVersion,
    content: FileContent,
  ): Promise<HttpReply | undefined> {
    const header = (name: string) => request.header(name);
    const { validators, size, data } = content;
    switch (evaluatePreconditions(request.method, header, validators, this.#nowMs())) {
      case 'not-modified':
        return empty({ status: 304, headers: this.#identity(file, content) });
      case 'failed':
        throw HttpErrors.PRECONDITION_FAILED(`the file at ${request.path} is not the version that was asked for`);
    }
    const range = request.method === 'GET' ? request.header('range') : undefined;
    const isRanged = range !== undefined && passesIfRange(request.header('if-range'), validators, this.#nowMs());
    const ranges = isRanged ? selectRanges(range, size) : 'whole';
    if (ranges === 'unsatisfiable') {
      throw HttpErrors.RANGE_NOT_SATISFIABLE(`the file at ${request.path} has ${size} bytes`, {
        metadata: { contentRange: contentRange(undefined, size) },
      });
    }
    if (ranges !== 'whole') return this.#parts(ctx, file, content, ranges);
    if (data !== undefined) return this.#whole(file, content, data);
    if (request.method === 'HEAD') return sized(size, nothing, { headers: this.#all(file, content) });
    const sections = size === 0 ? [] : [{ first: 0, last: size - 1 }];
    return this.#send(ctx, content, sections, size, { headers: this.#all(file, content) });
  }

  #whole(file: FileVersion, content: FileContent, data: Uint8Array): HttpReply {
    let reply = this.#kept.get(content);
    if (reply === undefined) {
      reply = bytes(data, { headers: this.#all(file, content) });
      this.#kept.set(content, reply);
    }
    return reply;
  }

  async #parts(
    ctx: Context,
    file: FileVersion,
    content: FileContent,
    ranges: readonly ByteRange[],
  ): Promise<HttpReply | undefined> {
    const headers = this.#all(file, content);
    const [only] = ranges;
    if (ranges.length === 1 && only !== undefined) {
      const options = { status: 206, headers: { ...headers, 'content-range': contentRange(only, content.size) } };
      return this.#send(ctx, content, [only], only.last - only.first + 1, options);
    }
    const multipart = rangeParts(ranges, content.size, file.contentType, randomUUID());
    const sections = [...multipart.parts.flatMap(({ head, range }) => [head, range]), multipart.end];
    const options = { status: 206, headers: { ...headers, 'content-type': multipart.contentType } };
    return this.#send(ctx, content, sections, multipart.length, options);
  }

  async #send(
    ctx: Context,
    content: FileContent,
    sections: readonly Section[],
    length: number,
    options: { readonly status?: number; readonly headers: Headers },
  ): Promise<HttpReply | undefined> {
    const { data } = content;
    if (data !== undefined) return bytes(joined(data, sections), options);
    const file = await this.#openFiles.open(content.name, content.id);
    if (file === undefined) return undefined;
    // Who asked may have left while it was opened, and the answer may never be read: its end closes it in any case.
    ctx.onDone(() => file.release());
    return sized(length, new FileSource(file, sections), options);
  }

  /** What a 304 must say (RFC 9110, section 15.4.5). */
  #identity(file: FileVersion, { validators }: FileContent): Headers {
    return {
      ...(validators.etag !== undefined && { etag: validators.etag }),
      'cache-control': this.#isImmutable(file.path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(file.isCompressible && { vary: 'accept-encoding' }),
    };
  }

  #all(file: FileVersion, content: FileContent): Headers {
    const { modifiedMs } = content.validators;
    return {
      'content-type': file.contentType,
      ...this.#identity(file, content),
      ...(modifiedMs !== undefined && { 'last-modified': formatHttpDate(modifiedMs) }),
      'accept-ranges': 'bytes',
      ...(content.coding !== undefined && { 'content-encoding': content.coding }),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      ...(isPage(file.contentType) && { 'content-security-policy': this.#contentSecurityPolicy }),
    };
  }
}

function isPage(contentType: string): boolean {
  return contentType.startsWith('text/html') || contentType === 'application/xhtml+xml';
}

function joined(data: Uint8Array, sections: readonly Section[]): Uint8Array {
  const [only] = sections;
  if (sections.length === 1 && typeof only === 'object') return data.subarray(only.first, only.last + 1);
  return Buffer.concat(
    sections.map((section) =>
      typeof section === 'string' ? Buffer.from(section, 'latin1') : data.subarray(section.first, section.last + 1),
    ),
  );
}

const nothing: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
};
