import type { HttpHeaders } from '../request.ts';
import type { RawHeaders } from './exchange.ts';
import { malformed } from './failure.ts';

const decoder = new TextDecoder();

/** What a server answered, whole. */
export class HttpResponse {
  readonly status: number;
  /** By lower-case name; one that came several times is joined by ', '. Without those of a compression that was undone. */
  readonly headers: HttpHeaders;
  /** The values of Set-Cookie, which cannot be joined. */
  readonly setCookies: readonly string[];
  /** The bytes, decompressed. */
  readonly body: Uint8Array;
  readonly #source: string;

  constructor(source: string, status: number, head: ResponseHead, body: Uint8Array) {
    this.#source = source;
    this.status = status;
    this.headers = head.headers;
    this.setCookies = head.setCookies;
    this.body = body;
  }

  header(name: string): string | undefined {
    return this.headers[name.toLowerCase()];
  }

  /** The body as UTF-8; what is not UTF-8 becomes U+FFFD. */
  text(): string {
    return decoder.decode(this.body);
  }

  /** The body as JSON. Throws `data_loss` (MALFORMED_RESPONSE) if it is none. */
  json(): unknown {
    try {
      return JSON.parse(this.text());
    } catch (cause) {
      throw malformed(this.#source, `${this.status} with a body that is not JSON`, cause);
    }
  }
}

/**
 * What a server answers, while it comes. Read the body or leave it: until then it holds a connection. `await using` leaves
 * what was not read at the end of the block.
 */
export interface HttpStreamingResponse extends AsyncDisposable {
  readonly status: number;
  /** As those of {@link HttpResponse}. */
  readonly headers: HttpHeaders;
  readonly setCookies: readonly string[];
  header(name: string): string | undefined;
  /**
   * The bytes, decompressed; to be iterated once, by one reader. The server waits for a slow one. Leaving the loop closes
   * the connection. Throws the Context's error when it ends, `unavailable` when the connection breaks.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The headers of an answer in the form that users see. */
export interface ResponseHead {
  readonly headers: HttpHeaders;
  readonly setCookies: readonly string[];
}

const none: readonly string[] = Object.freeze([]);

/** `isDecoded`: the body is given decompressed, so what the headers say of its coding and length is not true any more. */
export function headOf(raw: RawHeaders, isDecoded: boolean): ResponseHead {
  const headers: Record<string, string> = Object.create(null);
  for (const name of Object.keys(raw)) {
    const value = raw[name];
    if (typeof value === 'string') headers[name] = value;
    else if (value !== undefined) headers[name] = value.join(', ');
  }
  if (isDecoded) {
    delete headers['content-encoding'];
    delete headers['content-length'];
  }
  const cookies = raw['set-cookie'];
  return { headers, setCookies: typeof cookies === 'string' ? [cookies] : (cookies ?? none) };
}
