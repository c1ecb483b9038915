export interface StopRequests {
  /** Why to drain: the first signal, or the end of the watched parent. */
  readonly first: Promise<string>;
  /** A second keystroke: end at once, with this exit code. */
  readonly second: Promise<number>;
  /** Stops listening. */
  close(): void;
}

const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
/** One Ctrl-C arrives several times, from the terminal and through each parent: this soon it is the same keystroke. */
export const sameKeystrokeMs = 300;
const parentEveryMs = 500;

/**
 * Listens for the wish to end. `FLOTILLA_WATCH_PARENT` names the process whose end ends this one too: whoever started it
 * may be killed without a chance to pass that on.
 */
export function stopRequests(env: NodeJS.ProcessEnv = process.env): StopRequests {
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<number>();
  let countedAt: number | undefined;
  const receive = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (countedAt === undefined) first.resolve(signal);
    else if (now - countedAt < sameKeystrokeMs) return;
    else second.resolve(128 + numbers[signal as keyof typeof numbers]);
    countedAt = now;
  };
  const names = Object.keys(numbers) as (keyof typeof numbers)[];
  for (const name of names) process.on(name, receive);

  const parent = Number(env.FLOTILLA_WATCH_PARENT);
  const watch = Number.isInteger(parent) && parent > 0 ? setInterval(() => checkParent(), parentEveryMs) : undefined;
  const checkParent = () => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    first.resolve(`process ${parent}, which started this, is gone`);
  };
  if (watch !== undefined) checkParent();
  return {
    first: first.promise,
    second: second.promise,
    close() {
      clearInterval(watch);
      for (const name of names) process.off(name, receive);
    },
  };
}
