import { chan, type Item, recv, select, send } from 'flotilla/concurrency';
import type { Tasks } from './tasks.ts';

/** A fraction in lowest terms, its denominator positive. */
export interface Rational {
  readonly above: bigint;
  readonly below: bigint;
}

export function rational(above: bigint | number, below: bigint | number = 1n): Rational {
  let [a, b] = [BigInt(above), BigInt(below)];
  if (b < 0n) [a, b] = [-a, -b];
  let [x, y] = [a < 0n ? -a : a, b];
  while (y > 0n) [x, y] = [y, x % y];
  return { above: a / x, below: b / x };
}

const plus = (u: Rational, v: Rational) => rational(u.above * v.below + v.above * u.below, u.below * v.below);
const times = (u: Rational, v: Rational) => rational(u.above * v.above, u.below * v.below);
const over = (u: Rational, v: Rational) => rational(u.above * v.below, u.below * v.above);
const minus = (u: Rational) => rational(-u.above, u.below);
const zero = rational(0);
const one = rational(1);

/** The coefficients of a power series, lowest first, each computed when it is asked for. The end closes `terms`. */
class Series<T extends Item = Rational> {
  readonly asked = chan<true>();
  readonly terms = chan<T>();
}

/**
 * Power series as networks of tasks, after an idea of Doug McIlroy: each operation is a task that asks its operands for
 * terms only when it is itself asked for one. Selects, feedback loops and a task per term of a product, none of which may
 * deadlock.
 */
export class PowerSeries {
  readonly #tasks: Tasks;

  constructor(tasks: Tasks) {
    this.#tasks = tasks;
  }

  async terms(u: Series, count: number): Promise<(Rational | undefined)[]> {
    const taken: (Rational | undefined)[] = [];
    while (taken.length < count) taken.push(await this.#next(u));
    return taken;
  }

  /** The series whose coefficients a generator gives. */
  of(coefficients: () => Iterable<Rational>): Series {
    return this.#make(async (put) => {
      for (const coefficient of coefficients()) await put(coefficient);
    });
  }

  repeat(c: Rational): Series {
    return this.of(function* () {
      for (;;) yield c;
    });
  }

  add(u: Series, v: Series): Series {
    return this.#make(async (put) => {
      for (;;) {
        const [a, b] = await this.#both(u, v);
        if (a === undefined || b === undefined) {
          const rest = a === undefined ? v : u;
          const last = a ?? b;
          if (last === undefined) return;
          await put(last);
          return this.#copy(rest, put);
        }
        await put(plus(a, b));
      }
    });
  }

  scale(c: Rational, u: Series): Series {
    return this.#map(u, (term) => times(c, term));
  }

  /** (u + xU)(v + xV) = uv + x(uV + vU + xUV) */
  multiply(u: Series, v: Series): Series {
    return this.#make(async (put) => {
      const [a, b] = await this.#both(u, v);
      if (a === undefined || b === undefined) return;
      await put(times(a, b));
      const [u1, u2] = this.split(u);
      const [v1, v2] = this.split(v);
      const linear = this.add(this.scale(a, v1), this.scale(b, u1));
      const first = await this.#next(linear);
      if (first === undefined) return;
      await put(first);
      return this.#copy(this.add(linear, this.multiply(u2, v2)), put);
    });
  }

  derive(u: Series): Series {
    return this.#make(async (put) => {
      await this.#next(u);
      for (let n = 1; ; n++) {
        const term = await this.#next(u);
        if (term === undefined) return;
        await put(times(rational(n), term));
      }
    });
  }

  integrate(constant: Rational, u: Series): Series {
    return this.#make(async (put) => {
      await put(constant);
      for (let n = 1; ; n++) {
        const term = await this.#next(u);
        if (term === undefined) return;
        await put(over(term, rational(n)));
      }
    });
  }

  /** 1/u, from itself: with u = a + xU and z = 1/a, the rest of the series is -U(z + x...)/a. */
  reciprocal(u: Series): Series {
    return this.#make(async (put) => {
      const z = over(one, (await this.#next(u))!);
      await put(z);
      const back = new Series();
      const [out] = this.split(this.multiply(this.scale(minus(z), u), this.#prepend(z, back)), back);
      return this.#copy(out, put);
    });
  }

  /** e to the power of u without its constant term, from itself: its derivative is itself times that of u. */
  exponential(u: Series): Series {
    const back = new Series();
    const [out] = this.split(this.integrate(one, this.multiply(back, this.derive(u))), back);
    return out;
  }

  /** u(c xⁿ) */
  substituteMonomial(u: Series, c: Rational, n: number): Series {
    return this.#make(async (put) => {
      for (let power = one; ; power = times(power, c)) {
        const term = await this.#next(u);
        if (term === undefined) return;
        await put(times(term, power));
        for (let i = 1; i < n; i++) await put(zero);
      }
    });
  }

  /** Two series of the same terms that may be read at different rates. The second may be given, to close a loop. */
  split(u: Series, second = new Series()): [Series, Series] {
    const outs = [new Series(), second].map((series) => ({
      series,
      kept: [] as Rational[],
      hungry: false,
      over: false,
    })) as [Reader, Reader];
    this.#tasks.go(async () => {
      let upstream: Upstream = 'idle';
      while (!(outs[0].over && outs[1].over)) {
        for (const out of outs) await this.#feed(out, upstream === 'over');
        if (upstream === 'idle' && outs.some(({ hungry }) => hungry)) upstream = 'asking';
        const got = await this.#hear(u, upstream, outs);
        if (got.case === 'left') outs[0].hungry = true;
        else if (got.case === 'right') outs[1].hungry = true;
        else if (got.case === 'asked') upstream = 'answering';
        else {
          upstream = got.value === undefined ? 'over' : 'idle';
          if (got.value !== undefined) for (const out of outs) out.kept.push(got.value);
        }
        if (upstream === 'over') for (const out of outs) await this.#feed(out, true);
      }
    });
    return [outs[0].series, outs[1].series];
  }

  /** The next thing that happens to a split: a reader asks, its question goes out, or the answer comes in. */
  #hear(u: Series, upstream: Upstream, outs: [Reader, Reader]) {
    const [left, right] = outs.map(({ hungry, over, series }) => (hungry || over ? undefined : series.asked));
    return select(this.#tasks.ctx, {
      left: recv(left),
      right: recv(right),
      asked: send(upstream === 'asking' ? u.asked : undefined, true),
      term: recv(upstream === 'asking' || upstream === 'answering' ? u.terms : undefined),
    });
  }

  /** Answers a reader of a split that waits. */
  async #feed(out: Reader, upstreamIsOver: boolean): Promise<void> {
    if (!out.hungry) return;
    const term = out.kept.shift();
    if (term !== undefined) {
      out.hungry = false;
      await out.series.terms.send(this.#tasks.ctx, term);
    } else if (upstreamIsOver) {
      out.hungry = false;
      out.over = true;
      out.series.terms.close();
    }
  }

  #make(generate: (put: (term: Rational) => Promise<void>) => Promise<void>): Series {
    const series = new Series();
    this.#tasks.go(async (ctx) => {
      // Nothing is computed before the first term is asked for; then each `put` answers one question and waits for the next.
      await series.asked.recv(ctx);
      await generate(async (term) => {
        await series.terms.send(ctx, term);
        await series.asked.recv(ctx);
      });
      series.terms.close();
    });
    return series;
  }

  #map(u: Series, change: (term: Rational) => Rational): Series {
    return this.#make(async (put) => {
      for (let term = await this.#next(u); term !== undefined; term = await this.#next(u)) await put(change(term));
    });
  }

  #prepend(c: Rational, u: Series): Series {
    return this.#make(async (put) => {
      await put(c);
      return this.#copy(u, put);
    });
  }

  async #copy(u: Series, put: (term: Rational) => Promise<void>): Promise<void> {
    for (let term = await this.#next(u); term !== undefined; term = await this.#next(u)) await put(term);
  }

  /** Asks for one term. A series that is over answers no question: its closed channel does. */
  async #next(u: Series): Promise<Rational | undefined> {
    const { ctx } = this.#tasks;
    const got = await select(ctx, { asked: send(u.asked, true), over: recv(u.terms) });
    return got.case === 'asked' ? u.terms.recv(ctx) : undefined;
  }

  /** One term of each, asked for at the same time: each answers when it can. */
  async #both(u: Series, v: Series): Promise<[Rational | undefined, Rational | undefined]> {
    return Promise.all([this.#next(u), this.#next(v)]);
  }
}

/** What a split has asked of the series it copies. */
type Upstream = 'idle' | 'asking' | 'answering' | 'over';

interface Reader {
  readonly series: Series;
  /** Terms that the other reader has had already. */
  readonly kept: Rational[];
  /** It has asked and waits for its answer. */
  hungry: boolean;
  over: boolean;
}
