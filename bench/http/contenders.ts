import { existsSync } from 'node:fs';
import { buildGo } from '../go/build.ts';
import { nginxProgram } from './nginx.ts';
import { type RowName, rowNames } from './rows.ts';
import { nodeProgram, type Program } from './server-process.ts';

/** The programs of one contestant: which of them serves which row. */
export type Programs = Readonly<Partial<Record<RowName, Program>>>;

interface Contenders {
  readonly ours: Programs;
  readonly peers: Readonly<Record<string, Programs>>;
  /** Why the others are missing. */
  readonly skipped: Readonly<Record<string, string>>;
}

const plainRows = rowNames.filter((name) => name !== 'feature-json');

export function contenders(): Contenders {
  const go = buildGo('http-go');
  const nginx = nginxProgram();
  const libraries = existsSync(new URL('../peers/node_modules/fastify', import.meta.url));
  const skipped: Record<string, string> = {};
  if ('reason' in go) skipped.go = go.reason;
  if (nginx === undefined) skipped.nginx = 'not on PATH or in /usr/sbin; apt install nginx';
  if (!libraries) {
    skipped['fastify, hono, express, koa'] = 'not installed; `npm run bench -- http` installs them into bench/peers';
  }
  return {
    ours: serve(nodeProgram('http/ours.ts'), nodeProgram('http/ours-features.ts')),
    peers: {
      ...(libraries && fastify()),
      'node-http': serve(nodeProgram('http/node-http.ts')),
      ...(libraries && {
        hono: serve(nodeProgram('peers/http/hono.ts')),
        express: serve(nodeProgram('peers/http/express.ts')),
        koa: serve(nodeProgram('peers/http/koa.ts')),
      }),
      ...('path' in go && { go: serve({ command: (port) => [go.path, String(port)], env: { GOMAXPROCS: '1' } }) }),
      ...(nginx !== undefined && { nginx: omit(serve(nginx), 'json-body') }),
    },
    skipped,
  };
}

function fastify(): Readonly<Record<string, Programs>> {
  const bare = nodeProgram('peers/http/fastify.ts');
  return {
    fastify: serve(bare, nodeProgram('peers/http/fastify-features.ts')),
    'fastify-bare': { 'feature-json': bare },
  };
}

function serve(plain: Program, features?: Program): Programs {
  return {
    ...Object.fromEntries(plainRows.map((name) => [name, plain])),
    ...(features !== undefined && { 'feature-json': features }),
  };
}

function omit(programs: Programs, row: RowName): Programs {
  const { [row]: _, ...rest } = programs;
  return rest;
}
