import type { ReportRow, Row } from '../harness.ts';
import { median } from '../harness.ts';
import { greeting, register, users } from './content.ts';

/** What the client sends over and over, and what it must be answered. */
export interface Load {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Host comes on top. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Requests per write. Default: 1. */
  readonly pipeline?: number;
  readonly answer: { readonly type: string; readonly body: string };
}

const user = { method: 'GET', path: '/users/42', headers: {}, answer: jsonOf(users.get('42')) } as const;

/** With Host they are eight. */
const browserHeaders = {
  connection: 'keep-alive',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'accept-language': 'en-GB,en;q=0.9,de;q=0.8',
  'accept-encoding': 'gzip, deflate, br, zstd',
  referer: 'https://app.example.com/users?page=3',
  cookie: 'session=7f9c24e8a1b34d6f8e0a5c3b2d1f4e6a; theme=dark; consent=1',
};

/** With Host they are twenty. */
const manyHeaders = {
  ...browserHeaders,
  'cache-control': 'no-cache',
  pragma: 'no-cache',
  dnt: '1',
  'sec-ch-ua': '"Chromium";v="139", "Not;A=Brand";v="99"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'upgrade-insecure-requests': '1',
  priority: 'u=0, i',
  'x-request-id': '0c1e7a52-7d0f-4c6e-9b7e-3a3f5d5f1a90',
};

const newUser = {
  name: 'Ada Lovelace',
  email: 'ada.lovelace@example.com',
  country: 'GBR',
  age: 36,
  tags: ['mathematics', 'engines'],
};

export const loads = {
  text: { ...user, path: '/', answer: { type: 'text/plain', body: greeting } },
  'json-param': user,
  'json-body': {
    method: 'POST',
    path: '/users',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(newUser),
    answer: jsonOf(register(newUser)),
  },
  'headers-8': { ...user, headers: browserHeaders },
  'headers-20': { ...user, headers: manyHeaders },
  'pipe-16': { ...user, pipeline: 16 },
  'feature-json': {
    ...user,
    headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
  },
} satisfies Record<string, Load>;

export type RowName = keyof typeof loads;

export const rowNames = Object.keys(loads) as readonly RowName[];

const goals: Readonly<Record<RowName, Readonly<Record<string, number>>>> = {
  text: { fastify: 1.6, go: 1.3, nginx: 0.65 },
  'json-param': { fastify: 1.6, go: 1.3, nginx: 0.65 },
  'json-body': { fastify: 1.6, go: 1.3 },
  'headers-8': { fastify: 1.6, go: 1.3, nginx: 0.65 },
  'headers-20': { fastify: 1.6, go: 1.3, nginx: 0.65 },
  'pipe-16': { fastify: 5 },
  'feature-json': { fastify: 2, 'fastify-bare': 1 },
};

/** Requests per second of every load, then the server's CPU time per request. */
export const rows: readonly Row[] = [
  ...rowNames.map((name): Row => ({ name, unit: 'req/s', better: 'higher', goals: goals[name] })),
  ...rowNames.map((name): Row => ({ name: `cpu-${name}`, unit: 'µs/req', better: 'lower' })),
];

/** The loads whose median counts: one request per write, no features. */
const plain: ReadonlySet<string> = new Set<RowName>(['text', 'json-param', 'json-body', 'headers-8', 'headers-20']);

/** The row `median`: for each peer that has them all, the medians over the plain loads. */
export function medianRow(measured: readonly ReportRow[]): ReportRow {
  const counted = measured.filter(({ name }) => plain.has(name));
  const common = Object.keys(counted[0]?.peers ?? {}).filter((peer) => counted.every((row) => peer in row.peers));
  const over = (values: readonly number[]) => median(values);
  return {
    name: 'median',
    unit: 'req/s',
    better: 'higher',
    goals: { fastify: 1.8 },
    ours: over(counted.map(({ ours }) => ours)),
    peers: Object.fromEntries(
      common.map((peer) => {
        const theirs = counted.map((row) => row.peers[peer]!);
        return [peer, { median: over(theirs.map((t) => t.median)), ratio: over(theirs.map((t) => t.ratio)) }];
      }),
    ),
  };
}

function jsonOf(value: unknown): Load['answer'] {
  return { type: 'application/json', body: JSON.stringify(value) };
}
