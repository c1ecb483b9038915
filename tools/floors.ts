/**
 * The floors of `src/`, bottom to top. An area imports only from floors below it: down free, up never, sideways only
 * when listed here with a reason. `floors.test.ts` enforces it. Areas on one line share a floor.
 */
export const floors: readonly (readonly string[])[] = [
  ['errors'],
  ['concurrency'],
  ['shard'],
  ['call'],
  ['cores'],
  ['observe', 'observe/open-telemetry'],
  ['guard'],
  ['service'],
  ['net/tcp', 'net/http', 'net/websocket'],
  ['discovery'],
  // Registries of others, over HTTP: they know discovery alone, and app chooses among them by the registry's URL.
  ['adapters/consul', 'adapters/etcd', 'adapters/kubernetes', 'adapters/nacos'],
  ['rpc'],
  ['app'],
  ['data/sql'],
  ['stream'],
  ['tx'],
  ['push', 'edge/gateway'],
  ['broker', 'collector'],
  ['adapters/mysql', 'adapters/redis'],
  ['fleet'],
  ['testing'],
  ['cli'],
];

export interface Sideways {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** The exceptions. Each needs a reason, must be used, and together they stay acyclic. */
export const sideways: readonly Sideways[] = [
  { from: 'observe/open-telemetry', to: 'observe', reason: 'the bridge puts foreign spans into our tracer' },
  { from: 'net/http', to: 'net/tcp', reason: 'HTTP takes its connections from a TCP listener' },
  { from: 'net/websocket', to: 'net/http', reason: 'a WebSocket begins as a request of HTTP, on its port and router' },
  { from: 'net/websocket', to: 'net/tcp', reason: 'a WebSocket reads and writes its socket as HTTP does' },
];

/** Floors that later work will fill. One that has files must not be listed: the test says so. */
export const planned: readonly string[] = ['cores', 'stream', 'tx', 'push', 'broker'];

/** Third-party packages that an area below `adapters` may import. Anything else is an SDK and belongs into `adapters`. */
export const packages: Readonly<Record<string, readonly string[]>> = {
  'observe/open-telemetry': ['@opentelemetry/api'],
  service: ['@standard-schema/spec', 'yaml'],
  discovery: ['yaml'],
  'net/http': ['@standard-schema/spec', 'undici'],
  rpc: ['@bufbuild/protobuf', '@connectrpc/connect', '@connectrpc/connect-node'],
  'data/sql': ['kysely'],
  'edge/gateway': ['@bufbuild/protobuf', 'jose', '@standard-schema/spec'],
  'adapters/mysql': ['kysely', 'mysql2'],
  cli: ['commander'],
};
