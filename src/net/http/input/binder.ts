import type { Awaitable } from '../../../concurrency/index.ts';
import type { HttpRequestHead } from '../request.ts';
import { type BodyFormat, type BodySource, whenRead } from './body-source.ts';
import { foreignType, isUtf8, parseContentType, refuseEncoding } from './content-type.ts';
import { decodeUtf8, parseJson } from './json-body.ts';

/** Makes a value of the bodies of some content types, for the route's schema to check. Made by `binder()` and its like, or by hand. */
export interface Binder extends BodyFormat<unknown> {
  /** Such as `application/json`; `application/*+json` for all that end so. In lower case, without parameters. */
  readonly contentTypes: readonly string[];
}

export interface BinderOptions {
  /** One or several: see {@link Binder.contentTypes}. */
  readonly contentType: string | readonly string[];
  /**
   * Makes a value of the whole body, which may be empty. For a body that is not what it should be throw a StatusError
   * `invalid_argument` with a reason of your own; anything else is answered with 500.
   */
  parse(bytes: Uint8Array, request: HttpRequestHead): Awaitable<unknown>;
}

/** A binder for bodies that are read whole. Throws a TypeError for a content type that is none. */
export function binder({ contentType, parse }: BinderOptions): Binder {
  const contentTypes = typeof contentType === 'string' ? [contentType] : contentType;
  for (const type of contentTypes) {
    if (parseContentType(type)?.essence === type) continue;
    throw new TypeError(`binder: "${type}" is not a content type in lower case, without parameters`);
  }
  return {
    contentTypes,
    read: (source) => whenRead(source.bytes(), (bytes) => parse(bytes, source.request)),
  };
}

/** JSON in UTF-8: what a route takes where no binders are named. An empty body is undefined. */
export function jsonBody(): Binder {
  return binder({ contentType: ['application/json', 'application/*+json'], parse: parseJsonBytes });
}

function parseJsonBytes(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : parseJson(decodeUtf8(bytes));
}

/** A body that one of several binders reads, chosen by its content type. No body at all is undefined. */
export class BoundBody implements BodyFormat<unknown> {
  readonly #taken: readonly string[];
  readonly #byType = new Map<string, Binder>();
  /** The clients of a route mostly send one content type: what was found for the last. */
  #lastType = '';
  #lastBinder: Binder | undefined;

  /** Throws a TypeError for none, and for two of one content type. */
  constructor(binders: readonly Binder[]) {
    if (binders.length === 0) throw new TypeError('binders: name at least one, or leave the option out for JSON');
    for (const one of binders) {
      for (const type of one.contentTypes) {
        if (this.#byType.has(type)) throw new TypeError(`binders: two of them read ${type}; name one`);
        this.#byType.set(type, one);
      }
    }
    this.#taken = [...this.#byType.keys()];
  }

  read(source: BodySource): Awaitable<unknown> {
    const { request } = source;
    refuseEncoding(request.header('content-encoding'));
    const type = request.header('content-type');
    if (type === undefined) {
      if (source.contentLength === 0) return undefined;
      throw foreignType(undefined, this.#taken);
    }
    return this.#binderFor(type).read(source);
  }

  #binderFor(type: string): Binder {
    if (type === this.#lastType) return this.#lastBinder!;
    const parsed = parseContentType(type);
    const suffix = parsed === undefined ? null : /^([^/]+\/).*(\+[^+]+)$/.exec(parsed.essence);
    const found =
      parsed === undefined
        ? undefined
        : (this.#byType.get(parsed.essence) ??
          (suffix === null ? undefined : this.#byType.get(`${suffix[1]}*${suffix[2]}`)));
    if (parsed === undefined || found === undefined || !isUtf8(parsed)) throw foreignType(type, this.#taken);
    // A boundary is new in each request: nothing to keep.
    if (parsed.parameters.size <= 1 && type.length < 100) {
      this.#lastType = type;
      this.#lastBinder = found;
    }
    return found;
  }
}
