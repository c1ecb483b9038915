/** One entry of Sec-WebSocket-Extensions. A parameter without a value has `true`. */
export interface Extension {
  readonly name: string;
  readonly params: readonly (readonly [name: string, value: string | true])[];
}

/** A token, '=' , ',' or ';' with the blanks around it, or a quoted string (RFC 6455 section 9.1, RFC 9110 section 5.6). */
const piece = /[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[^"\\]|\\.)*)"|([=,;]))[ \t]*/y;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The entries of the header, in order; undefined if it is malformed. */
export function parseExtensions(header: string): readonly Extension[] | undefined {
  const pieces = piecesOf(header);
  if (pieces === undefined) return undefined;
  const list: Extension[] = [];
  const isMark = (index: number, text: string) => pieces[index]?.kind === 'mark' && pieces[index]?.text === text;
  for (let at = 0; ; at++) {
    const name = pieces[at++];
    if (name?.kind !== 'token') return undefined;
    const params: [string, string | true][] = [];
    while (isMark(at, ';')) {
      const key = pieces[at + 1];
      if (key?.kind !== 'token') return undefined;
      at += 2;
      const hasValue = isMark(at, '=');
      const value = hasValue ? pieces[at + 1] : undefined;
      // What is quoted must be a token too.
      if (hasValue && (value === undefined || !token.test(value.text))) return undefined;
      if (hasValue) at += 2;
      params.push([key.text.toLowerCase(), value?.text ?? true]);
    }
    list.push({ name: name.text.toLowerCase(), params });
    if (at === pieces.length) return list;
    if (!isMark(at, ',')) return undefined;
  }
}

interface Piece {
  readonly kind: 'token' | 'quoted' | 'mark';
  readonly text: string;
}

function piecesOf(header: string): Piece[] | undefined {
  const pieces: Piece[] = [];
  piece.lastIndex = 0;
  for (let at = 0; at < header.length; at = piece.lastIndex) {
    piece.lastIndex = at;
    const found = piece.exec(header);
    if (found === null) return undefined;
    const [, name, quoted, mark] = found;
    if (name !== undefined) pieces.push({ kind: 'token', text: name });
    else if (mark !== undefined) pieces.push({ kind: 'mark', text: mark });
    else pieces.push({ kind: 'quoted', text: quoted!.replace(/\\(.)/g, '$1') });
  }
  return pieces;
}
