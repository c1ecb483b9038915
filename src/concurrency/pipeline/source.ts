import type { Item, RecvChan } from '../channel/channel.ts';
import { AsyncSource } from './async-source.ts';
import { ChanSource } from './chan-source.ts';
import { IterableSource } from './iterable-source.ts';
import { PipelineSource } from './pipeline-source.ts';
import type { Run } from './run.ts';
import { type Adoptable, adopt, type Stage } from './stage.ts';

/**
 * What a pipeline can read: a channel, another pipeline, a stream or any other async iterable, a plain iterable. Elements of
 * a plain iterable that are promises are awaited.
 */
export type Source<T> = AsyncIterable<T> | Iterable<T | PromiseLike<T>>;

/** What a source may turn out to be. */
type Shape<T> = Partial<Adoptable<T> & RecvChan<T & Item> & Iterable<T | PromiseLike<T>>>;

/** The stage at the start of a pipeline. Nothing is asked of the source before the first pull. */
export function openSource<T>(run: Run, source: Source<T>): Stage<T> {
  const shape = source as Shape<T> | null | undefined;
  const adoptable = shape?.[adopt];
  if (adoptable !== undefined)
    return new PipelineSource(run, (source as unknown as Adoptable<T>)[adopt]('another pipeline'));
  if (typeof shape?.recvCase === 'function')
    return new ChanSource(run, source as unknown as RecvChan<T & Item>) as Stage<T>;
  if (typeof shape?.[Symbol.asyncIterator] === 'function') return new AsyncSource(run, source as AsyncIterable<T>);
  if (typeof shape?.[Symbol.iterator] === 'function')
    return new IterableSource(run, source as Iterable<T | PromiseLike<T>>);
  throw new TypeError(`pipeline: the source is ${describe(source)}, not an iterable, async iterable or channel`);
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object that cannot be iterated' : String(value);
}
