import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleAll, SamplingBreaker } from 'cockatiel';
import CircuitBreaker from 'opossum';
import { check, type Guarded, type Work, type Works } from '../../guard/work.ts';

const forever = 3_600_000;

const succeed = async () => 1;
const fail = async () => {
  throw new Error('down');
};

const ratio = () => new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 5 });

export const cockatielWorks: Works = {
  breaker: () => {
    const policy = circuitBreaker(handleAll, { halfOpenAfter: forever, breaker: ratio() });
    return guarded(() => policy.execute(succeed));
  },
  'breaker-consecutive': () => {
    const policy = circuitBreaker(handleAll, { halfOpenAfter: forever, breaker: new ConsecutiveBreaker(5) });
    return guarded(() => policy.execute(succeed));
  },
  'breaker-open': () => {
    const policy = circuitBreaker(handleAll, { halfOpenAfter: forever, breaker: new ConsecutiveBreaker(5) });
    return refused(
      () => policy.execute(fail),
      (error) => error instanceof BrokenCircuitError,
    );
  },
};

/** Without timeouts, percentiles and snapshots. */
const plain = {
  timeout: false,
  rollingPercentilesEnabled: false,
  enableSnapshots: false,
  resetTimeout: forever,
  volumeThreshold: 5,
} as const;

export const opossumWorks: Works = {
  breaker: () => {
    const breaker = new CircuitBreaker(succeed, plain);
    return guarded(() => breaker.fire());
  },
  'breaker-open': () => {
    const breaker = new CircuitBreaker(fail, plain);
    return refused(
      () => breaker.fire(),
      (error) => (error as { code?: string }).code === 'EOPENBREAKER',
    );
  },
};

function guarded(call: () => Promise<number>): Guarded {
  return { guarded: awaited(call), bare: awaited(succeed) };
}

function awaited(call: () => Promise<number>): Work {
  return async (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += await call();
    check(sum, n);
  };
}

function refused(call: () => Promise<unknown>, isRefusal: (error: unknown) => boolean): Work {
  return async (n) => {
    let count = 0;
    for (let i = 0; count < n && i < n + 100; i++) {
      try {
        await call();
      } catch (error) {
        if (isRefusal(error)) count++;
      }
    }
    check(count, n);
  };
}
