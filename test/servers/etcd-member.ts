/** A process with an instance in etcd, until it is killed. */
import { etcdRegistry } from '../../src/adapters/etcd/index.ts';
import { background } from '../../src/concurrency/index.ts';
import { instanceOf } from '../../src/discovery/registry.contract.ts';

const [url = '', id = ''] = process.argv.slice(2);
const registry = etcdRegistry({ endpoints: [url], ttlMs: 2_000 });
await registry.register(background(), instanceOf(id));
