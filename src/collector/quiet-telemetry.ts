import { type Logger, levels, noTelemetry, type Telemetry } from '../observe/index.ts';

/**
 * Telemetry for the server that telemetry is sent to: the log lines from `warn` up, and nothing else. A collector that
 * traced and logged each request would send itself more with every request it got.
 */
export function quietTelemetry(telemetry: Telemetry): Telemetry {
  const { log } = telemetry;
  const quiet: Logger = {
    get level() {
      return log.level;
    },
    set level(level) {
      log.level = level;
    },
    log(ctx, level, message, fields) {
      if (levels.indexOf(level) >= warn) log.log(ctx, level, message, fields);
    },
    debug: () => {},
    info: () => {},
    warn: (ctx, message, fields) => log.warn(ctx, message, fields),
    error: (ctx, message, fields) => log.error(ctx, message, fields),
  };
  return { ...noTelemetry, resource: telemetry.resource, log: quiet };
}

const warn = levels.indexOf('warn');
