import { defineErrors, isStatusError, type StatusError } from '../../errors/index.ts';

/** What can go wrong with Redis. */
export const RedisErrors = defineErrors('flotilla', {
  REDIS_UNREACHABLE: { code: 'unavailable', description: 'there is no connection to redis, or it broke' },
  REDIS_SILENT: { code: 'unavailable', description: 'redis has not answered an earlier command of the same kind' },
  REDIS_FAILED: { code: 'internal', description: 'redis refused the command' },
});

/** Error replies begin with a word in capitals (`ERR ...`, `LOADING ...`); the rest tells of the connection. */
export function redisError(error: unknown): StatusError {
  if (isStatusError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  const cause = { cause: error };
  if (/^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY)\b/.test(message)) {
    return RedisErrors.REDIS_UNREACHABLE('redis does not take commands now', cause);
  }
  if (/^[A-Z]{3,} /.test(message)) return RedisErrors.REDIS_FAILED('redis refused the command', cause);
  return RedisErrors.REDIS_UNREACHABLE('the connection to redis broke', cause);
}
