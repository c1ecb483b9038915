import { type CallFields, type CallHead, defaultFields } from 'flotilla/call';
import { StatusError } from 'flotilla/errors';
import { type Breaker, byPrincipal, consecutiveBreaker, gcra, keyedLimiter, sreThrottle } from 'flotilla/guard';
import { chainWork } from './chain.ts';
import { check, type Guarded, nameWalk, users, type Work, type Works } from './work.ts';

const plenty = 1_000_000_000;

export const ourWorks: Works = {
  breaker: () => sendThrough(sreThrottle()),
  'breaker-consecutive': () => sendThrough(consecutiveBreaker()),
  'breaker-open': () => {
    const breaker = sreThrottle({ random: () => 0, probeMs: 3_600_000 });
    const failed = { error: new StatusError('unavailable', 'down', { reason: 'DOWN' }), durationMs: 1 };
    return inTurns(() => {
      // What it lets through at first, and where its window has moved on.
      for (let tries = 0; tries < 1000; tries++) {
        const ticket = breaker.allow();
        if (!ticket.admitted) return true;
        ticket.done(failed);
      }
      return false;
    });
  },
  limiter: () => {
    const limiter = gcra({ name: 'bench', limit: plenty });
    return inTurns(() => limiter.acquire(head).admitted);
  },
  'limiter-refused': () => {
    const limiter = gcra({ name: 'bench', limit: 1, windowMs: 3_600_000 });
    limiter.acquire(head);
    return inTurns(() => !limiter.acquire(head).admitted);
  },
  'keyed-limit-1e6': () => keyedWork(nameWalk(false)),
  'keyed-limit-1e6-read': () => keyedWork(nameWalk(true)),
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

function sendThrough(breaker: Breaker): Guarded {
  const outcome = { error: undefined, durationMs: 1 };
  return inTurns(() => {
    const ticket = breaker.allow();
    if (ticket.admitted) ticket.done(outcome);
    return ticket.admitted;
  });
}

/** Decisions in a turn of the loop: limiters and breakers look at the clock once in each. */
const perTurn = 50;

/** As a busy server decides: in turns. What the turns themselves take is taken off. */
function inTurns(decide: () => boolean): Guarded {
  const work =
    (one: () => boolean): Work =>
    async (n) => {
      let count = 0;
      for (let done = 0; done < n; ) {
        for (const end = Math.min(n, done + perTurn); done < end; done++) if (one()) count++;
        await new Promise((resolve) => setImmediate(resolve));
      }
      check(count, n);
    };
  return { guarded: work(decide), bare: work(() => true) };
}

function keyedWork(name: () => string): Guarded {
  const limiter = keyedLimiter({
    name: 'bench',
    limit: 1_000_000,
    windowMs: 3_600_000,
    key: byPrincipal,
    maxKeys: users,
  });
  const fields: { -readonly [Name in keyof CallFields]: CallFields[Name] } = { ...defaultFields };
  const ofUser: CallHead = { ...head, fields };
  const next = () => {
    fields.principal = name();
    return limiter.acquire(ofUser).admitted;
  };
  for (let user = 0; user < users; user++) next();
  return inTurns(next);
}
