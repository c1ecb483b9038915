import type { OpenCaller } from './clients/caller.ts';
import { connectNode, connectWeb } from './clients/connect.ts';
import { curlClient } from './clients/curl.ts';
import { grpcJsClient } from './clients/grpc-js.ts';
import { ourClient } from './clients/ours.ts';
import { connectNodeServer } from './servers/connect-node.ts';
import { grpcJsServer } from './servers/grpc-js.ts';
import { ourServer } from './servers/ours.ts';
import type { Testee, TesteeOptions } from './testee.ts';

/** A client and a server, one of them ours. */
export interface Pair {
  /** The other one, and what is spoken. */
  readonly name: string;
  readonly caller: OpenCaller;
  readonly testee: (options: TesteeOptions) => Promise<Testee>;
  /** The program that the other one is. Default: a package. */
  readonly program?: string;
  /** What the other one, or its HTTP version, cannot do, and why. */
  readonly lacks?: Readonly<Record<string, string>>;
}

const oneWay = 'HTTP/1.1 carries one direction at a time';
const noBidi = { 'bidi stream': oneWay, 'half-close': oneWay, reflection: oneWay };
const fetched = 'fetch sends no streams';
const browser = {
  'client stream': fetched,
  'bidi stream': fetched,
  'half-close': fetched,
  reflection: fetched,
  gzip: 'the browser does that by itself',
};
const whole = 'curl prints an answer when it is whole';
const ours = 'a service of ours';
const noStandard = { health: ours, 'health, watched': ours, reflection: ours };

const foreignClient = (name: string, caller: OpenCaller, rest: Partial<Pair> = {}): Pair => ({
  name,
  caller,
  testee: () => ourServer(),
  ...rest,
});

/** Our server, and what calls it. */
export const ourServerWith: readonly Pair[] = [
  foreignClient('grpc-js: gRPC', grpcJsClient),
  foreignClient('connect-node: gRPC', connectNode.gRPC),
  foreignClient('connect-node: gRPC-Web, HTTP/1.1', connectNode['gRPC-Web, HTTP/1.1'], { lacks: noBidi }),
  foreignClient('connect-node: Connect, HTTP/1.1', connectNode['Connect, HTTP/1.1'], { lacks: noBidi }),
  foreignClient('connect-node: Connect in JSON, HTTP/2', connectNode['Connect, HTTP/2']),
  foreignClient('connect-web: Connect', connectWeb.Connect, { lacks: browser }),
  foreignClient('connect-web: gRPC-Web', connectWeb['gRPC-Web'], { lacks: browser }),
  foreignClient('curl: Connect in JSON', curlClient, {
    program: 'curl',
    lacks: { ...noBidi, 'leave a stream': whole, 'health, watched': whole },
  }),
];

/** Our client, and what it calls. */
export const ourClientWith: readonly Pair[] = [
  { name: 'grpc-js: gRPC', caller: ourClient('grpc'), testee: grpcJsServer, lacks: noStandard },
  { name: 'connect-node: gRPC', caller: ourClient('grpc'), testee: connectNodeServer, lacks: noStandard },
  { name: 'connect-node: gRPC-Web', caller: ourClient('grpc-web'), testee: connectNodeServer, lacks: noStandard },
  { name: 'connect-node: Connect', caller: ourClient('connect'), testee: connectNodeServer, lacks: noStandard },
];
