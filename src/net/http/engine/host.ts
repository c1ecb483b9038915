const maxKnown = 32;

/** The hosts that were checked last and are right: almost all requests of a server have one of a few. */
export class KnownHosts {
  #last = '';
  readonly #known = new Set<string>();

  /** The Host between two positions of a head; undefined if it is not one host with or without a port. */
  take(text: string, start: number, end: number): string | undefined {
    const last = this.#last;
    if (end - start === last.length && text.startsWith(last, start) && last !== '') return last;
    const host = text.slice(start, end);
    if (!this.#known.has(host)) {
      if (!isHost(host)) return undefined;
      if (this.#known.size === maxKnown) this.#known.clear();
      this.#known.add(host);
    }
    this.#last = host;
    return host;
  }
}

/** Whether a Host field or an authority is one host with or without a port (RFC 9110 section 7.2); an empty one is not, nor a list. */
export function isHost(host: string): boolean {
  return pattern.test(host) && URL.canParse(`http://${host}/`);
}

const pattern = /^(?:[A-Za-z0-9._~!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** The authority of a target in absolute-form (RFC 9112 section 3.2.2), undefined for anything else. */
export function authorityOf(target: string): string | undefined {
  return /^https?:\/\/([^/?]+)/i.exec(target)?.[1];
}
