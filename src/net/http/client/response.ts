import { StatusError } from '../../../errors/index.ts';
import type { HttpHeaders } from '../request.ts';

/** What a server answered, whole. */
export class HttpResponse {
  readonly status: number;
  /** By lower-case name; one that came several times is joined by ', '. */
  readonly headers: HttpHeaders;
  /** The bytes, decompressed. */
  readonly body: Uint8Array;
  readonly #source: string;

  constructor(source: string, status: number, headers: HttpHeaders, body: Uint8Array) {
    this.#source = source;
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  header(name: string): string | undefined {
    return this.headers[name.toLowerCase()];
  }

  /** The body as UTF-8; what is not UTF-8 becomes U+FFFD. */
  text(): string {
    return new TextDecoder().decode(this.body);
  }

  /** The body as JSON. Throws `data_loss` (MALFORMED_RESPONSE) if it is none. */
  json(): unknown {
    try {
      return JSON.parse(this.text());
    } catch (cause) {
      throw new StatusError('data_loss', `${this.#source} answered ${this.status} with a body that is not JSON`, {
        reason: 'MALFORMED_RESPONSE',
        cause,
      });
    }
  }
}
