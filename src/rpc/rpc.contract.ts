import { callsContract } from './rpc-calls.contract.ts';
import { fieldsContract } from './rpc-fields.contract.ts';
import { limitsContract } from './rpc-limits.contract.ts';
import { metadataContract } from './rpc-metadata.contract.ts';
import { stormContract } from './rpc-storm.contract.ts';
import { timeContract } from './rpc-time.contract.ts';
import type { Connect } from './testdata/fixture.ts';

/** What a client and a server must do over every transport, so that a service can be split without a change. */
export function rpcContract(name: string, connect: Connect): void {
  callsContract(name, connect);
  fieldsContract(name, connect);
  timeContract(name, connect);
  limitsContract(name, connect);
  metadataContract(name, connect);
  stormContract(name, connect);
}
