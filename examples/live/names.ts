import { type Context, isContextError, until } from 'flotilla/concurrency';
import type { RpcClient } from 'flotilla/rpc';
import type { AccountService } from './gen/live/account/v1/account_pb.ts';

const maxNames = 10_000;

/**
 * People's names by their accounts, from the account service. A name never changes, so the last 10,000 are kept for good:
 * most calls need no other service. Calls that ask for the same name at the same time share one question.
 */
export class AccountNames {
  readonly #accounts: Pick<RpcClient<typeof AccountService>, 'getAccount'>;
  readonly #names = new Map<string, Promise<string>>();

  constructor(accounts: Pick<RpcClient<typeof AccountService>, 'getAccount'>) {
    this.#accounts = accounts;
  }

  async nameOf(ctx: Context, tenant: string, accountId: string): Promise<string> {
    const key = `${tenant}\u0000${accountId}`;
    for (;;) {
      const shared = this.#names.get(key);
      if (shared === undefined) return await this.#ask(ctx, key, accountId);
      try {
        return await until(ctx, shared);
      } catch (error) {
        // Another call asked, and its time was up before ours: the question is open again.
        if (ctx.err() !== undefined || !isContextError(error)) throw error;
      }
    }
  }

  async #ask(ctx: Context, key: string, accountId: string): Promise<string> {
    const asked = this.#accounts.getAccount(ctx, { id: accountId }).then(({ account }) => account?.name ?? '');
    this.#names.set(key, asked);
    const oldest = this.#names.keys().next();
    if (this.#names.size > maxNames && oldest.done !== true) this.#names.delete(oldest.value);
    try {
      return await asked;
    } catch (error) {
      if (this.#names.get(key) === asked) this.#names.delete(key);
      throw error;
    }
  }
}
