import type { Context } from 'flotilla/concurrency';
import { defineErrors } from 'flotilla/errors';
import type { Caller } from '../caller.ts';
import { newId } from '../ids.ts';

export const AccountErrors = defineErrors('live.account', {
  INVALID_NAME: { code: 'invalid_argument' },
  INVALID_PASSWORD: { code: 'invalid_argument' },
  NAME_TAKEN: { code: 'already_exists' },
  WRONG_CREDENTIALS: {
    code: 'unauthenticated',
    description: 'No such account, or another password: which is not told.',
  },
  ACCOUNT_NOT_FOUND: { code: 'not_found' },
  TOO_MANY_IDS: { code: 'invalid_argument' },
  INVALID_TRANSFER: { code: 'invalid_argument' },
  NOT_YOUR_WALLET: { code: 'permission_denied' },
  NOT_ENOUGH_COINS: { code: 'failed_precondition' },
  REQUEST_KEY_REUSED: { code: 'already_exists', description: 'The key came before, with another payee or amount.' },
});

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
}

export interface Transfer {
  readonly fromId: string;
  readonly toId: string;
  readonly coins: number;
  readonly requestKey: string;
}

export interface TransferOutcome {
  readonly coinsLeft: number;
  readonly repeated: boolean;
}

/** What the domain needs of its data. Every row belongs to a tenant, and no call sees another's. */
export interface AccountStore {
  /** Throws NAME_TAKEN where the tenant has the name in any spelling of case. */
  create(ctx: Context, tenant: string, account: Account, passwordHash: string, coins: number): Promise<void>;
  findByName(
    ctx: Context,
    tenant: string,
    name: string,
  ): Promise<{ account: Account; passwordHash: string } | undefined>;
  /** Those that exist, in no particular order. */
  find(ctx: Context, tenant: string, ids: readonly string[]): Promise<Account[]>;
  coins(ctx: Context, tenant: string, id: string): Promise<number | undefined>;
  /**
   * Moves coins, all or nothing, once per payer and key. Throws NOT_ENOUGH_COINS, ACCOUNT_NOT_FOUND, REQUEST_KEY_REUSED; a
   * transfer that was refused leaves its key free.
   */
  transfer(ctx: Context, tenant: string, transfer: Transfer, nowMs: number): Promise<TransferOutcome>;
}

/** Turns passwords into what may be stored. Both take about as long, whatever the outcome. */
export interface PasswordHasher {
  hash(ctx: Context, password: string): Promise<string>;
  /** `hash` undefined: there is no such account; the work is done all the same, so that the time does not tell. */
  verify(ctx: Context, password: string, hash: string | undefined): Promise<boolean>;
}

/** Vouches for an account towards the gateway. */
export interface TokenIssuer {
  issue(caller: Caller): Promise<{ readonly token: string; readonly expiresMs: number }>;
}

export interface SignedIn {
  readonly account: Account;
  readonly token: string;
  readonly expiresMs: number;
}

/** What a new account has in its wallet, so that it can send gifts at once. */
export const welcomeCoins = 1_000;
const namePattern = /^[A-Za-z0-9_.-]{2,32}$/;
const password = { min: 8, max: 128 };
const maxIds = 100;
const maxCoins = 1_000_000_000;
const maxKeyLength = 100;

export interface AccountsOptions {
  readonly store: AccountStore;
  readonly passwords: PasswordHasher;
  readonly tokens: TokenIssuer;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
}

/** People and their wallets. */
export class Accounts {
  readonly #options: AccountsOptions;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  async signUp(ctx: Context, tenant: string, name: string, secret: string): Promise<SignedIn> {
    const { store, passwords, now } = this.#options;
    checkName(name);
    checkPassword(secret);
    const account: Account = { id: newId(now()), name, createdMs: now() };
    await store.create(ctx, tenant, account, await passwords.hash(ctx, secret), welcomeCoins);
    return this.#signedIn(tenant, account);
  }

  async signIn(ctx: Context, tenant: string, name: string, secret: string): Promise<SignedIn> {
    const { store, passwords } = this.#options;
    const plausible = namePattern.test(name) && secret.length <= password.max;
    const found = plausible ? await store.findByName(ctx, tenant, name) : undefined;
    const matches = await passwords.verify(ctx, plausible ? secret : '', found?.passwordHash);
    if (found === undefined || !matches) throw AccountErrors.WRONG_CREDENTIALS('the name or the password is wrong');
    return this.#signedIn(tenant, found.account);
  }

  async get(ctx: Context, tenant: string, id: string): Promise<Account> {
    const [account] = await this.#options.store.find(ctx, tenant, [id]);
    if (account === undefined) throw AccountErrors.ACCOUNT_NOT_FOUND(`there is no account ${shown(id)}`);
    return account;
  }

  /** Several at once; those that do not exist are left out. */
  async getMany(ctx: Context, tenant: string, ids: readonly string[]): Promise<Account[]> {
    if (ids.length > maxIds) throw AccountErrors.TOO_MANY_IDS(`${ids.length} ids; give at most ${maxIds}`);
    return ids.length === 0 ? [] : await this.#options.store.find(ctx, tenant, [...new Set(ids)]);
  }

  async wallet(ctx: Context, caller: Caller): Promise<number> {
    const coins = await this.#options.store.coins(ctx, caller.tenant, caller.accountId);
    if (coins === undefined) throw AccountErrors.ACCOUNT_NOT_FOUND('the account of the token does not exist any more');
    return coins;
  }

  /** Moves the caller's own coins. A repeated key with the same payee and amount answers again and moves nothing. */
  async transfer(ctx: Context, caller: Caller, transfer: Transfer): Promise<TransferOutcome> {
    const { fromId, toId, coins, requestKey } = transfer;
    if (fromId !== caller.accountId)
      throw AccountErrors.NOT_YOUR_WALLET('coins can be moved out of one’s own wallet only');
    if (toId === fromId) throw AccountErrors.INVALID_TRANSFER('payer and payee are the same account');
    if (!Number.isInteger(coins) || coins < 1 || coins > maxCoins) {
      throw AccountErrors.INVALID_TRANSFER(`${coins} coins cannot be moved; give a whole number from 1 to ${maxCoins}`);
    }
    if (requestKey.length < 1 || requestKey.length > maxKeyLength) {
      throw AccountErrors.INVALID_TRANSFER(
        `the request key has ${requestKey.length} characters; give 1 to ${maxKeyLength}`,
      );
    }
    return await this.#options.store.transfer(ctx, caller.tenant, transfer, this.#options.now());
  }

  async #signedIn(tenant: string, account: Account): Promise<SignedIn> {
    const { token, expiresMs } = await this.#options.tokens.issue({ tenant, accountId: account.id });
    return { account, token, expiresMs };
  }
}

function checkName(name: string): void {
  if (namePattern.test(name)) return;
  throw AccountErrors.INVALID_NAME(`the name ${shown(name)} must be 2 to 32 letters, digits, "_", "-" or "."`);
}

function checkPassword(secret: string): void {
  if (secret.length >= password.min && secret.length <= password.max) return;
  throw AccountErrors.INVALID_PASSWORD(
    `the password has ${secret.length} characters; give ${password.min} to ${password.max}`,
  );
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
