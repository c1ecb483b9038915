import type { Admit, Outcome, Permit, QuotaState } from '../../call/index.ts';

/** Asks one after the other; the second only where the first admits. What the first took for a call that the second refuses is given back. */
export function bothAdmit(first: Admit, second: Admit | undefined): Admit {
  if (second === undefined) return first;
  return (head) => {
    const outer = first(head);
    if (!outer.admitted) return outer;
    let isTaken = false;
    try {
      const inner = second(head);
      isTaken = inner.admitted;
      return inner.admitted ? new PairedPermit(outer, inner) : inner;
    } finally {
      // It was not run: how long that took says nothing.
      if (!isTaken) giveBack(outer);
    }
  };
}

function giveBack(permit: Permit): void {
  permit.streams?.();
  permit.done({ error: undefined, durationMs: 0 });
}

class PairedPermit implements Permit {
  readonly admitted = true;
  readonly quota: QuotaState | undefined;
  readonly #outer: Permit;
  readonly #inner: Permit;

  constructor(outer: Permit, inner: Permit) {
    this.quota = inner.quota ?? outer.quota;
    this.#outer = outer;
    this.#inner = inner;
  }

  streams(): void {
    this.#inner.streams?.();
    this.#outer.streams?.();
  }

  done(outcome: Outcome): void {
    try {
      this.#inner.done(outcome);
    } finally {
      this.#outer.done(outcome);
    }
  }
}
