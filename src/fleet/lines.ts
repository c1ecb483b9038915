import type { Readable } from 'node:stream';

/** A longer line is given in pieces of this size, so that a process that never ends a line costs no memory. */
const maxLine = 64 * 1024;

/** Calls `onLine` for each line of the stream, without its end, and for what is left when the stream ends. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      const line = rest + chunk.slice(from, end);
      rest = '';
      onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
      from = end + 1;
    }
    rest += chunk.slice(from);
    if (rest.length > maxLine) {
      onLine(rest);
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
    rest = '';
  });
  stream.on('error', () => {});
}
