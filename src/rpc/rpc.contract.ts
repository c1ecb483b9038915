import { callsContract } from './rpc-calls.contract.ts';
import { contextContract } from './rpc-context.contract.ts';
import { limitsContract } from './rpc-limits.contract.ts';
import type { Connect } from './testdata/fixture.ts';

/** What a client and a server must do over every transport, so that a service can be split without a change. */
export function rpcContract(name: string, connect: Connect): void {
  callsContract(name, connect);
  contextContract(name, connect);
  limitsContract(name, connect);
}
