import type { Context } from '../concurrency/index.ts';
import type { ChildExit } from './child.ts';
import type { Slot } from './slot.ts';

/** How far the restart of one replica is. */
export type RestartStep =
  | { readonly type: 'starting'; readonly slot: string }
  /** The new process serves; the old one finishes its work. */
  | { readonly type: 'ready'; readonly slot: string; readonly tookMs: number }
  /** The old process has ended. */
  | { readonly type: 'replaced'; readonly slot: string; readonly replaced: number; readonly of: number };

/** A new process that did not become ready. */
export interface RestartFailure {
  readonly slot: Slot;
  readonly exit: ChildExit;
  /** The process from before goes on serving. */
  readonly isServing: boolean;
}

export interface RestartOutcome {
  readonly replaced: number;
  readonly of: number;
  /** Why it was given up; undefined if all were replaced, or the caller left. */
  readonly failure: RestartFailure | undefined;
}

/**
 * Replaces the processes of these slots, batch after batch, the slots of a batch side by side; each new process serves
 * before the old one drains, and a batch is over when its old processes have ended. Ends with the batch in which a new
 * process does not become ready, and with the one in which `ctx` ends.
 */
export async function restartSlots(
  ctx: Context,
  batches: readonly (readonly Slot[])[],
  tell: (step: RestartStep) => void,
): Promise<RestartOutcome> {
  const of = batches.reduce((sum, batch) => sum + batch.length, 0);
  let replaced = 0;
  let failure: RestartFailure | undefined;
  const restart = async (slot: Slot) => {
    tell({ type: 'starting', slot: slot.name });
    const renewal = await slot.renew();
    if ('exit' in renewal) {
      failure ??= { slot, exit: renewal.exit, isServing: slot.isReady };
      return;
    }
    tell({ type: 'ready', slot: slot.name, tookMs: renewal.ready.tookMs });
    await slot.relieved();
    tell({ type: 'replaced', slot: slot.name, replaced: ++replaced, of });
  };
  for (const batch of batches) {
    if (failure !== undefined || ctx.err() !== undefined) break;
    await Promise.all(batch.map(restart));
  }
  return { replaced, of, failure };
}
