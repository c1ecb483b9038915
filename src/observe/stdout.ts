import pino from 'pino';

/** Where lines go. */
export interface LineSink {
  /** Takes a line with its line break, without blocking. Beyond a bound of unwritten lines it drops them. */
  write(line: string): void;
  /** Writes what is buffered, blocking: for the end of the process. */
  flushSync(): void;
  /** Lines dropped because the reader of stdout was too slow. */
  readonly dropped: number;
}

const maxBufferedBytes = 16 * 1024 * 1024;

/**
 * The process's stdout. One for the whole process, however many services share it: two writers of one pipe would cut each
 * other's lines. pino's destination buffers while a write is under way, and writes the rest when the process exits.
 */
export function stdoutLines(): LineSink {
  stdout ??= openStdout();
  return stdout;
}

let stdout: LineSink | undefined;

function openStdout(): LineSink {
  let dropped = 0;
  const destination = pino.destination({ fd: 1, sync: false, minLength: 0, maxLength: maxBufferedBytes });
  destination.on('drop', () => {
    dropped++;
  });
  // A closed pipe is not this process's failure; pino ends the destination by itself then.
  destination.on('error', () => {});
  return {
    write: (line) => {
      destination.write(line);
    },
    flushSync() {
      try {
        destination.flushSync();
      } catch {
        // Not open yet or already closed: nothing can be written any more.
      }
    },
    get dropped() {
      return dropped;
    },
  };
}
