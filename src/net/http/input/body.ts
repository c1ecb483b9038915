import type { Schema } from '../../../service/index.ts';

/** How a route wants the body, where it is not JSON with a schema. The type parameter is what the handler gets. */
export interface BodyFormat<B> {
  readonly format: 'streamed' | 'bytes' | 'text' | 'json';
  /** Only a type: never set. */
  readonly body?: B;
}

/** What a route takes as its body: JSON that a Standard Schema accepts, or one of the formats below. */
export type BodyInput<B> = Schema<B> | BodyFormat<B>;

/** The bytes as they arrive, as an async iterable, with backpressure to the client. `maxBodyBytes` still holds. */
export function streamed(): BodyFormat<AsyncIterable<Uint8Array>> {
  return { format: 'streamed' };
}

/** The whole body, of any content type and encoding. */
export function rawBytes(): BodyFormat<Uint8Array> {
  return { format: 'bytes' };
}

/** The whole body as text, of any content type; it must be UTF-8. */
export function rawText(): BodyFormat<string> {
  return { format: 'text' };
}

/** JSON of any shape: the handler must look before it believes. */
export function rawJson(): BodyFormat<unknown> {
  return { format: 'json' };
}
