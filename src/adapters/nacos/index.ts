/**
 * # flotilla/adapters/nacos
 *
 * A `Registry` of `flotilla/discovery` in Nacos 2.2 or later, over its open API (v2).
 *
 *     const registry = nacosRegistry({ urls: ['http://127.0.0.1:8848'], namespace: 'dev' });
 *     const host = createHost({ instance: 'room-1', registry });
 *
 * Rules: instances are ephemeral, renewed by beats; lists are polled, since Nacos pushes over gRPC only. Instances that
 * others registered are seen with their address. Not here: configuration, persistent instances.
 */
export { type NacosRegistryOptions, nacosRegistry } from './nacos-registry.ts';
