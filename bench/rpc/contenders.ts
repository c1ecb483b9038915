import { existsSync } from 'node:fs';
import { buildGo } from '../go/build.ts';
import { nodeProgram, type Program } from '../http/server-process.ts';
import { type LoadName, loadNames, loads } from './rows.ts';

/** A server and a client for it; both are told the port. */
export interface Pair {
  readonly server: Program;
  readonly client: Program;
  readonly loads: readonly LoadName[];
}

interface Contenders {
  readonly ours: readonly Pair[];
  readonly peers: Readonly<Record<string, readonly Pair[]>>;
  /** Why the others are missing. */
  readonly skipped: Readonly<Record<string, string>>;
}

const unary = loadNames.filter((name) => loads[name].kind === 'unary');

/** Every peer in one form for all loads: what `full` turns on at ours is off there, or they have it not. */
export function contenders({ buildsGo }: { readonly buildsGo: boolean }): Contenders {
  const go = buildGo('rpc-go', !buildsGo);
  const libraries = existsSync(new URL('../peers/node_modules/moleculer', import.meta.url));
  const skipped: Record<string, string> = {};
  if ('reason' in go) skipped['grpc-go'] = go.reason;
  if (!libraries) {
    const reason = 'not installed; `npm run bench -- rpc` installs them into bench/peers';
    skipped['grpc-js, moleculer, trpc, nest-tcp, protobufjs'] = reason;
  }
  return {
    ours: (['bare', 'full'] as const).map((form) => ({
      server: program('rpc/ours-server.ts', form),
      client: program('rpc/ours-client.ts', form, ourProtocol),
      loads: loadNames.filter((name) => loads[name].form === form),
    })),
    peers: {
      ...(libraries && { 'grpc-js': [nodePair('peers/rpc/grpc-js', loadNames)] }),
      'connect-grpc': [connect('grpc')],
      connect: [connect('connect')],
      ...('path' in go && { 'grpc-go': [goPair(go.path)] }),
      ...(libraries && {
        moleculer: [nodePair('peers/rpc/moleculer', unary)],
        trpc: [nodePair('peers/rpc/trpc', unary)],
        'nest-tcp': [nodePair('peers/rpc/nest-tcp', unary)],
      }),
    },
    skipped,
  };
}

const ourProtocol = 'mux';

function connect(protocol: 'grpc' | 'connect'): Pair {
  return {
    server: program('rpc/connect-server.ts'),
    client: program('rpc/connect-client.ts', protocol),
    loads: loadNames,
  };
}

function nodePair(path: string, of: readonly LoadName[]): Pair {
  return { server: program(`${path}-server.ts`), client: program(`${path}-client.ts`), loads: of };
}

function goPair(path: string): Pair {
  const env = { GOMAXPROCS: '1' };
  return {
    server: { command: (port) => [path, 'server', String(port)], env },
    client: { command: (port) => [path, 'client', String(port)], env },
    loads: loadNames,
  };
}

function program(file: string, ...args: readonly string[]): Program {
  return { command: (port) => [...nodeProgram(file).command(port), ...args] };
}
