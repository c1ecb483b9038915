/**
 * Every number that guards a service unless it says otherwise, with the reason for it. All of them can be changed while
 * the service runs: `guard:` in its configuration file (see `watchConfig`) has the same sections and names.
 */
export const guardDefaults = {
  /** How much a server takes on: `flotilla/guard` overloadGuard. */
  overload: {},
  /** How long a call may take where nobody said so. */
  deadline: {},
  /** What one caller may ask for in a while. */
  limits: {},
  /** How much of a server one method, dependency or tenant can hold. */
  isolation: {},
  /** When a client leaves a failing server alone. */
  breaker: {},
  /** When a client asks again, and how often in all. */
  retry: {},
  /** When a client asks a second server beside a slow one. */
  hedge: {},
  /** When a client takes a node out of its list: `flotilla/guard` outlierDetector, used by the balancer. */
  outlier: {
    /** 1 s: a node that fails is out within two. Envoy compares each 10 s; we look back as far as it takes to have enough calls, so a shorter interval costs no certainty. */
    intervalMs: 1_000,
    /** 10: as far back as Envoy looks; a node is judged from two calls a second on. */
    intervals: 10,
    /** 20: of a node that fails half of its calls, 98 % of such samples show 30 % or more. */
    minCalls: 20,
    /** 5, as Envoy and Finagle have it; more where the other nodes fail too, so that chance ejects nobody. */
    consecutiveFailures: 5,
    /** 40 %, if twice that of the others: with 50 % a node that fails half of its calls would be out by the toss of a coin. */
    failureShare: 0.4,
    /** 1.9, as Envoy has it: of ten nodes one that is worse stands 3 deviations apart, of five 2. */
    deviations: 1.9,
    /** 5 nodes: of fewer none can stand 1.9 deviations apart. */
    minDeviationNodes: 5,
    /** 10 %: beside nodes without a failure each single one would be an outlier. */
    minDeviationShare: 0.1,
    /** 5 times the median: machines and neighbours differ by two or three, and the balancer evens that out. */
    slowFactor: 5,
    /** 5 ms: below it nobody notices, and five times of next to nothing is the noise of a network. */
    minSlowMs: 5,
    /** 10 %, as Envoy has it: the others can take a tenth more. */
    maxEjectedShare: 0.1,
    /** 30 s, as Envoy has it: a restart takes less; a call that tries a bad node is one in thousands. */
    ejectionMs: 30_000,
    /** 5 minutes, as Envoy has it: the longest that a node that is well again gets nothing. */
    maxEjectionMs: 300_000,
    /** 10 s: a just-in-time compiler, caches and pools of connections need so long to get warm. */
    slowStartMs: 10_000,
    /** 10 %, as Envoy has it: less warms nothing. */
    slowStartShare: 0.1,
  },
  /** What tenants share across instances. */
  quota: {},
  /** When a process whose event loop is stuck is ended and started again. */
  watchdog: {
    /** 10 s: twice what the longest honest work on a loop takes, and no caller still waits for it; leases end in about the same time. */
    stuckMs: 10_000,
    /** 500 ms: twenty beats until it counts as stuck, at two wake-ups a second. */
    beatMs: 500,
    /** 1 s: a thousand samples show where a loop turns. */
    profileMs: 1_000,
    /** 5: enough to compare the last nights; each has about 1 MB at most. */
    maxProfiles: 5,
  },
  /** When a process that has nearly used up its memory drains and is started again. */
  memory: {
    /** 90 %: above it V8 spends its time on collecting garbage, and the kernel is close to ending the process. */
    highShare: 0.9,
    /** 1 s: a leak takes minutes, a burst of allocation seconds. */
    sampleMs: 1_000,
    /** 10 samples: the lowest of 10 s counts, so that garbage that a collection would free does not. */
    windowSamples: 10,
    /** 3 windows in a row: half a minute above the mark is no burst. */
    windows: 3,
    /** Up to 10 s of waiting before it drains, at random: replicas that leak alike must not leave together. */
    jitterMs: 10_000,
  },
} as const;
