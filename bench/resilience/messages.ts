/** How a node answers. A service takes a log-normal time; a straggler among them takes `stragglerMs`. */
export interface Behaviour {
  /** 0: at once. */
  readonly meanMs: number;
  /** Of the logarithm of the service time. */
  readonly sigma: number;
  /** The share of calls that take `stragglerMs` instead. */
  readonly stragglers: number;
  readonly stragglerMs: number;
  /** The share of calls that fail with `code`. */
  readonly failing: number;
  readonly code: 'unavailable' | 'internal';
}

/** What decides on further tries of the calls to the next tier: ours, ours without a breaker, or three plain tries. */
export type Guard = 'default' | 'no-breaker' | 'plain';

/** What a process of nodes is started with. */
export interface Program {
  readonly count: number;
  readonly behaviour: Behaviour;
  /** The nodes that each call goes on to, instead of being answered. Default: none. */
  readonly next?: { readonly urls: readonly string[]; readonly guard: Guard };
}

/** To a process of nodes; each is answered with a `Reply` of the same id. */
export interface Order {
  readonly id: number;
  /** The behaviour from now on, by the index of the node. */
  readonly behave?: Readonly<Record<number, Behaviour>>;
}

export interface Reply {
  readonly id: number;
  readonly urls: readonly string[];
  /** Calls that arrived so far, by what they asked for and then by node. */
  readonly arrived: Readonly<Record<string, readonly number[]>>;
}
