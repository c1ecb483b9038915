import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';

/**
 * Watches a connection on which nothing moves: after `silenceMs` it is closed if no call runs on it. If one does, the client
 * is asked for a sign of life, and after as long again without one the connection is destroyed: a client that vanished
 * without a word would keep its calls for ever.
 */
export function watchSession(session: ServerHttp2Session, silenceMs: number): void {
  let calls = 0;
  let awaitsPong = false;
  session.on('stream', (stream: ServerHttp2Stream) => {
    calls++;
    stream.once('close', () => {
      calls--;
    });
  });
  session.setTimeout(silenceMs);
  session.on('timeout', () => {
    if (session.destroyed) return;
    if (calls === 0) {
      session.close();
    } else if (awaitsPong) {
      session.destroy();
    } else {
      awaitsPong = true;
      session.ping(() => {
        awaitsPong = false;
      });
      // Node does not count the ping as movement.
      session.setTimeout(silenceMs);
    }
  });
}
