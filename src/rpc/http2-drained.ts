import type { Http2Stream } from 'node:http2';

/** Resolves when the stream takes more, or takes nothing more because it has ended. */
export function drained(stream: Http2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
    if (stream.closed || stream.destroyed) done();
  });
}
