import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CallHead, defaultFields } from '../call/index.ts';
import { background, type Context, rootContext } from '../concurrency/index.ts';
import { is } from '../errors/index.ts';
import { virtualClock } from '../testing/index.ts';
import { roundRobin } from './balance/in-turn.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { DnsSource } from './dns-lookup.ts';
import { staticResolver } from './static-resolver.ts';
import { type ResolveTargetOptions, resolveTarget } from './target-resolver.ts';

const head: CallHead = { service: 'room', method: 'Get', sizeBytes: 0, timeoutMs: undefined, fields: defaultFields };

/** A name server whose answer can be changed. */
class FakeDns implements DnsSource {
  answer: readonly string[] | Error = [];
  asked = 0;

  async addresses() {
    this.asked++;
    if (this.answer instanceof Error) throw this.answer;
    return this.answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  }

  async services() {
    this.asked++;
    return [{ name: 'room-1.internal.', port: 7000, priority: 0, weight: 0 }];
  }
}

async function urls(text: string, options: ResolveTargetOptions, ctx: Context = background()): Promise<string[]> {
  const target = resolveTarget(text, options);
  try {
    return await urlsOf(target, ctx);
  } finally {
    await target.close();
  }
}

async function urlsOf({ name, resolver }: ReturnType<typeof resolveTarget>, ctx: Context): Promise<string[]> {
  const found = new Set<string>();
  for (let call = 0; call < 20; call++) found.add((await resolver.resolve(ctx, name, head)).node.endpoints.rpc ?? '');
  return [...found].sort();
}

describe('a target is resolved', () => {
  it('by the resolver, for a service that registers, which stays open', async () => {
    const resolver = staticResolver({ room: ['http://127.0.0.1:1'] });

    for (const text of ['room', 'discovery:///room'])
      assert.deepEqual(await urls(text, { resolver }), ['http://127.0.0.1:1']);
  });

  it('to its addresses', async () => {
    assert.deepEqual(await urls('static:///10.0.0.1:80,[::1]:81', {}), ['http://10.0.0.1:80', 'http://[::1]:81']);
    assert.deepEqual(await urls('static:///10.0.0.1:80,http://b:1', { scheme: 'https' }), [
      'http://b:1',
      'https://10.0.0.1:80',
    ]);
  });

  it('by DNS', async () => {
    const dns = new FakeDns();
    dns.answer = ['10.0.0.1', '10.0.0.2'];

    assert.deepEqual(await urls('dns:///room:80', { dns }), ['http://10.0.0.1:80', 'http://10.0.0.2:80']);
    assert.deepEqual(await urls('dns:///_rpc._tcp.room', { dns }), ['http://room-1.internal:7000']);

    dns.answer = ['10.0.0.1', 'fe80::1%eth0'];
    assert.deepEqual(await urls('dns:///room:80', { dns }), ['http://10.0.0.1:80'], 'an address that makes no URL');
    dns.answer = ['::1'];
    assert.deepEqual(await urls('dns:///room:80', { dns, scheme: 'https' }), ['https://[::1]:80']);
  });

  it('with the name that certificates have', () => {
    const dns = new FakeDns();

    assert.equal(resolveTarget('dns:///room.internal.:80', { dns }).serverName, 'room.internal');
    assert.equal(resolveTarget('dns:///_rpc._tcp.room', { dns }).serverName, undefined);
    assert.equal(resolveTarget('dns:///room.internal:8080', { dns }).authority, 'room.internal:8080');
    assert.equal(resolveTarget('dns:///room.internal:443', { dns, scheme: 'https' }).authority, 'room.internal');
    assert.equal(resolveTarget('static:///a:1', {}).authority, undefined);
    assert.equal(resolveTarget('static:///a:1', {}).serverName, undefined);
  });

  it('with the balancer that it is given', async () => {
    const target = resolveTarget('static:///a:1,b:1,c:1', { balancer: roundRobin() });

    const picks = await Array.fromAsync({ length: 3 }, () => target.resolver.resolve(background(), target.name, head));

    assert.equal(new Set(picks.map(({ node }) => node.id)).size, 3);
  });

  const wrong: readonly (readonly [string, ResolveTargetOptions, RegExp])[] = [
    ['room', {}, /target "room": it takes a resolver/],
    ['room', { resolver: staticResolver({}), balancer: roundRobin() }, /the balancer is the resolver's to make/],
    ['room:80', {}, /did you mean static:\/\/\/room:80/],
  ];
  for (const [text, options, message] of wrong) {
    it(`not where it is wrong: ${message.source}`, () => {
      assert.throws(() => resolveTarget(text, options), { name: 'TypeError', message });
    });
  }
});

/** What is found once all of these have had a call: a newcomer gets few at first. */
async function urlsWhen(expected: readonly string[], found: () => Promise<string[]>): Promise<string[]> {
  let urls = await found();
  for (let more = 0; more < 100 && urls.join() !== expected.join(); more++) urls = await found();
  return urls;
}

describe('a target of DNS', () => {
  const fixture = () => {
    const clock = virtualClock();
    const ctx = rootContext(clock);
    const dns = new FakeDns();
    return { clock, ctx, dns, target: resolveTarget('dns:///room:80', { dns, ctx }) };
  };

  it('follows what DNS says, and keeps the last list while it fails or knows nobody', async () => {
    const { clock, ctx, dns, target } = fixture();
    dns.answer = ['10.0.0.1'];
    assert.deepEqual(await urlsOf(target, ctx), ['http://10.0.0.1:80']);

    dns.answer = ['10.0.0.1', '10.0.0.2'];
    await clock.advance(11_000);
    const two = ['http://10.0.0.1:80', 'http://10.0.0.2:80'];
    const both = await urlsWhen(two, () => urlsOf(target, ctx));
    for (const answer of [new Error('EAI_AGAIN'), []]) {
      dns.answer = answer;
      await clock.advance(600_000);
      assert.deepEqual(await urlsOf(target, ctx), both);
    }
    dns.answer = ['10.0.0.3'];
    await clock.advance(11_000);

    assert.deepEqual(both, two);
    assert.deepEqual(await urlsOf(target, ctx), ['http://10.0.0.3:80']);
    await target.close();
  });

  it('says who knows nobody, and looks again soon', async () => {
    const { clock, ctx, dns, target } = fixture();
    const call = async () => target.resolver.resolve(ctx, target.name, head);

    await assert.rejects(
      call(),
      (error) => is(error, DiscoveryErrors.NO_INSTANCES) && /DNS knows no addresses of "room"/.test(String(error)),
    );
    dns.answer = ['10.0.0.1'];
    await clock.advance(1_001);

    assert.equal((await call()).node.endpoints.rpc, 'http://10.0.0.1:80');
    await target.close();
  });

  it('says that DNS did not answer, where no list has come', async () => {
    const { clock, ctx, dns, target } = fixture();
    dns.answer = new Error('EAI_AGAIN');
    const refused = assert.rejects(
      Promise.resolve(target.resolver.resolve(ctx.withTimeout(100), target.name, head)),
      (error) => is(error, DiscoveryErrors.NO_INSTANCES) && /DNS has not answered for "room"/.test(String(error)),
    );

    await clock.advance(100);

    await refused;
    await target.close();
  });

  it('is asked about no more once it is closed', async () => {
    const { clock, ctx, dns, target } = fixture();
    dns.answer = ['10.0.0.1'];
    await urlsOf(target, ctx);

    await target.close();
    const asked = dns.asked;
    await clock.advance(60_000);

    assert.equal(dns.asked, asked);
  });
});
