import { rpcContract } from './rpc.contract.ts';
import { networkFixture } from './testdata/fixture.ts';

for (const protocol of ['mux', 'connect', 'grpc', 'grpc-web'] as const) {
  rpcContract(protocol, (options = {}) => networkFixture({ ...options, client: { protocol, ...options.client } }));
}
