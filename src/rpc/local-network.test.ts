import { createLocalNetwork } from './local-network.ts';
import { rpcContract } from './rpc.contract.ts';
import { networkFixture } from './testdata/fixture.ts';

rpcContract('local network', (options = {}) => {
  const local = createLocalNetwork();
  return networkFixture({ ...options, client: { local, ...options.client }, server: { local, ...options.server } });
});
