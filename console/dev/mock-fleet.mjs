/** An invented fleet of live rooms: its services, and calls through them as spans and log lines. */

export const services = [
  service('gateway', 1),
  service('account', 1),
  service('room', 2),
  service('gift', 1),
  { ...service('rank', 2), instances: [replica('rank-1', 'unready'), replica('rank-2', 'gone')] },
];

function service(name, replicas) {
  return {
    name,
    version: '1.0.0',
    instances: Array.from({ length: replicas }, (_, index) => replica(`${name}-${index + 1}`, 'ready')),
  };
}

function replica(id, state) {
  const port = 41_000 + ([...id].reduce((sum, letter) => sum + letter.charCodeAt(0) * 37, 0) % 9000);
  return {
    id,
    state,
    healthy: state === 'ready',
    endpoints: { rpc: `http://127.0.0.1:${port}`, admin: `http://127.0.0.1:${port + 1}` },
  };
}

/** One call at the gateway and everything below it: `{ trace, logs }`. */
export function inventCall(startMs) {
  const recorder = new Recorder(startMs);
  const kind = Math.random();
  if (kind < 0.3) home(recorder);
  else if (kind < 0.55) gift(recorder);
  else if (kind < 0.75) message(recorder);
  else if (kind < 0.9) rooms(recorder);
  else signIn(recorder);
  return recorder.result();
}

class Recorder {
  spans = [];
  logs = [];
  traceId = hex(32);

  constructor(startMs) {
    this.startMs = startMs;
  }

  /** A server span under `parent`, which may be null; `inside` adds what happens in it and returns its duration. */
  call(parent, at, service, name, attributes, inside) {
    const id = hex(16);
    const instance = service === 'room' ? `room-${1 + Math.floor(Math.random() * 2)}` : `${service}-1`;
    const span = {
      spanId: id,
      parentSpanId: parent,
      service,
      instance,
      name,
      kind: 'server',
      startMs: at,
      durationMs: 0,
      error: false,
      statusMessage: '',
      attributes: {
        'rpc.system': parent === null ? 'http' : 'rpc',
        'rpc.method': name,
        'flotilla.tenant': 'demo',
        'flotilla.lane': '',
        ...attributes,
        'rpc.code': 'ok',
      },
      events: [],
    };
    this.spans.push(span);
    const outcome = inside(span) ?? {};
    span.durationMs = outcome.durationMs;
    if (outcome.error !== undefined) {
      span.error = true;
      span.statusMessage = outcome.error.message;
      span.attributes['rpc.code'] = outcome.error.code;
      span.events.push({
        name: 'exception',
        timeMs: at + span.durationMs * 0.9,
        attributes: { 'exception.message': outcome.error.message },
      });
    }
    this.log(
      span,
      at + span.durationMs,
      outcome.error === undefined ? 'info' : outcome.error.level,
      `server ${name} ${span.attributes['rpc.code']}`,
      {
        method: name,
        side: 'server',
        code: span.attributes['rpc.code'],
        durationMs: Math.round(span.durationMs * 1000) / 1000,
        principal: 'account-17',
        ...(outcome.error && {
          'exception.type': 'StatusError',
          'exception.message': outcome.error.message,
          'exception.stacktrace': `StatusError: ${outcome.error.message}\n    at send (gift/domain.ts:48:11)\n    at async handle (gift/service.ts:21:10)\n  caused by Error: database is locked\n    at run (data/sql/worker.ts:90:7)`,
          'error.code': outcome.error.code,
          'error.type': outcome.error.reason,
        }),
      },
    );
    return span;
  }

  /** A client span with the server span below it. */
  remote(parent, at, service, name, attributes, inside) {
    const client = this.spans.find((span) => span.spanId === parent);
    const id = hex(16);
    const way = 0.15 + Math.random() * 0.4;
    const span = {
      ...client,
      spanId: id,
      parentSpanId: parent,
      name,
      kind: 'client',
      startMs: at,
      events: [],
      error: false,
      statusMessage: '',
      attributes: { 'rpc.system': 'rpc', 'rpc.method': name, 'server.instance': `${service}-1` },
    };
    this.spans.push(span);
    const served = this.call(id, at + way, service, name, attributes, inside);
    span.durationMs = served.durationMs + 2 * way;
    span.error = served.error;
    span.statusMessage = served.statusMessage;
    return span;
  }

  step(parent, at, name, durationMs, attributes) {
    const owner = this.spans.find((span) => span.spanId === parent);
    this.spans.push({
      ...owner,
      spanId: hex(16),
      parentSpanId: parent,
      name,
      kind: 'internal',
      startMs: at,
      durationMs,
      error: false,
      statusMessage: '',
      attributes,
      events: [],
    });
    return durationMs;
  }

  log(span, timeMs, level, text, attributes) {
    const { service, instance, spanId } = span;
    this.logs.push({
      timeMs: Math.round(timeMs),
      level,
      service,
      instance,
      message: text,
      traceId: this.traceId,
      spanId,
      attributes,
    });
  }

  result() {
    const startMs = Math.min(...this.spans.map((span) => span.startMs));
    const endMs = Math.max(...this.spans.map((span) => span.startMs + span.durationMs));
    this.logs.sort((a, b) => a.timeMs - b.timeMs);
    return {
      trace: { traceId: this.traceId, startMs, durationMs: endMs - startMs, spans: this.spans },
      logs: this.logs,
    };
  }
}

function sql(recorder, parent, at, statement, medianMs = 0.6) {
  return recorder.step(parent, at, `sql ${statement.split(' ')[0]}`, around(medianMs), {
    'db.system': 'sqlite',
    'db.statement': statement,
  });
}

function query(recorder, parent, at, service, name, statement, medianMs) {
  return recorder.remote(parent, at, service, name, {}, (span) => ({
    durationMs: 0.4 + sql(recorder, span.spanId, span.startMs + 0.2, statement, medianMs),
  }));
}

function home(recorder) {
  recorder.call(
    null,
    recorder.startMs,
    'gateway',
    'GET /v1/rooms/{id}/home',
    { 'http.route': '/v1/rooms/{id}/home', 'http.status': 200 },
    (root) => {
      const at = root.startMs + 0.8;
      const room = query(
        recorder,
        root.spanId,
        at,
        'room',
        'live.room.v1.RoomService/GetRoom',
        'select * from rooms where id = ?',
      );
      const parts = [
        query(
          recorder,
          root.spanId,
          at + room.durationMs + 0.2,
          'account',
          'live.account.v1.AccountService/GetAccount',
          'select * from accounts where id = ?',
        ),
        query(
          recorder,
          root.spanId,
          at + 0.1,
          'room',
          'live.room.v1.RoomService/ListMessages',
          'select * from messages where room = ? order by id desc limit 20',
          1.6,
        ),
        query(
          recorder,
          root.spanId,
          at + 0.2,
          'rank',
          'live.rank.v1.RankService/GetRanking',
          'select sender, sum(coins) from gifts group by sender',
          3.5,
        ),
      ];
      if (Math.random() < 0.03) {
        recorder.log(root, at + 9, 'warn', 'home answered without a part', { missing: 'ranking', waitedMs: 200 });
      }
      return { durationMs: Math.max(...parts.map((part) => part.startMs + part.durationMs)) - root.startMs + 0.7 };
    },
  );
}

function gift(recorder) {
  const fails = Math.random() < 0.06;
  const slow = Math.random() < 0.05 ? 240 : 0;
  recorder.call(
    null,
    recorder.startMs,
    'gateway',
    'POST /v1/rooms/{id}/gifts',
    { 'http.route': '/v1/rooms/{id}/gifts', 'http.status': fails ? 409 : 201 },
    (root) => {
      let error;
      const sent = recorder.remote(
        root.spanId,
        root.startMs + 1.1,
        'gift',
        'live.gift.v1.GiftService/SendGift',
        { 'gift.name': 'rocket', 'gift.count': 3 },
        (span) => {
          const room = query(
            recorder,
            span.spanId,
            span.startMs + 0.4,
            'room',
            'live.room.v1.RoomService/GetRoom',
            'select * from rooms where id = ?',
          );
          let at = span.startMs + 0.5 + room.durationMs;
          if (fails) {
            error = {
              code: 'failed_precondition',
              reason: 'NOT_ENOUGH_COINS',
              message: 'account-17 has 12 coins, 300 are needed',
              level: Math.random() < 0.4 ? 'error' : 'warn',
            };
            return { durationMs: at - span.startMs + 0.8, error };
          }
          const move = recorder.remote(
            span.spanId,
            at,
            'account',
            'live.account.v1.AccountService/MoveCoins',
            { coins: 300 },
            (inner) => {
              const first = sql(recorder, inner.spanId, inner.startMs + 0.3, 'begin immediate', 0.3 + slow * 0.8);
              const second = sql(
                recorder,
                inner.spanId,
                inner.startMs + 0.5 + first,
                'update wallets set coins = coins - ? where account = ? and coins >= ?',
              );
              const third = sql(recorder, inner.spanId, inner.startMs + 0.7 + first + second, 'commit', 1.4);
              recorder.log(inner, inner.startMs + first + second + 1, 'debug', 'coins moved', {
                from: 'account-17',
                to: 'account-3',
                coins: 300,
              });
              return { durationMs: 1 + first + second + third };
            },
          );
          at += move.durationMs + 0.2;
          const rank = query(
            recorder,
            span.spanId,
            at,
            'rank',
            'live.rank.v1.RankService/Add',
            'insert into gifts values (?, ?, ?)',
            1.2,
          );
          recorder.log(span, at + 0.2, 'info', 'gift sent', {
            room: 'room-42',
            gift: 'rocket',
            count: 3,
            coins: 300,
            requestKey: hex(8),
          });
          return { durationMs: at + rank.durationMs + 0.3 - span.startMs };
        },
      );
      if (slow > 0)
        recorder.log(root, root.startMs + sent.durationMs, 'warn', 'slow call', {
          method: 'POST /v1/rooms/{id}/gifts',
          durationMs: sent.durationMs,
          limitMs: 200,
        });
      return { durationMs: sent.durationMs + 1.8, error };
    },
  );
}

function message(recorder) {
  recorder.call(
    null,
    recorder.startMs,
    'gateway',
    'POST /v1/rooms/{id}/messages',
    { 'http.route': '/v1/rooms/{id}/messages', 'http.status': 201 },
    (root) => {
      const posted = query(
        recorder,
        root.spanId,
        root.startMs + 0.9,
        'room',
        'live.room.v1.RoomService/PostMessage',
        'insert into messages values (?, ?, ?, ?)',
        1.3,
      );
      return { durationMs: posted.durationMs + 1.5 };
    },
  );
}

function rooms(recorder) {
  recorder.call(
    null,
    recorder.startMs,
    'gateway',
    'GET /v1/rooms',
    { 'http.route': '/v1/rooms', 'http.status': 200 },
    (root) => {
      const listed = query(
        recorder,
        root.spanId,
        root.startMs + 0.5,
        'room',
        'live.room.v1.RoomService/ListRooms',
        'select * from rooms where state = ? and id < ? order by id desc limit 21',
        0.9,
      );
      return { durationMs: listed.durationMs + 1.1 };
    },
  );
}

function signIn(recorder) {
  const fails = Math.random() < 0.15;
  recorder.call(
    null,
    recorder.startMs,
    'gateway',
    'POST /v1/sessions',
    { 'http.route': '/v1/sessions', 'http.status': fails ? 401 : 200 },
    (root) => {
      const error = fails
        ? { code: 'unauthenticated', reason: 'WRONG_PASSWORD', message: 'name or password is wrong', level: 'info' }
        : undefined;
      const signed = recorder.remote(
        root.spanId,
        root.startMs + 0.6,
        'account',
        'live.account.v1.AccountService/SignIn',
        {},
        (span) => {
          const found = sql(recorder, span.spanId, span.startMs + 0.3, 'select * from accounts where name = ?');
          const hashed = recorder.step(span.spanId, span.startMs + found + 0.5, 'scrypt', around(38), {
            'crypto.cost': 16_384,
          });
          return { durationMs: found + hashed + 1, error };
        },
      );
      return { durationMs: signed.durationMs + 1.2, error };
    },
  );
}

/** A duration that is mostly near the median and sometimes far above it. */
function around(medianMs) {
  return (
    medianMs *
    Math.exp(0.45 * (Math.random() + Math.random() + Math.random() - 1.5) * 2) *
    (Math.random() < 0.02 ? 5 : 1)
  );
}

function hex(length) {
  return Array.from({ length }, () => Math.floor(Math.random() * 16).toString(16)).join('');
}
