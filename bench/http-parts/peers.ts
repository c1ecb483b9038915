import { createRequire } from 'node:module';
import { answers, jsonRows, type Parts, routes } from './work.ts';

interface PeerParts {
  readonly parts: Readonly<Record<string, Parts>>;
  /** Why there are none. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** The part of a router of others that is used. */
interface FindMyWay {
  on(method: string, path: string, handler: () => void): void;
  find(method: string, path: string): unknown;
}

interface HonoRouter {
  add(method: string, path: string, handler: string): void;
  match(method: string, path: string): readonly [readonly unknown[]];
}

type MakeRouter = new () => HonoRouter;

/** Fastify's router and serialiser, and Hono's routers, put together as it does by default; skipped where they are not installed. */
export function peerParts(): PeerParts {
  const load = createRequire(new URL('../peers/package.json', import.meta.url));
  try {
    const findMyWay = load('find-my-way') as () => FindMyWay;
    const stringifier = load('fast-json-stringify') as (schema: object) => (value: unknown) => string;
    const { RegExpRouter } = load('hono/router/reg-exp-router') as { RegExpRouter: MakeRouter };
    const { TrieRouter } = load('hono/router/trie-router') as { TrieRouter: MakeRouter };
    const { SmartRouter } = load('hono/router/smart-router') as {
      SmartRouter: new (options: { readonly routers: readonly HonoRouter[] }) => HonoRouter;
    };
    const parts = {
      'find-my-way': findMyWayParts(findMyWay()),
      hono: honoParts(new SmartRouter({ routers: [new RegExpRouter(), new TrieRouter()] })),
      'fast-json-stringify': stringifierParts(stringifier),
    };
    return { parts, skipped: {} };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    const reason = 'not installed; `npm run bench -- http` installs them into bench/peers';
    return { parts: {}, skipped: { 'find-my-way, hono, fast-json-stringify': reason } };
  }
}

function findMyWayParts(router: FindMyWay): Parts {
  for (const [method, path] of routes) router.on(method, path.replace(/\*\w+$/, '*'), () => {});
  return { find: (path) => router.find('GET', path) };
}

function honoParts(router: HonoRouter): Parts {
  for (const [method, path] of routes) router.add(method, path.replace(/\*\w+$/, '*'), path);
  // It gives an empty list where there is no route.
  return { find: (path) => router.match('GET', path)[0][0] };
}

function stringifierParts(make: (schema: object) => (value: unknown) => string): Parts {
  const writers = Object.fromEntries(jsonRows.map((row) => [row, make(answers[row].schema)]));
  return { write: (row) => writers[row]! };
}
