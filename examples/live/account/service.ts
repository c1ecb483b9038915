import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type Implementation, implement } from 'flotilla/rpc';
import { callerOf, tenantOf } from '../caller.ts';
import { AccountService } from '../gen/live/account/v1/account_pb.ts';
import type { Account, Accounts, SignedIn } from './domain.ts';

/** The account domain as an RPC service. */
export function accountService(accounts: Accounts): Implementation {
  return implement(AccountService, {
    async signUp(ctx, { name, password }) {
      return toSignedIn(await accounts.signUp(ctx, tenantOf(ctx), name, password));
    },
    async signIn(ctx, { name, password }) {
      return toSignedIn(await accounts.signIn(ctx, tenantOf(ctx), name, password));
    },
    async getMe(ctx) {
      const { tenant, accountId } = callerOf(ctx);
      return { account: toMessage(await accounts.get(ctx, tenant, accountId)) };
    },
    async getAccount(ctx, { id }) {
      return { account: toMessage(await accounts.get(ctx, tenantOf(ctx), id)) };
    },
    async getWallet(ctx) {
      return { wallet: { coins: BigInt(await accounts.wallet(ctx, callerOf(ctx))) } };
    },
    async batchGetAccounts(ctx, { ids }) {
      return { accounts: (await accounts.getMany(ctx, tenantOf(ctx), ids)).map(toMessage) };
    },
    async transfer(ctx, { fromAccountId, toAccountId, coins, requestKey }) {
      const transfer = { fromId: fromAccountId, toId: toAccountId, coins: Number(coins), requestKey };
      const { coinsLeft, repeated } = await accounts.transfer(ctx, callerOf(ctx), transfer);
      return { fromWallet: { coins: BigInt(coinsLeft) }, repeatedRequest: repeated };
    },
  });
}

function toMessage({ id, name, createdMs }: Account) {
  return { id, name, createTime: timestampFromMs(createdMs) };
}

function toSignedIn({ account, token, expiresMs }: SignedIn) {
  return { account: toMessage(account), token, expireTime: timestampFromMs(expiresMs) };
}
