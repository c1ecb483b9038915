/**
 * # flotilla/adapters/etcd
 *
 * A `Registry` of `flotilla/discovery` in etcd 3.4 or later, over its JSON gateway.
 *
 *     const registry = etcdRegistry({ endpoints: ['http://127.0.0.1:2379'] });
 *     const host = createHost({ instance: 'room-1', registry });
 *
 * Rules: instances are keys under leases of their own, which the instances renew; whoever may write below the prefix may
 * register. While etcd is away the last lists stay in use. Not here: locks, elections, configuration.
 */
export { type EtcdAuth, type EtcdRegistryOptions, etcdRegistry } from './etcd-registry.ts';
