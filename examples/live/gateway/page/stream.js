/** The events of a room, for as long as they are wanted: comes back by itself, and then gets what it missed. */

const firstPauseMs = 500;
const maxPauseMs = 10_000;

/**
 * Follows the events of a room until the result is called.
 *
 * @param {string} roomId
 * @param {{ ready: () => void, event: (kind: string, data: any) => void, state: (live: boolean) => void }} on
 */
export function follow(roomId, on) {
  let lastId = '';
  let pauseMs = firstPauseMs;
  let closed = false;
  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const connect = () => {
    if (closed) return;
    clearTimeout(timer);
    source?.close();
    const after = lastId === '' ? '' : `?after=${encodeURIComponent(lastId)}`;
    source = new EventSource(`/v1/rooms/${encodeURIComponent(roomId)}/events${after}`);
    source.addEventListener('ready', () => {
      pauseMs = firstPauseMs;
      on.state(true);
      on.ready();
    });
    for (const kind of ['message', 'gift', 'room']) {
      source.addEventListener(kind, (event) => {
        // The browser names errors of the connection and messages alike; only what has data is ours.
        if (!(event instanceof MessageEvent) || event.data === undefined) return;
        if (event.lastEventId !== '') lastId = event.lastEventId;
        on.event(kind, JSON.parse(event.data));
      });
    }
    source.onerror = () => {
      source?.close();
      if (closed) return;
      on.state(false);
      timer = setTimeout(connect, pauseMs * (0.5 + Math.random()));
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    };
  };

  /** A machine that was asleep or offline need not wait for the end of the pause. */
  const hurry = () => {
    if (document.visibilityState === 'visible' && source?.readyState === EventSource.CLOSED) connect();
  };
  addEventListener('online', hurry);
  document.addEventListener('visibilitychange', hurry);
  connect();
  return () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
    removeEventListener('online', hurry);
    document.removeEventListener('visibilitychange', hurry);
  };
}
