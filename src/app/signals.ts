/** What a signal means: the first asks for a drain, one in the same keystroke means nothing, a later one ends at once. */
export type SignalMeaning = 'drain' | 'repeat' | 'force';

/**
 * One Ctrl-C may arrive several times within milliseconds: from the terminal to the whole process group, and again from
 * each parent that passes it on. What arrives this soon after a counted signal is the same keystroke.
 */
export const sameKeystrokeMs = 300;

/** Counts signals as people mean them. Pure: time is given to it. */
export class SignalPolicy {
  #countedAt: number | undefined;

  receive(now: number): SignalMeaning {
    const since = this.#countedAt === undefined ? undefined : now - this.#countedAt;
    if (since !== undefined && since < sameKeystrokeMs) return 'repeat';
    this.#countedAt = now;
    return since === undefined ? 'drain' : 'force';
  }
}
