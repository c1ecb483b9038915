import { HttpErrors } from '../http-errors.ts';
import type { HttpRequestHead } from '../request.ts';
import { chooseType } from './negotiate.ts';

/** Makes the body of an answer of the value that a handler gave. Made by `renderer()` and `jsonRenderer()`, or by hand. */
export interface Renderer {
  /** The Content-Type of what it makes, and what the client's Accept is held against: `text/csv; charset=utf-8`. */
  readonly contentType: string;
  /** `value` is never undefined. Where the route has a response schema, it is what that picks, as plain data. */
  render(value: unknown, request: HttpRequestHead): string | Uint8Array;
}

/** A renderer by its content type. Throws a TypeError for a content type that cannot be sent. */
export function renderer(
  contentType: string,
  render: (value: unknown, request: HttpRequestHead) => string | Uint8Array,
): Renderer {
  if (!/^[\w.+-]+\/[\w.+-]+(?:; ?[\w.+-]+=[\w.+-]+)*$/.test(contentType)) {
    throw new TypeError(`renderer: "${contentType}" is not a content type`);
  }
  return { contentType, render };
}

/** JSON: what answers are made of where no renderers are named. */
export function jsonRenderer(): Renderer {
  return renderer('application/json', stringify);
}

/** Throws a TypeError for what JSON cannot say (a function, a cycle, a bigint). */
export function stringify(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`a ${typeof value} cannot be sent as JSON; for no body answer empty()`);
  return text;
}

/** Which of several renderers a client gets, by its Accept header. */
export class RendererChoice {
  readonly #renderers: readonly Renderer[];
  readonly #types: readonly string[];
  readonly #isStrict: boolean;
  /** The clients of a route mostly send one Accept: what was found for the last. */
  #lastAccept: string | undefined = undefined;
  #last: Renderer | undefined;

  /** Throws a TypeError for none, and for two of one content type. */
  constructor(renderers: readonly Renderer[], isStrict: boolean) {
    if (renderers.length === 0) throw new TypeError('renderers: name at least one, or leave the option out for JSON');
    this.#renderers = renderers;
    this.#types = renderers.map(({ contentType }) => contentType);
    const twice = this.#types.find((type, index) => this.#types.indexOf(type) !== index);
    if (twice !== undefined) throw new TypeError(`renderers: two of them make ${twice}; name one`);
    this.#isStrict = isStrict;
    this.#last = renderers[0];
  }

  /** The best for the client, the first where it does not care. Throws NOT_ACCEPTABLE where none will do, if strict. */
  choose(request: HttpRequestHead): Renderer {
    const accept = request.header('accept');
    if (accept !== this.#lastAccept) {
      const type = chooseType(accept, this.#types);
      this.#last = type === undefined ? undefined : this.#renderers[this.#types.indexOf(type)];
      this.#lastAccept = accept;
    }
    if (this.#last !== undefined) return this.#last;
    if (!this.#isStrict) return this.#renderers[0]!;
    throw HttpErrors.NOT_ACCEPTABLE(`nothing that Accept asks for can be made here, only ${this.#types.join(', ')}`);
  }
}
