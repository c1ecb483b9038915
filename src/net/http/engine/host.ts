/** Whether a Host field or an authority is one host with or without a port (RFC 9110 section 7.2); an empty one is not, nor a list. */
export function isHost(host: string): boolean {
  return pattern.test(host) && URL.canParse(`http://${host}/`);
}

const pattern = /^(?:[A-Za-z0-9._~!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** The authority of a target in absolute-form (RFC 9112 section 3.2.2), undefined for anything else. */
export function authorityOf(target: string): string | undefined {
  return /^https?:\/\/([^/?]+)/i.exec(target)?.[1];
}
