/** The parts of the libraries that guard calls which the bench uses; see ../modules.d.ts for why they are here. */
declare module 'cockatiel' {
  interface Policy {
    execute<T>(fn: () => Promise<T>): Promise<T>;
  }
  export const handleAll: object;
  export class ConsecutiveBreaker {
    constructor(threshold: number);
  }
  export class SamplingBreaker {
    constructor(options: { readonly threshold: number; readonly duration: number; readonly minimumRps: number });
  }
  export class BrokenCircuitError extends Error {}
  export function circuitBreaker(
    policy: object,
    options: { readonly halfOpenAfter: number; readonly breaker: ConsecutiveBreaker | SamplingBreaker },
  ): Policy;
}

declare module 'opossum' {
  export default class CircuitBreaker<T> {
    constructor(
      action: () => Promise<T>,
      options: {
        readonly timeout: false;
        readonly rollingPercentilesEnabled: boolean;
        readonly enableSnapshots: boolean;
        readonly resetTimeout: number;
        readonly volumeThreshold: number;
      },
    );
    fire(): Promise<T>;
  }
}

declare module 'bottleneck' {
  export default class Bottleneck {
    static readonly strategy: { readonly OVERFLOW: number };
    constructor(options: { readonly reservoir: number; readonly highWater?: number; readonly strategy?: number });
    schedule<T>(fn: () => Promise<T>): Promise<T>;
  }
}

declare module 'rate-limiter-flexible' {
  export class RateLimiterMemory {
    constructor(options: { readonly points: number; readonly duration: number });
    consume(key: string): Promise<{ readonly remainingPoints: number }>;
  }
}
