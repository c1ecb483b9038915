import { formatWait } from './format-tasks.ts';
import { print } from './print.ts';
import type { WaitInfo } from './task-info.ts';

/** Makes what reports a wait that the end of its own block canceled before it could go on. It tells of each place once. */
export function missingAwaitReporter(): (wait: WaitInfo) => void {
  const told = new Set<string>();
  return (wait) => {
    const place = wait.stack.join('\n');
    if (told.has(place)) return;
    told.add(place);
    print(
      `flotilla: a context was disposed at the end of its block in the very step in which this wait began under it; an await is missing, as in \`return await call(ctx)\`\n\n${formatWait(wait)}\n`,
    );
  };
}
