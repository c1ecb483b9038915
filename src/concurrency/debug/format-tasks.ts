import type { TaskInfo, WaitInfo } from './task-info.ts';

/** More kinds of tasks than this are counted, not printed. */
const maxKinds = 100;
/** Of tasks that are alike, so many are named. */
const maxNamed = 10;

/**
 * The tasks as text for a person, each with its start, its waits and its timers. Tasks that were started at the same place
 * and wait at the same places for the same are shown once, and counted.
 */
export function formatTasks(tasks: readonly TaskInfo[]): string {
  const kinds = [...Map.groupBy(tasks, kindOf).values()];
  const shown = kinds.slice(0, maxKinds).map(([first, ...others]) => [...taskLines(first!), ...othersLine(others)]);
  const left = kinds.slice(maxKinds).flat().length;
  return [...shown.map((lines) => lines.join('\n')), ...(left === 0 ? [] : [`and ${left} more tasks`])].join('\n\n');
}

/** One wait and its stack, as it stands below its task. */
export function formatWait({ what, forMs, stack }: WaitInfo, verb = 'waits'): string {
  return [`  ${verb} for ${duration(forMs)}: ${what}`, ...frames(stack)].join('\n');
}

function kindOf({ name, started, hasEnded, waits, timers }: TaskInfo): string {
  return JSON.stringify([
    [name, started, hasEnded],
    waits.map(({ what, stack }) => [what, stack]),
    timers.map(({ stack }) => stack),
  ]);
}

function taskLines(task: TaskInfo): string[] {
  const lines = [heading(task), ...frames(task.started)];
  for (const wait of task.waits) lines.push(formatWait(wait));
  for (const timer of task.timers) lines.push(formatWait(timer, 'armed'));
  if (task.id !== 0 && !task.hasEnded && task.waits.length === 0)
    lines.push('  runs, or awaits something outside of flotilla/concurrency');
  return lines;
}

function heading({ id, name, parent, ageMs, hasEnded }: TaskInfo): string {
  if (id === 0) return name;
  const starter = parent === 0 ? '' : ` by [${parent}]`;
  return `[${id}] ${name}, started ${duration(ageMs)} ago${starter}${hasEnded ? ', has ended' : ''}`;
}

function othersLine(others: readonly TaskInfo[]): string[] {
  if (others.length === 0) return [];
  const ids = others.slice(0, maxNamed).map(({ id }) => `[${id}]`);
  return [`  and ${others.length} like it: ${ids.join(' ')}${others.length > maxNamed ? ' and so on' : ''}`];
}

function frames(stack: readonly string[]): string[] {
  return stack.map((frame) => `    ${frame}`);
}

function duration(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`;
}
