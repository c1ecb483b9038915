import { type Context, SingleFlight } from 'flotilla/concurrency';
import type { RpcClient } from 'flotilla/rpc';
import type { AccountService } from './gen/live/account/v1/account_pb.ts';

const maxNames = 10_000;

/**
 * People's names by their accounts, from the account service. A name never changes, so the last 10,000 are kept for good:
 * most calls need no other service. Calls that ask for the same name at the same time share one question.
 */
export class AccountNames {
  readonly #accounts: Pick<RpcClient<typeof AccountService>, 'getAccount'>;
  readonly #names = new Map<string, string>();
  readonly #questions = new SingleFlight<string, string>();

  constructor(accounts: Pick<RpcClient<typeof AccountService>, 'getAccount'>) {
    this.#accounts = accounts;
  }

  async nameOf(ctx: Context, tenant: string, accountId: string): Promise<string> {
    const key = `${tenant}\u0000${accountId}`;
    return this.#names.get(key) ?? (await this.#questions.do(ctx, key, (own) => this.#ask(own, key, accountId)));
  }

  async #ask(ctx: Context, key: string, accountId: string): Promise<string> {
    const { account } = await this.#accounts.getAccount(ctx, { id: accountId });
    const name = account?.name ?? '';
    this.#names.set(key, name);
    const oldest = this.#names.keys().next();
    if (this.#names.size > maxNames && oldest.done !== true) this.#names.delete(oldest.value);
    return name;
  }
}
