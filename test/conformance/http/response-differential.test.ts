import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parserEvent } from '../../../src/net/http/engine/message-parser.ts';
import { ResponseParser } from '../../../src/net/http/engine/response-parser.ts';
import { type NodeFinal, type NodeResponse, nodeClient } from './node-client.ts';
import { mutate, Random } from './random-requests.ts';
import { randomResponses } from './random-responses.ts';

const runs = 20_000;
const seed = Number(process.env.FLOTILLA_HTTP_SEED ?? Date.now() % 2 ** 31);

const limits = { maxHeaderBytes: 16_384, maxHeaders: 1000, maxChunkExtensionBytes: 16_384, maxTrailerBytes: 16_384 };

/** Why our parser refuses what node:http takes, by the words of the refusal. */
const disagreements: Readonly<Record<string, string>> = {
  'it does not begin with a version HTTP/1.x': 'RFC 9112 section 4; node:http skips CRs and LFs in front',
  'the status code is not three digits':
    'RFC 9110 section 15: 100 to 599 have a meaning; node:http takes 0 to 99 as well',
  'the status line has a character that is not allowed':
    'RFC 9112 section 4; node:http takes any in a reason, and stops at CR',
  'a 101 does not say what it changes to': 'RFC 9110 section 15.2.2',
  'a response with 1xx says that it is the last': 'RFC 9110 section 15.2; node:http waits for what must not follow',
  'a response with 1xx or 204 has no content': 'RFC 9110 section 8.6; node:http ignores the field',
  'there is a Transfer-Encoding in HTTP/1.0': 'RFC 9112 section 6.1; node:http believes it',
  'there are several Transfer-Encoding fields': 'RFC 9112 section 6.1; node:http joins them',
  'there are several Content-Length fields': 'RFC 9112 section 6.3; node:http waits with refusing one that is empty',
  'the Transfer-Encoding is not chunked': 'RFC 9112 section 6.3; node:http reads up to the close, undecoded',
  'the Transfer-Encoding has a coding besides chunked': 'RFC 9112 section 6.3; node:http passes content on undecoded',
  'the Content-Length is too large': 'numbers of JavaScript are exact up to 2^53 - 1; node:http counts to 2^64 - 1',
  'the Content-Length is empty': 'RFC 9110 section 8.6; node:http waits for more before it refuses it',
  'a field that frames the message has a tab beside its value': 'as in requests; node:http takes some of these',
  'a trailer is a field that only a head may have': 'RFC 9110 section 6.5.1; node:http passes it on as a trailer',
  'a chunk extension is malformed': 'RFC 9112 section 7.1.1; node:http takes some odd ones',
  'there are several Host fields': 'no response has one',
};

test(`${runs} mutations of responses: the client of node:http agrees, or is the laxer one in a listed way (seed ${seed})`, async () => {
  const random = new Random(seed);

  for (let run = 0; run < runs; run++) {
    const valid = randomResponses(random);
    const text = random.isOneIn(20) ? valid : mutate(random, valid);
    const method = random.pick(['GET', 'GET', 'HEAD']);
    const bytes = Buffer.from(text, 'latin1');

    const found = compare(observe(bytes, method), await nodeClient(bytes, method));

    assert.ok(
      found === undefined || found in disagreements,
      `${found}, run ${run}, ${method}: ${JSON.stringify(text)}`,
    );
  }
});

interface Ours extends NodeResponse {
  readonly isEndless: boolean;
}

/** Up to the end of the first response that is no interim one. */
function observe(bytes: Uint8Array, method: string): Ours {
  const parser = new ResponseParser(limits);
  parser.expect(method);
  parser.push(bytes);
  const interim: number[] = [];
  let final: { -readonly [K in keyof NodeFinal]: NodeFinal[K] } | undefined;
  let error: string | undefined;
  for (let event = parser.next(); event !== parserEvent.more; event = parser.next()) {
    if (event === parserEvent.failed) {
      error = parser.failure.what;
      break;
    }
    if (event === parserEvent.head) {
      const { status, fields } = parser.head;
      if (status < 200 && status !== 101) interim.push(status);
      else final = { status, fields: fields.entries(), body: '', trailers: [], isComplete: status === 101 };
    } else if (event === parserEvent.body) {
      final!.body += Buffer.from(parser.body).toString('latin1');
    } else if (final !== undefined) {
      final.isComplete = true;
      final.trailers = parser.trailers?.entries() ?? [];
    }
    if (final?.isComplete) break;
  }
  return { interim, final, error, isEndless: final !== undefined && parser.head.isEndless };
}

function compare(ours: Ours, theirs: NodeResponse): string | undefined {
  const { final, error } = ours;
  if (final === undefined) {
    if (theirs.final !== undefined || theirs.interim.length > ours.interim.length)
      return error ?? 'waits where node:http has a response';
    return theirs.error === undefined ? error : undefined;
  }
  const other = theirs.final;
  if (String(ours.interim) !== String(theirs.interim)) return 'other interim responses';
  if (other === undefined) return `a response that node:http refuses (${theirs.error})`;
  if (final.status !== other.status || String(final.fields) !== String(other.fields)) return 'another head';
  if (final.isComplete) {
    const isSame = other.isComplete && final.body === other.body && String(final.trailers) === String(other.trailers);
    return isSame ? undefined : 'another body';
  }
  if (!other.body.startsWith(final.body)) return 'another body';
  const isSameFar = !other.isComplete && other.body === final.body;
  if (error !== undefined) return isSameFar && theirs.error !== undefined ? undefined : error;
  return isSameFar ? undefined : 'waits where node:http has content';
}
