/**
 * The parts of the peers that the benches use: the sources are checked against these whether or not the peers are
 * installed, so that a clone without them passes.
 */
declare module 'effect' {
  export interface Effect<out A> {
    [Symbol.iterator](): Iterator<Effect<A>, A, unknown>;
  }
  export namespace Effect {
    function gen<A>(body: () => Generator<Effect<unknown>, A, never>): Effect<A>;
    function succeed<A>(value: A): Effect<A>;
    function promise<A>(fn: () => Promise<A>): Effect<A>;
    function sync<A>(fn: () => A): Effect<A>;
    function as<A>(self: Effect<unknown>, value: A): Effect<A>;
    function map<A, B>(self: Effect<A>, fn: (value: A) => B): Effect<B>;
    function flatMap<A, B>(self: Effect<A>, fn: (value: A) => Effect<B>): Effect<B>;
    function andThen<B>(self: Effect<unknown>, next: Effect<B>): Effect<B>;
    function whileLoop<A>(options: {
      readonly while: () => boolean;
      readonly body: () => Effect<A>;
      readonly step: (value: A) => void;
    }): Effect<void>;
    function forEach<A>(
      items: Iterable<A>,
      fn: (item: A) => Effect<unknown>,
      options: { readonly concurrency: number | 'unbounded'; readonly discard: true },
    ): Effect<void>;
    function all(
      effects: Iterable<Effect<unknown>>,
      options: { readonly concurrency: 'unbounded'; readonly discard: true },
    ): Effect<void>;
    function forkChild<A>(self: Effect<A>, options?: { readonly startImmediately?: boolean }): Effect<Fiber<A>>;
    function cached<A>(self: Effect<A>): Effect<Effect<A>>;
    function timeout<A>(self: Effect<A>, ms: number): Effect<A>;
    function provideService<A, S>(self: Effect<A>, service: Context.Reference<S>, value: S): Effect<A>;
    function tx<A>(self: Effect<A>): Effect<A>;
    function runPromise<A>(self: Effect<A>): Promise<A>;
    const txRetry: Effect<never>;
  }
  export interface Fiber<out A> {
    readonly result: A;
  }
  export namespace Fiber {
    function joinAll(fibers: Iterable<Fiber<unknown>>): Effect<void>;
  }
  export namespace Context {
    interface Reference<out S> extends Effect<S> {
      readonly key: string;
    }
    function Reference<S>(key: string, options: { readonly defaultValue: () => S }): Reference<S>;
  }
  export namespace Deferred {
    export interface Deferred<in out A> {
      readonly value: (value: A) => A;
    }
    export function make<A>(): Effect<Deferred<A>>;
    export function succeed<A>(self: Deferred<A>, value: A): Effect<boolean>;
    function _await<A>(self: Deferred<A>): Effect<A>;

    export { _await as await };
  }
  export interface Queue<in out A> {
    readonly value: (value: A) => A;
  }
  export namespace Queue {
    function bounded<A>(capacity: number): Effect<Queue<A>>;
    function offer<A>(self: Queue<A>, value: A): Effect<boolean>;
    function offerUnsafe<A>(self: Queue<A>, value: A): boolean;
    function take<A>(self: Queue<A>): Effect<A>;
    function takeUnsafe<A>(self: Queue<A>): { readonly value: A } | undefined;
  }
  export namespace TxQueue {
    interface TxQueue<in out A> {
      readonly value: (value: A) => A;
    }
    function bounded<A>(capacity: number): Effect<TxQueue<A>>;
    function offer<A>(self: TxQueue<A>, value: A): Effect<boolean>;
    function poll<A>(
      self: TxQueue<A>,
    ): Effect<{ readonly _tag: 'None' } | { readonly _tag: 'Some'; readonly value: A }>;
  }
  export namespace Semaphore {
    interface Semaphore {
      take(permits: number): Effect<number>;
      release(permits: number): Effect<number>;
      withPermits(permits: number): <A>(self: Effect<A>) => Effect<A>;
    }
    function make(permits: number): Effect<Semaphore>;
  }
  export interface Stream<out A> {
    readonly element: A;
  }
  export namespace Stream {
    function fromIterable<A>(items: Iterable<A>): Stream<A>;
    function map<A, B>(self: Stream<A>, fn: (item: A) => B): Stream<B>;
    function runFold<A, S>(self: Stream<A>, initial: () => S, fn: (state: S, item: A) => S): Effect<S>;
  }
}

declare module '@thi.ng/csp' {
  export interface Channel<T> {
    read(): Promise<T | undefined>;
    poll(): T | undefined;
    write(item: T): Promise<boolean>;
    offer(item: T): boolean;
    close(): void;
  }
  export function channel<T>(capacity?: number): Channel<T>;
  export function select<T>(first: Channel<T>, ...others: Channel<T>[]): Promise<[T | undefined, Channel<T>]>;
}

declare module 'async-mutex' {
  export class Semaphore {
    constructor(permits: number);
    acquire(): Promise<[permits: number, release: () => void]>;
  }
}

declare module 'p-limit' {
  type Limit = <T>(fn: () => Promise<T>) => Promise<T>;
  export default function pLimit(concurrency: number): Limit;
}

declare module 'fastq' {
  interface Queue<T> {
    push(task: T, done: (error: Error | null) => void): void;
  }
  interface PromiseQueue<T> {
    push(task: T): Promise<unknown>;
  }
  interface FastQueue {
    <T>(worker: (task: T, done: (error: Error | null) => void) => void, concurrency: number): Queue<T>;
    promise<T>(worker: (task: T) => Promise<unknown>, concurrency: number): PromiseQueue<T>;
  }
  const fastq: FastQueue;
  export default fastq;
}
