/**
 * # flotilla/adapters/consul
 *
 * A `Registry` of `flotilla/discovery` in Consul, over the HTTP API of the agent on the same machine.
 *
 *     const registry = consulRegistry({ url: 'http://127.0.0.1:8500', token: config.consulToken });
 *     const host = createHost({ instance: 'room-1', registry });
 *
 * Rules: instances are services of the agent with a TTL check, which they renew. Services that others registered are seen
 * with their address. Not here: the key-value store, Connect, sessions.
 */
export { type ConsulRegistryOptions, consulRegistry } from './consul-registry.ts';
