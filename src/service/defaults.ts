/**
 * Every number that guards a service unless it says otherwise, with the reason for it. Those of `overload`, `breaker`,
 * `retry`, `hedge` and `outlier`, and by their names those of limits, bulkheads and quotas, can be changed while the service
 * runs: `guard:` in its configuration file (see `watchConfig`) has the same sections and names.
 */
export const guardDefaults = {
  /** How much a server takes on: `flotilla/guard` overloadGuard. */
  overload: {
    /**
     * 100 ms: a wave of a burst is still taken in one turn; longer, and all others wait for what a person notices. Twice in a
     * row is no burst any more: where calls keep coming faster than they are done, that is within half a second.
     */
    standingMs: 100,
    /**
     * 2 ms: a call that is taken on waits for two such turns at most, less than the 5 ms that CoDel lets a queue stand. 5 ms gave
     * three of a hundred more goodput at five times the capacity, and twice the wait; with less the loop would turn for its own sake.
     */
    targetMs: 2,
    /** 90 %: from here V8 collects garbage again and again, and what can be asked for later makes room. */
    heapHighShare: 0.9,
    /** 95 %: the next allocations may end the process, with all that runs in it. */
    heapFullShare: 0.95,
    /** 200 calls of a method at a time, until a queue is seen: a pool of 20 connections with calls of 50 ms works that off in half a second. */
    initialConcurrency: 200,
    /** 4: with fewer, two slow calls hold up a method, and too few calls end to find out that it could do more. */
    minConcurrency: 4,
    /** 10,000: as many connections as a server takes. */
    maxConcurrency: 10_000,
  },
  /** How long a call may take where nobody said so. */
  deadline: {
    /** 5 s for a call between services: their callers wait no longer, and a chain of them shares what is left. */
    rpcMs: 5_000,
    /** 15 s for a call to an HTTP server, which may be anybody's. */
    httpMs: 15_000,
    /** 5 % of what is left, at most 10 ms, are kept for the answer's way home: a server that works to the last millisecond answers nobody. */
    reserveShare: 0.05,
    maxReserveMs: 10,
  },
  /** What one caller may ask for in a while. */
  limits: {
    /** 100,000 keys: 2 MB, and more callers than a service of one process has in one window. */
    maxKeys: 100_000,
  },
  /** How much of a server one method, dependency or tenant can hold. */
  isolation: {
    /** 100 calls: at 10 ms each and ten at a time they wait 100 ms; who would wait longer is told so at once. */
    maxQueue: 100,
    /** 1 s: a queue that stands for longer only moves the failure to where it costs more. */
    maxWaitMs: 1_000,
    /** 100 ms: as CoDel's interval; a queue that has not moved on by then is no burst, and its oldest callers leave first. */
    newestFirstAfterMs: 100,
    /** 8 times the median method: the spread of honest methods is a few times. */
    slowFactor: 8,
    /** 50 ms: what is faster holds nobody up, however much faster the others are. */
    slowMs: 50,
  },
  /** When a client leaves a failing server alone. */
  breaker: {
    /** The throttle of Google's SRE book, per server and method: it is never wholly open, so it cannot be stuck open. */
    throttle: {
      /** 2: a server gets twice what it accepts, which leaves it room to show that it can do more. */
      k: 2,
      /** 10 s: long enough for methods that are called now and then, short enough to be forgotten when a server is back. */
      windowMs: 10_000,
      /** 20 calls: of fewer, half fail by chance once in a while. */
      minCalls: 20,
      /** 1 s: a server that is back is found within a second, at the price of one failed call a second. */
      probeMs: 1_000,
    },
    /** Breakers that are chosen in place of the throttle. */
    consecutive: {
      /** 5 in a row: at a tenth of failures that is one chance in 100,000. */
      failures: 5,
    },
    ratio: {
      /** Half of the calls: below it those that succeed are worth more than those that fail cost. */
      ratio: 0.5,
      minCalls: 20,
      windowMs: 10_000,
    },
    /** How such a breaker closes again. */
    halfOpen: {
      /** 1 s, doubled up to 30 s: a restart takes seconds, and nobody should wait a minute for a server that is back. */
      openMs: 1_000,
      maxOpenMs: 30_000,
      /** 1: the first call that succeeds proves it. */
      probes: 1,
    },
  },
  /** When a client asks again, and how often in all. */
  retry: {
    /** 3 tries: what two other nodes cannot mend, a third will not. */
    maxAttempts: 3,
    /** Up to 25 ms before the first retry: about the pause of a node that collects garbage, and little beside a deadline of seconds. */
    baseMs: 25,
    /** 1 s: longer than that nobody waits in front of a screen, also where the server asks for it: it is told to the caller then. */
    maxWaitMs: 1_000,
    /** 10 %: a server that fails altogether gets 1.1 calls for one, three tiers in a row 1.33. Most failures are rarer. */
    share: 0.1,
    /** 10 retries saved up: for clients that call once a minute, and for a moment in which a node goes. */
    reserve: 10,
  },
  /** When a client asks a second server beside a slow one. */
  hedge: {
    /** 95 %: one call in twenty is asked for twice, and of the slowest hundredth nearly all. */
    quantile: 0.95,
    /** 5 %: what the quantile asks for, so that when all become slow together the load does not double. */
    share: 0.05,
    /** 10 hedges saved up: slow calls come in bunches. */
    reserve: 10,
    /** 100 calls: fewer have no twentieth slowest to speak of. */
    minCalls: 100,
    /** 1 ms: below it a second call costs more than it saves. */
    minDelayMs: 1,
  },
  /** When a client takes a node out of its list: `flotilla/guard` outlierDetector, used by the balancer. */
  outlier: {
    /**
     * 1 s: a node that fails is out within two. Envoy compares each 10 s; we look back as far as it takes to have enough
     * calls, so a shorter interval costs no certainty.
     */
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
    /** 1, as Envoy has it: in proportion to the time. What warms up by its calls, a cache above all, is better off below 1. */
    slowStartAggression: 1,
  },
  /** What tenants share across instances. */
  quota: {
    /** 2 s: what an instance held that died is missing to the others for so long; and so long nobody notices that the store is away. */
    leaseMs: 2_000,
    /** 500 ms: three renewals may be lost before a lease ends, and a share follows what is wanted within a second. One exchange each for all tenants. */
    renewMs: 500,
    /** 250 ms: no store in the same place takes as long; two fit into the time between renewals. */
    timeoutMs: 250,
    /** 1 s: a limit of 100 calls a second lets 100 come at once, which is how people read it. */
    burstMs: 1_000,
    /** 10 s: who calls every few seconds keeps a place, who is gone holds nothing up for long. */
    idleMs: 10_000,
    /** 10,000: about 10 MB; an attacker who makes tenants up shares one node with the rest of his. */
    maxTenants: 10_000,
    /** 4: before the first answer of the store an instance takes a quarter; too few let more through, too many refuse what there is. */
    expectedInstances: 4,
  },
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
