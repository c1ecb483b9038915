import type { Contestant } from '../harness.ts';
import type { RowName } from './rows.ts';

/** Takes so many decisions, and throws if they are not what they must be. */
export type Work = (decisions: number) => Awaited<unknown>;

/** A decision that cannot be had without the call that it is about. */
export interface Guarded {
  readonly guarded: Work;
  /** The same calls without it: what they take is taken off. */
  readonly bare: Work;
}

/** What one contestant decides; made when it is measured first, since a million keys take their time. */
export type Works = Readonly<Partial<Record<RowName, () => Work | Guarded>>>;

const runs = 3;
const first = 2000;

/** Nanoseconds of CPU time of all threads per decision: of three runs the best, since what disturbs only adds. */
export function contestant(works: Works, targetMs: number): Contestant {
  const known = new Map<string, Guarded & { readonly count: number }>();
  return async (part) => {
    const make = works[part as RowName];
    if (make === undefined) return {};
    let entry = known.get(part);
    if (entry === undefined) {
      const made = make();
      const works = typeof made === 'function' ? { guarded: made, bare: () => {} } : made;
      await calibrate(works.bare, targetMs / runs, 1_000_000);
      entry = { ...works, count: await calibrate(works.guarded, targetMs / runs) };
      known.set(part, entry);
    }
    const { guarded, bare, count } = entry;
    const tookMs = (await best(guarded, count)) - (await best(bare, count));
    return { [part]: (tookMs * 1e6) / count };
  };
}

async function best(work: Work, count: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) least = Math.min(least, await timed(work, count));
  return least;
}

/** Several runs, since the first ones are not compiled yet. */
async function calibrate(work: Work, targetMs: number, most = Number.POSITIVE_INFINITY): Promise<number> {
  let count = first;
  for (let run = 1; ; run++) {
    const took = await timed(work, count);
    const fitting = Math.ceil((count * targetMs) / Math.max(took, 0.01));
    if (run > 5 && (took * 2 >= targetMs || count >= most)) return Math.max(first, fitting);
    count = Math.max(first, Math.min(fitting, count * 4, most));
  }
}

async function timed(work: Work, count: number): Promise<number> {
  const before = process.cpuUsage();
  await work(count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** A million users, in no order. */
export const users = 1_000_000;

/** Their names, and an endless walk through them. */
function userNames(): readonly string[] {
  const names = Array.from({ length: users }, (_, i) => `user-${i}`);
  let state = 1;
  for (let i = users - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (i + 1);
    [names[i], names[other]] = [names[other]!, names[i]!];
  }
  return names;
}

/** An endless walk through the names of all users, each as it is kept, or as a text that was just read from bytes. */
export function nameWalk(isRead: boolean): () => string {
  const names = userNames();
  const ends = new Uint32Array(users);
  let end = 0;
  for (const [index, name] of names.entries()) ends[index] = end += name.length;
  const bytes = Buffer.from(isRead ? names.join('') : '', 'latin1');
  let at = -1;
  const turn = () => {
    at = at + 1 === users ? 0 : at + 1;
    return at;
  };
  if (!isRead) return () => names[turn()]!;
  return () => {
    const index = turn();
    return bytes.toString('latin1', index === 0 ? 0 : ends[index - 1], ends[index]);
  };
}

export function check(got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`the work was not done: it came to ${got} instead of ${wanted}`);
}
