import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { parserEvent, RequestParser } from '../../../src/net/http/engine/request-parser.ts';
import { type NodeMessage, type NodeObservation, NodePeer, nodeMethods } from './node-peer.ts';
import { cut, mutate, Random, randomRequests } from './random-requests.ts';

/**
 * Every way in which our parser may differ from that of node:http, most often by the words of our refusal, and why it
 * does. In all of them but the first we are the stricter one.
 */
export const disagreements: Readonly<Record<string, string>> = {
  'unknown method': 'RFC 9110 section 9.1: a method may be any token; node:http knows a list. The router answers 405',
  'an upgrade':
    'node:http reads nothing behind a request to upgrade, ours leaves that to the server, which may refuse it',
  'close beside keep-alive': 'RFC 9112 section 9.3: close wins; node:http keeps an HTTP/1.0 connection that says both',
  'the Host is not one host and port': 'RFC 9112 section 3.2; node:http takes anything, also nothing',
  'there is no Host': 'RFC 9112 section 3.2; node:http refuses it as well, later, unless told not to (as in this test)',
  'there are several Host fields': 'RFC 9112 section 3.2; node:http takes the first',
  'the Content-Length is empty': 'RFC 9110 section 8.6; node:http waits for more before it refuses it',
  'there are several Content-Length fields': 'RFC 9112 section 6.3; node:http waits with refusing one that is empty',
  'the Content-Length is too large': 'numbers of JavaScript are exact up to 2^53 - 1; node:http counts to 2^64 - 1',
  'a field that frames the message has a tab beside its value':
    'a way to hide a Transfer-Encoding from one of two servers; node:http takes some of these',
  'the Transfer-Encoding is not chunked':
    'RFC 9112 section 6.1; node:http takes other codings where chunked is last, and passes the content on undecoded, and waits with refusing',
  'the Transfer-Encoding has a coding besides chunked':
    'RFC 9112 section 6.1: 501; node:http passes content on undecoded',
  'there are several Transfer-Encoding fields':
    'they are one list, of which chunked may be only once and last; node:http joins them',
  'there is a Transfer-Encoding in HTTP/1.0':
    'RFC 9112 section 6.1: it was forwarded by who did not understand it; node:http believes it',
  'a CONNECT has no content': 'RFC 9110 section 9.3.6; node:http ignores what frames it',
  'a trailer is a field that only a head may have': 'RFC 9110 section 6.5.1; node:http passes it on as a trailer',
  'a chunk extension is malformed': 'RFC 9112 section 7.1.1; node:http takes a nameless one',
  'a CR is not followed by LF': 'RFC 9112 section 2.2: one empty line before a request; node:http skips CRs and LFs',
  'the method is not one token with a space behind it':
    'as above: a second empty line, or LF alone; node:http skips them',
  'the target is empty or has a character that is not allowed':
    'RFC 9112 section 3.2; node:http takes several spaces before a target, and a fragment',
  'the target has no form that the method may have':
    'RFC 9112 section 3.2 and 3.2.2: each form belongs to methods, the authority is that of Host; node:http takes more',
  'the request line does not end with a version of HTTP and CRLF':
    'RFC 9112 section 3: single spaces; node:http takes several spaces before the version',
  'the version is not HTTP/1.0 or HTTP/1.1': 'node:http waits for the end of the line before it refuses it',
};

const limits = { maxHeaderBytes: 16_384, maxHeaders: 1000, maxChunkExtensionBytes: 16_384, maxTrailerBytes: 16_384 };

export interface DifferentialOptions {
  readonly runs: number;
  readonly seed: number;
  /** Called now and then with the number of runs that are done. Default: not at all. */
  readonly progress?: (done: number) => void;
}

/**
 * Gives the same random bytes to our parser, whole and in pieces, and to node:http. Throws an AssertionError where they
 * differ in any way that is not listed. Resolves to how often each listed one occurred.
 */
export async function differential({ runs, seed, progress }: DifferentialOptions): Promise<Map<string, number>> {
  const random = new Random(seed);
  const peer = new NodePeer();
  const parser = new RequestParser(limits);
  const counts = new Map<string, number>();
  for (let run = 0; run < runs; run++) {
    const valid = randomRequests(random);
    const text = random.isOneIn(20) ? valid : mutate(random, valid);
    const bytes = Buffer.from(text, 'latin1');
    const where = `run ${run} of seed ${seed}: ${JSON.stringify(text)}`;
    const ours = observe(parser, [bytes]);
    assert.deepEqual(observe(parser, cut(random, bytes)), ours, `cut into pieces, ${where}`);
    const found = compare(ours, peer.parse(bytes));
    if (found !== undefined) {
      assert.ok(found in disagreements, `${found}, ${where}`);
      counts.set(found, (counts.get(found) ?? 0) + 1);
    }
    // Closed sockets are given up in a later turn.
    if (run % 100 === 0) await setImmediate();
    if (run % 100_000 === 0) progress?.(run);
  }
  peer.close();
  return counts;
}

interface Ours {
  readonly messages: readonly NodeMessage[];
  readonly refusal: string | undefined;
}

/** Up to the message after which a connection is closed or handed over. */
function observe(parser: RequestParser, pieces: readonly Uint8Array[]): Ours {
  const messages: NodeMessage[] = [];
  let message: { -readonly [K in keyof NodeMessage]: NodeMessage[K] } | undefined;
  parser.reset();
  for (const piece of pieces) {
    parser.push(piece);
    for (let event = parser.next(); event !== parserEvent.more; event = parser.next()) {
      if (event === parserEvent.failed) return { messages, refusal: parser.failure.what };
      if (event === parserEvent.head) {
        message = headOf(parser);
        messages.push(message);
        if (message.method === 'CONNECT') return { messages, refusal: undefined };
      } else if (event === parserEvent.body) {
        message!.body += Buffer.from(parser.body).toString('latin1');
      } else {
        message!.isComplete = true;
        message!.trailers = parser.trailers?.entries() ?? [];
        if (!message!.keepAlive) return { messages, refusal: undefined };
      }
    }
  }
  return { messages, refusal: undefined };
}

function headOf({ head }: RequestParser): NodeMessage {
  const { method, target, minor, keepAlive, fields } = head;
  return {
    method,
    target,
    version: `1.${minor}`,
    keepAlive,
    fields: fields.entries(),
    body: '',
    trailers: [],
    isComplete: method === 'CONNECT',
  };
}

/** In what they differ: the key of a listed disagreement, or a description of one that must not be. */
function compare(ours: Ours, theirs: NodeObservation): string | undefined {
  for (const [index, mine] of ours.messages.entries()) {
    const other = theirs.messages[index];
    if (other === undefined) {
      return nodeMethods.has(mine.method) ? `a request that node:http refuses (${theirs.error})` : 'unknown method';
    }
    const headIn = (['method', 'target', 'version', 'fields'] as const).find((key) => !isSame(mine[key], other[key]));
    if (headIn !== undefined) return `another ${headIn}`;
    if (asksForUpgrade(mine)) return 'an upgrade';
    if (mine.method === 'CONNECT') return undefined;
    if (!mine.isComplete) return compareCut(mine, other, ours.refusal, theirs.error);
    if (!other.isComplete || mine.body !== other.body || !isSame(mine.trailers, other.trailers)) return 'another body';
    if (mine.keepAlive !== other.keepAlive)
      return mine.keepAlive ? 'keeps what node:http closes' : 'close beside keep-alive';
    if (!mine.keepAlive) return undefined;
  }
  if (theirs.messages.length > ours.messages.length) return ours.refusal ?? 'waits where node:http has a request';
  return theirs.error === undefined ? ours.refusal : undefined;
}

/** The last message of ours is not complete: it is refused, or more is awaited. */
function compareCut(
  mine: NodeMessage,
  other: NodeMessage,
  refusal: string | undefined,
  error: string | undefined,
): string | undefined {
  if (!other.body.startsWith(mine.body)) return 'another body';
  const isSameFar = !other.isComplete && other.body === mine.body;
  if (refusal !== undefined) return isSameFar && error !== undefined ? undefined : refusal;
  return isSameFar ? undefined : 'waits where node:http has content';
}

function asksForUpgrade({ fields }: NodeMessage): boolean {
  const isNamed = fields.some(
    (value, i) => i % 2 === 1 && isName(fields[i - 1], 'connection') && /upgrade/i.test(value),
  );
  return isNamed && fields.some((name, i) => i % 2 === 0 && isName(name, 'upgrade'));
}

function isName(text: string | undefined, name: string): boolean {
  return text?.toLowerCase() === name;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
