/**
 * # flotilla/discovery
 *
 * Who runs where, and which of them a call goes to: a registry of instances, a resolver that watches it, a balancer.
 *
 *     const registry = memoryRegistry();
 *     await registry.register(ctx, { id: 'room-1', service: 'room', endpoints: { rpc: 'http://127.0.0.1:4001' }, ... });
 *     const resolver = createResolver(registry);
 *     const { node, done } = await resolver.resolve(ctx, 'room', head);
 *
 * Rules: a list may be a moment old, so callers must stand a node that is gone; whoever drains deregisters first; the last
 * list stays in use while the registry is away. Not here: retries (`guard`), consistent data.
 */
export { Backoff, type BackoffOptions } from './backoff.ts';
export type { GuardedBalancer, GuardedBalancerOptions } from './balance/guarded-balancer.ts';
export { type HashedOptions, type HashKey, hashed } from './balance/hashed.ts';
export { roundRobin, weighted } from './balance/in-turn.ts';
export { leastInFlight } from './balance/least-in-flight.ts';
export { type P2cBalancer, type P2cOptions, p2cBalancer } from './balance/p2c.ts';
export { type SubsetOptions, subset } from './balance/subset.ts';
export { type ZoneAwareOptions, zoneAware } from './balance/zone-aware.ts';
export type { Balancer, BalancerHooks, MakeBalancer, Pick } from './balancer.ts';
export { type CachedRegistryOptions, cachedRegistry } from './cached-registry.ts';
export { deferredRegistry } from './deferred-registry.ts';
export { DiscoveryErrors } from './discovery-errors.ts';
export { idOf } from './dns-instances.ts';
export type { DnsNode, DnsSource } from './dns-lookup.ts';
export { type DnsRegistryOptions, dnsRegistry } from './dns-registry.ts';
export { type FileRegistryOptions, fileRegistry } from './file-registry.ts';
export { type HttpRegistryOptions, httpRegistry } from './http-registry.ts';
export { type HttpTargetOptions, httpTarget } from './http-target.ts';
export { checkInstance, checkName, instanceLimits } from './instance.ts';
export { type LaneBalancer, type LaneBalancerOptions, laneBalancer } from './lane-balancer.ts';
export { type MemoryRegistryOptions, memoryRegistry } from './memory-registry.ts';
export type { Instance, Registration, Registry, Snapshot } from './registry.ts';
export {
  type Lease,
  type Listing,
  type ListSource,
  type Lists,
  listingOfAll,
  listOf,
  listsOf,
  type RegisterTry,
  type RegistryBackend,
} from './registry-backend.ts';
export { type RegistryRoutesOptions, registryRoutes } from './registry-routes.ts';
export { type RemoteRegistryOptions, remoteRegistry } from './remote-registry.ts';
export {
  createResolver,
  type Resolver,
  type ResolverOptions,
  type TargetOptions,
  type WatchedLists,
} from './resolver.ts';
export { checkServerUrl, withoutAccount } from './server-url.ts';
export { type StaticResolverOptions, staticResolver } from './static-resolver.ts';
export { parseTarget, type Target } from './target.ts';
export { type ResolvedTarget, type ResolveTargetOptions, resolveTarget } from './target-resolver.ts';
