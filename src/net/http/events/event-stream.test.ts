import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { events } from '../reply/reply.ts';
import { RawClient, serve, type TestServer } from '../server.fixture.ts';
import { type EventLog, eventLog } from './event-log.ts';
import { lastEventId } from './last-event-id.ts';

function start(log: EventLog): Promise<TestServer> {
  return serve((router) => {
    router.get('/', { timeoutMs: 0 }, (ctx, req) => events(log.follow(ctx, lastEventId(req))));
    router.get('/id', (_ctx, req) => ({ id: lastEventId(req) }));
  });
}

function get(path: string, id?: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: test\r\n${id === undefined ? '' : `last-event-id: ${id}\r\n`}\r\n`;
}

describe('a stream with resume', () => {
  it('goes on where a client that lost its connection was', async () => {
    const log = eventLog({ epoch: 'e' });
    await using server = await start(log);
    using first = new RawClient(server.port);
    await first.send(get('/')).until('id: e-0\n\n');
    log.append({ data: 'one' });
    await first.until('id: e-1\ndata: one\n\n');

    first.socket.destroy();
    log.append({ data: 'two' });
    log.append({ data: 'three' });
    using second = new RawClient(server.port);
    await second.send(get('/', 'e-1')).until('\r\n\r\n');
    const missed = await second.until('data: three\n\n');
    log.append({ data: 'four' });
    const live = await second.until('data: four\n\n');

    assert.match(missed, /^[0-9a-f]+\r\nid: e-2\ndata: two\n\n/);
    assert.match(live, /id: e-4\n/);
  });

  it('goes on for a client that lost its connection before the first event', async () => {
    const log = eventLog({ epoch: 'e' });
    await using server = await start(log);
    using first = new RawClient(server.port);
    await first.send(get('/')).until('id: e-0\n\n');

    first.socket.destroy();
    log.append({ data: 'one' });
    using second = new RawClient(server.port);

    await second.send(get('/', 'e-0')).until('id: e-1\ndata: one\n\n');
  });

  it('resets a client that comes back too late', async () => {
    const log = eventLog({ epoch: 'e', maxEvents: 1 });
    log.append({ data: 'one' });
    log.append({ data: 'two' });
    await using server = await start(log);
    using client = new RawClient(server.port);

    await client.send(get('/', 'e-0')).until('event: reset\nid: e-2\ndata: {}\n\n');
  });

  for (const [header, id] of [
    [undefined, undefined],
    ['', undefined],
    ['e-7', 'e-7'],
    ['\xc3\xa4', 'ä'],
  ] as const) {
    it(`takes the id ${id} from the header ${JSON.stringify(header)}`, async () => {
      await using server = await start(eventLog());
      using client = new RawClient(server.port);

      const answer = await client.send(get('/id', header)).answer();

      assert.deepEqual(JSON.parse(answer.body), id === undefined ? {} : { id });
    });
  }
});
