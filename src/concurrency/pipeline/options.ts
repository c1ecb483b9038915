import type { Context } from '../context/context.ts';

/**
 * A function of one element. A thenable that it gives is waited for as `await` would. Its Context ends with the pipeline,
 * however that ends; a function that heeds it lets the pipeline end soon, since whatever was started is waited for.
 */
export type ElementFn<T, R> = (item: T, ctx: Context) => R | PromiseLike<R>;

export interface FanOutOptions {
  /** Results in the order of the elements; false gives each as soon as it is there. Default: true. */
  readonly ordered?: boolean;
}

export interface TeeOptions {
  /** By how many elements the fastest branch may be ahead of the slowest: a whole number from 1. Default: 1. */
  readonly buffer?: number;
}

export interface WindowOptions {
  /** How many elements the next window starts behind this one: a whole number from 1. Default: 1. */
  readonly step?: number;
}

export interface ToArrayOptions {
  /** The most elements it takes: one more throws `resource_exhausted`. Default: 1,000,000. */
  readonly max?: number;
}

export interface ToOptions {
  /** Whether the channel is closed at the end, also where that is an error: its receivers wait otherwise. Default: true. */
  readonly close?: boolean;
}

export interface MapReduceOptions {
  /** How many `map` run at a time: a whole number from 1. Default: 16. */
  readonly concurrency?: number;
}
