import type { DescService } from '@bufbuild/protobuf';
import { checkTlsClient } from '../net/tcp/index.ts';
import type { ClientMethodOptions, RpcClientOptions } from './client.ts';
import { checkHedge } from './method-policy.ts';
import type { ClientProtocol } from './remote-call.ts';

/** Those that a client can be told to speak. */
const protocols: Readonly<Record<ClientProtocol, true>> = {
  auto: true,
  mux: true,
  connect: true,
  grpc: true,
  'grpc-web': true,
};

/**
 * What of a client's options no type checks that comes from a configuration or from plain JavaScript: a misspelt name would
 * leave its method without the limit that was meant for it. Throws a TypeError that names `where`, the option and its value.
 */
export function checkClientOptions(where: string, service: DescService, options: RpcClientOptions): void {
  const { protocol, guard, tls } = options;
  if (protocol !== undefined && !Object.hasOwn(protocols, protocol))
    throw new TypeError(`${where}: protocol is "${protocol}"; it must be one of ${Object.keys(protocols).join(', ')}`);
  if (guard !== undefined && guard !== false && (typeof guard !== 'object' || guard === null))
    throw new TypeError(
      `${where}: guard is ${String(guard)}; it must be an object of options, a clientGuard, or false`,
    );
  if (tls !== undefined) checkTlsClient(where, tls);
  checkMethodNames(where, service, options.methods);
  for (const desc of service.methods) {
    const hedge = (options.methods as Readonly<Record<string, ClientMethodOptions>> | undefined)?.[desc.localName]
      ?.hedge;
    if (hedge !== undefined && hedge !== false) checkHedge(`${where}: methods.${desc.localName}.hedge`, desc);
  }
}

/** Refuses options of methods that the service does not have. Throws a TypeError that names those that it has. */
export function checkMethodNames(where: string, service: DescService, methods: object | undefined): void {
  const known = service.methods.map(({ localName }) => localName);
  const unknown = Object.keys(methods ?? {}).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`${where}: methods.${unknown} is of no method of the service; it has ${known.join(', ')}`);
}
