import { StatusError } from '../../../errors/index.ts';

export interface JsonLinesOptions {
  /** The longest line, in characters. Default: 16 Mi. */
  readonly maxLineChars?: number;
}

/**
 * The values of a stream of JSON, one to a line, as they come; empty lines are skipped. A last line without its end is
 * taken if it is whole. Throws `data_loss` (MALFORMED_RESPONSE) for a line that is no JSON, `resource_exhausted`
 * (RESPONSE_TOO_LARGE) for one that is too long.
 */
export async function* jsonLines(
  body: AsyncIterable<Uint8Array>,
  { maxLineChars = 16 * 1024 * 1024 }: JsonLinesOptions = {},
): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of body) {
    const lines = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = lines.pop()!;
    for (const line of lines) {
      const whole = parts.length === 0 ? line : parts.join('') + line;
      parts = [];
      length = 0;
      if (whole.trim() !== '') yield parse(whole);
    }
    // Joined at its end only: a long line comes in many pieces.
    if (rest !== '') parts.push(rest);
    length += rest.length;
    if (length > maxLineChars) {
      throw new StatusError('resource_exhausted', `a line of JSON has more than ${maxLineChars} characters`, {
        reason: 'RESPONSE_TOO_LARGE',
      });
    }
  }
  const last = parts.join('') + decoder.decode();
  if (last.trim() !== '') yield parse(last);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new StatusError('data_loss', `a line is not JSON: ${line.slice(0, 80)}`, {
      reason: 'MALFORMED_RESPONSE',
      cause,
    });
  }
}
