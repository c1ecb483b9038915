import { HttpErrors } from '../../http-errors.ts';
import { isUtf8, parseContentType } from '../content-type.ts';
import { decodeUtf8 } from '../json-body.ts';

/** What is said of a part of a form before its content. */
export interface PartHead {
  readonly name: string;
  /**
   * Of a file, as the client calls it, without folders; '' where no file was chosen. Undefined for a field. Never make a path of it.
   */
  readonly filename: string | undefined;
  /** What the client says; do not believe it. Default: `text/plain` for a field, `application/octet-stream` for a file. */
  readonly contentType: string;
}

const maxHeaders = 16;
const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const headerLine = new RegExp(`^(${token}):(.*)$`, 's');
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const control = /[\x00-\x08\x0a-\x1f\x7f]/;
const parameter = new RegExp(`[ \\t]*;[ \\t]*(${token})=(?:(${token})|"((?:[^"\\\\]|\\\\.)*)")`, 'sy');

/**
 * Reads the headers of a part (RFC 7578, section 4); each char of `text` is a byte, without the empty line. Throws MALFORMED_FORM for what
 * readers of forms take for different things: a header or parameter twice, folded lines, `filename*`, a transfer encoding.
 */
export function parsePartHead(text: string): PartHead {
  const headers = new Map<string, string>();
  for (const line of text === '' ? [] : text.split('\r\n', maxHeaders + 1)) {
    const match = headerLine.exec(line);
    if (match === null || control.test(line)) throw malformed('has a header that is none');
    const name = match[1]!.toLowerCase();
    if (headers.has(name)) throw malformed(`has the header "${name.slice(0, 40)}" twice`);
    headers.set(name, withoutBlanks(match[2]!));
  }
  if (headers.size > maxHeaders) throw malformed(`has more than ${maxHeaders} headers`);
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase();
  if (encoding !== undefined && !['7bit', '8bit', 'binary'].includes(encoding))
    throw malformed('has a transfer encoding');
  const { name, filename } = parseDisposition(headers.get('content-disposition'));
  return { name, filename, contentType: contentTypeOf(headers.get('content-type'), filename !== undefined) };
}

/** By hand: an expression would look at a long run of blanks from each of them. */
function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function parseDisposition(text: string | undefined): { readonly name: string; readonly filename: string | undefined } {
  const type = /^form-data(?=[ \t]*;)/i.exec(text ?? '');
  if (text === undefined || type === null) throw malformed('has no Content-Disposition of form-data');
  const parameters = new Map<string, string>();
  for (let at = type[0].length; at < text.length; at = parameter.lastIndex) {
    parameter.lastIndex = at;
    const match = parameter.exec(text);
    if (match === null) throw malformed('has a Content-Disposition with a broken parameter');
    const name = match[1]!.toLowerCase();
    if (parameters.has(name)) throw malformed(`has the parameter "${name.slice(0, 40)}" twice`);
    if (name === 'filename*' || name === 'name*')
      throw malformed(`has the parameter "${name}", which forms do not have`);
    parameters.set(name, match[2] ?? match[3]!.replaceAll(/\\(["\\])/g, '$1'));
  }
  const name = parameters.get('name');
  if (name === undefined) throw malformed('has no name');
  const filename = parameters.get('filename');
  return { name: decode(name), filename: filename === undefined ? undefined : baseName(decode(filename)) };
}

/** UTF-8, with the three characters that browsers write as percent signs (the HTML Standard, multipart/form-data). */
function decode(text: string): string {
  const decoded = decodeUtf8(Buffer.from(text, 'latin1'));
  return decoded.replaceAll('%22', '"').replaceAll(/%0d/gi, '\r').replaceAll(/%0a/gi, '\n');
}

function baseName(filename: string): string {
  const last = filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out here
  const clean = last.replaceAll(/[\x00-\x1f\x7f]/g, '');
  return clean === '.' || clean === '..' ? '' : clean;
}

function contentTypeOf(text: string | undefined, isFile: boolean): string {
  if (text === undefined) return isFile ? 'application/octet-stream' : 'text/plain';
  const type = parseContentType(text);
  if (type === undefined) throw malformed('has a content type that is none');
  if (!isFile && !isUtf8(type)) throw malformed('has text that is not UTF-8');
  return text;
}

function malformed(why: string): Error {
  return HttpErrors.MALFORMED_FORM(`the body is not a multipart form: a part ${why}`);
}
