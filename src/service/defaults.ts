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
  /** When a client takes a node out of its list. */
  outlier: {},
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
