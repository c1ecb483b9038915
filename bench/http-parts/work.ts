import { apiRoutes } from '../../src/net/http/routing/testdata/api-routes.ts';

/** What a contestant can do of the work. */
export interface Parts {
  /** The route of a GET; whatever it is, but undefined or null where there is none. */
  readonly find?: (path: string) => unknown;
  readonly write?: (row: JsonRow) => (value: unknown) => string;
}

/** Without those that have a suffix after a parameter, which not all routers know. */
export const routes = apiRoutes.filter(([, path]) => !/\/:\w+[.:]/.test(path));

export const routeRows = ['route-static', 'route-1-param', 'route-3-params', 'route-none', 'route-any'] as const;
export const jsonRows = ['json-small', 'json-medium', 'json-unnamed'] as const;
export type JsonRow = (typeof jsonRows)[number];

const sha = '6dcb09b5b57875f334f61aebed695e2e4193db5e';

export const paths: Readonly<Record<(typeof routeRows)[number], readonly string[]>> = {
  'route-static': arrived(['/search/projects', '/me/following', '/notifications', '/people']),
  'route-1-param': arrived(['/people/ada', '/people/grace/followers', '/snippets/12345678/star']),
  'route-3-params': arrived([
    '/projects/ada/engine/tickets/42',
    '/projects/ada/engine/tickets/42/comments',
    `/projects/grace/compiler/commits/${sha}/status`,
  ]),
  'route-none': arrived(['/projects/ada/engine/tickets/42/commentz', '/nothing/here', '/people/ada/following/x/y']),
  'route-any': arrived(
    routes.filter(([method]) => method === 'GET').map(([, path]) => path.replaceAll(/[:*]\w+/g, 'value12')),
  ),
};

/** As a server has them: texts of their own, whose hash nobody has asked for. */
function arrived(texts: readonly string[]): readonly string[] {
  return Array.from({ length: 1024 }, (_, i) => Buffer.from(texts[i % texts.length]!).toString('latin1'));
}

const text = { type: 'string' };
const whole = { type: 'integer' };
const small = { type: 'object', properties: { id: text, title: text }, required: ['id', 'title'] };
const medium = {
  type: 'object',
  properties: {
    id: text,
    name: text,
    email: text,
    age: whole,
    active: { type: 'boolean' },
    team: { type: 'object', properties: { id: whole, title: text }, required: ['id', 'title'] },
  },
  required: ['id', 'name', 'email', 'age', 'active', 'team'],
};

const person = (i: number) => ({
  id: String(i),
  name: `Ada Lovelace ${i}`,
  email: `ada${i}@example.org`,
  age: 30 + i,
  active: i % 2 === 0,
  team: { id: i, title: 'Engines' },
});

export const answers = {
  'json-small': { schema: small, value: (i: number) => ({ id: String(i), title: 'Tea at five' }) },
  'json-medium': { schema: medium, value: person },
  // With parts that the schema does not name: JSON.stringify sends them.
  'json-unnamed': {
    schema: medium,
    value: (i: number) => ({ ...person(i), password: 'x'.repeat(20), token: 'y'.repeat(40), internal: { a: 1, b: 2 } }),
  },
} as const;

export const bodies: Readonly<Record<JsonRow, readonly object[]>> = {
  'json-small': many('json-small'),
  'json-medium': many('json-medium'),
  'json-unnamed': many('json-unnamed'),
};

function many(row: JsonRow): readonly object[] {
  return Array.from({ length: 64 }, (_, i) => answers[row].value(i));
}

const sent = Buffer.alloc(64 * 1024);
/** Kept, so that no work can be left out as useless. */
export let sum = 0;

/** The best of several stretches, since what disturbs only adds. Text that comes out is written, as a server would. */
export function nsPerCall<A>(work: (input: A) => unknown, inputs: readonly A[], targetMs: number): number {
  let best = Number.POSITIVE_INFINITY;
  const until = performance.now() + targetMs;
  while (performance.now() < until) {
    const started = process.hrtime.bigint();
    for (let i = 0; i < inputs.length; i++) {
      const output = work(inputs[i]!);
      sum += typeof output === 'string' ? sent.write(output, 'latin1') : output === undefined ? 0 : 1;
    }
    best = Math.min(best, Number(process.hrtime.bigint() - started) / inputs.length);
  }
  return best;
}
