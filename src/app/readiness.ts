import { type Context, sleep, until } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';

/** Resolves when what the service needs is there, throws when it is not. Must be cheap: it runs for every probe. */
export type Check = (ctx: Context) => Promise<unknown> | unknown;

export interface CheckResult {
  readonly ok: boolean;
  readonly durationMs: number;
  /** What is wrong; only the message, never the cause. */
  readonly message?: string;
}

/** One check may take this long. */
const checkTimeoutMs = 2_000;
/** Probes that come closer together than this share one run. */
const shareMs = 500;
const firstRetryMs = 50;
const maxRetryMs = 1_000;

/** Runs the checks of an app, side by side, shared by all who ask at the same time. */
export class Readiness {
  readonly #checks: readonly (readonly [string, Check])[];
  #shared: { readonly at: number; readonly results: Promise<Record<string, CheckResult>> } | undefined;

  constructor(checks: Readonly<Record<string, Check>>) {
    this.#checks = Object.entries(checks);
  }

  results(ctx: Context): Promise<Record<string, CheckResult>> {
    const now = ctx.clock.now();
    if (this.#shared === undefined || now - this.#shared.at >= shareMs) {
      // The run outlives a prober that leaves: others share it.
      this.#shared = { at: now, results: this.#run(ctx.withoutCancel()) };
    }
    return this.#shared.results;
  }

  /** Resolves when all checks pass; throws what the first failing one says when `ctx` ends before. */
  async untilReady(ctx: Context): Promise<void> {
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, maxRetryMs)) {
      const results = await this.#run(ctx);
      const failing = Object.entries(results).find(([, result]) => !result.ok);
      if (failing === undefined) return;
      try {
        await sleep(ctx, retryMs);
      } catch (error) {
        const [name, { message = '' }] = failing;
        throw new errors.StatusError('failed_precondition', `the check "${name}" does not pass: ${message}`, {
          reason: 'NOT_READY',
          metadata: { check: name },
          cause: error,
        });
      }
    }
  }

  async #run(ctx: Context): Promise<Record<string, CheckResult>> {
    const results = await Promise.all(
      this.#checks.map(async ([name, check]) => [name, await runCheck(ctx, check)] as const),
    );
    return Object.fromEntries(results);
  }
}

async function runCheck(parent: Context, check: Check): Promise<CheckResult> {
  using ctx = parent.withTimeout(checkTimeoutMs);
  const started = ctx.clock.now();
  const durationMs = () => Math.round((ctx.clock.now() - started) * 1000) / 1000;
  try {
    await until(ctx, (async () => check(ctx))());
    return { ok: true, durationMs: durationMs() };
  } catch (error) {
    return { ok: false, durationMs: durationMs(), message: errors.from(error).message };
  }
}
