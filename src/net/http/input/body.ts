import type { Schema } from '../../../service/index.ts';
import { BoundBody, jsonBody } from './binder.ts';
import { type BodyFormat, type BodySource, whenRead } from './body-source.ts';
import { refuseEncoding } from './content-type.ts';
import { decodeUtf8 } from './json-body.ts';

export type { BodyFormat, BodySource } from './body-source.ts';

/** What a route takes as its body: what a Standard Schema accepts of what its binders make, or one of the formats below. */
export type BodyInput<B> = Schema<B> | BodyFormat<B>;

/** The bytes as they arrive, as an async iterable, with backpressure to the client. `maxBodyBytes` still holds. */
export function streamed(): BodyFormat<AsyncIterable<Uint8Array>> {
  return new StreamedBody();
}

/** The whole body, of any content type and encoding. */
export function rawBytes(): BodyFormat<Uint8Array> {
  return { read: (source) => source.bytes() };
}

/** The whole body as text, of any content type; it must be UTF-8. */
export function rawText(): BodyFormat<string> {
  return {
    read: (source) => {
      refuseEncoding(source.request.header('content-encoding'));
      return whenRead(source.bytes(), decodeUtf8);
    },
  };
}

/** JSON of any shape: the handler must look before it believes. */
export function rawJson(): BodyFormat<unknown> {
  return new BoundBody([jsonBody()]);
}

/** A format whose stream is also the request's `bodyStream`. */
export class StreamedBody implements BodyFormat<AsyncIterable<Uint8Array>> {
  read(source: BodySource): AsyncIterable<Uint8Array> {
    return source.chunks();
  }
}
