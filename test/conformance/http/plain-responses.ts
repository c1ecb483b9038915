import {
  connectionOptions,
  type Observation,
  type Observed,
  type PlainBody,
  PlainChunks,
  type PlainLimits,
  type PlainSection,
  plainFields,
  Refused,
  sized,
  value,
} from './plain-parser.ts';

/** Like `plainParse` for responses, all to requests with one method. `isClosed`: nothing follows the text. */
export function plainResponses(text: string, limits: PlainLimits, method: string, isClosed: boolean): Observation {
  const messages: Observed[] = [];
  let partial: Observed | undefined;
  let rest = text;
  try {
    while (rest !== '') {
      const head = plainHead(rest, limits, method);
      if (head === undefined) return { messages, outcome: 'head' };
      rest = rest.slice(head.length);
      const body = plainBody(rest, head.body, limits, isClosed);
      partial = { head: head.summary, fields: head.fields, body: body.content, trailers: [], isComplete: false };
      body.check?.();
      if (body.length === undefined) return { messages: [...messages, partial], outcome: 'body' };
      messages.push({ ...partial, trailers: body.trailers, isComplete: true });
      partial = undefined;
      rest = rest.slice(body.length);
    }
    return { messages, outcome: 'idle' };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { messages: partial === undefined ? messages : [...messages, partial], outcome: error.status };
  }
}

type BodyKind = number | 'chunked' | 'endless';

function plainBody(rest: string, kind: BodyKind, limits: PlainLimits, isClosed: boolean): PlainBody {
  if (kind === 'chunked') return new PlainChunks(rest, limits);
  if (kind === 'endless') return { content: rest, length: isClosed ? rest.length : undefined, trailers: [] };
  return sized(rest, kind);
}

interface PlainHead {
  readonly length: number;
  readonly summary: string;
  readonly fields: readonly string[];
  readonly body: BodyKind;
}

function plainHead(rest: string, limits: PlainLimits, method: string): PlainHead | undefined {
  const text = rest.slice(0, limits.maxHeaderBytes);
  const line = new RegExp(`^HTTP/1\\.([01]) ([1-9]\\d\\d)(?: (${value}*))?\r\n`).exec(text);
  const section = line === null ? undefined : plainFields(text.slice(line[0].length), limits.maxHeaders, false);
  if (line === null || section === undefined) {
    const isBegun = new RegExp(`^HTTP/1\\.[01] [1-9]\\d\\d(?: ${value}*)?\r?$`).test(text);
    const isShort =
      /^(?:HTTP\/1\.[01] (?:[1-9]\d?)?)$/.test(text) || ['HTTP/1.0 ', 'HTTP/1.1 '].some((s) => s.startsWith(text));
    if (line === null && !isBegun && !isShort) throw new Refused(502);
    if (text.length === limits.maxHeaderBytes) throw new Refused(431);
    return undefined;
  }
  const status = Number(line[2]);
  const body = bodyKind(section, status, method, line[1] === '0');
  return {
    length: line[0].length + section.length,
    summary: summaryOf(section, status, line[1]!, line[3] ?? '', body),
    fields: section.fields,
    body,
  };
}

function bodyKind(section: PlainSection, status: number, method: string, isOld: boolean): BodyKind {
  const isChunked = section.has('transfer-encoding');
  const length = section.get('content-length');
  if (isChunked && isOld) throw new Refused(502);
  const isEmpty = status < 200 || status === 204;
  if (isEmpty && (isChunked || Number(length ?? 0) > 0)) throw new Refused(502);
  if (isEmpty || status === 304 || method === 'HEAD' || (method === 'CONNECT' && status < 300)) return 0;
  if (isChunked) return 'chunked';
  return length === undefined ? 'endless' : Number(length);
}

function summaryOf(section: PlainSection, status: number, minor: string, reason: string, body: BodyKind): string {
  const options = connectionOptions(section);
  const isUpgrade = options.includes('upgrade') && section.all('upgrade').some((name) => name !== '');
  if (status === 101 && !isUpgrade) throw new Refused(502);
  const isLast = options.includes('close') || (minor === '0' && !options.includes('keep-alive'));
  if (isLast && status < 200) throw new Refused(502);
  const isKept = body !== 'endless' && !isLast;
  return [`1.${minor}`, status, reason, ...(isKept ? ['keep'] : []), ...(isUpgrade ? ['upgrade'] : [])].join(' ');
}
