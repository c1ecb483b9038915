import { type CallFields, type CallHead, defaultFields } from 'flotilla/call';
import { StatusError } from 'flotilla/errors';
import { type Breaker, byPrincipal, consecutiveBreaker, gcra, keyedLimiter, sreThrottle } from 'flotilla/guard';
import { chainWork } from './chain.ts';
import { check, userNames, users, type Work, type Works } from './work.ts';

const plenty = 1_000_000_000;

export const ourWorks: Works = {
  breaker: () => sendThrough(sreThrottle()),
  'breaker-consecutive': () => sendThrough(consecutiveBreaker()),
  'breaker-open': () => {
    const breaker = sreThrottle({ random: () => 0, probeMs: 3_600_000 });
    const failed = { error: new StatusError('unavailable', 'down', { reason: 'DOWN' }), durationMs: 1 };
    return (n) => {
      let refused = 0;
      for (let i = 0; refused < n; i++) {
        const ticket = breaker.allow();
        if (ticket.admitted) ticket.done(failed);
        else refused++;
        // What it lets through at first, and where its window has moved on.
        if (i > n + 1000) throw new Error(`only ${refused} of ${i} calls were refused`);
      }
    };
  },
  limiter: () => {
    const limiter = gcra({ name: 'bench', limit: plenty });
    return (n) => {
      let admitted = 0;
      for (let i = 0; i < n; i++) if (limiter.acquire(head).admitted) admitted++;
      check(admitted, n);
    };
  },
  'limiter-refused': () => {
    const limiter = gcra({ name: 'bench', limit: 1, windowMs: 3_600_000 });
    limiter.acquire(head);
    return (n) => {
      let refused = 0;
      for (let i = 0; i < n; i++) if (!limiter.acquire(head).admitted) refused++;
      check(refused, n);
    };
  },
  'keyed-limit-1e6': keyedWork,
  chain: () => chainWork({ level: 'warn', sampleRatio: 0.01 }),
  'chain-logged': () => chainWork({ level: 'info', sampleRatio: 1 }),
};

const head: CallHead = {
  service: 'live.room.v1.RoomService',
  method: 'GetRoom',
  sizeBytes: 0,
  timeoutMs: undefined,
  fields: defaultFields,
};

function sendThrough(breaker: Breaker): Work {
  const outcome = { error: undefined, durationMs: 1 };
  return (n) => {
    let sent = 0;
    for (let i = 0; i < n; i++) {
      const ticket = breaker.allow();
      if (!ticket.admitted) continue;
      ticket.done(outcome);
      sent++;
    }
    check(sent, n);
  };
}

function keyedWork(): Work {
  const limiter = keyedLimiter({
    name: 'bench',
    limit: 1_000_000,
    windowMs: 3_600_000,
    key: byPrincipal,
    maxKeys: users,
  });
  const names = userNames();
  const fields: { -readonly [Name in keyof CallFields]: CallFields[Name] } = { ...defaultFields };
  const ofUser: CallHead = { ...head, fields };
  let at = 0;
  const work = (n: number) => {
    let admitted = 0;
    for (let i = 0; i < n; i++) {
      fields.principal = names[at]!;
      if (++at === users) at = 0;
      if (limiter.acquire(ofUser).admitted) admitted++;
    }
    check(admitted, n);
  };
  work(users);
  return work;
}
