import {
  createTelemetry,
  levels,
  noTelemetry,
  type Resource,
  type Telemetry,
  type TelemetryOptions,
} from '../observe/index.ts';
import { type Environment, urlIn, wordIn } from './environment.ts';

/**
 * The telemetry that the environment asks for: `FLOTILLA_LOG_LEVEL` (info), `FLOTILLA_LOG_FORMAT` json or pretty (json),
 * `OTEL_EXPORTER_OTLP_ENDPOINT` (nothing is exported). `FLOTILLA_TELEMETRY=off` turns all of it off, the log too. Throws
 * INVALID_CONFIG that names the variable. `options`: what the environment does not say.
 */
export function makeTelemetry(
  env: Environment,
  resource: Resource,
  options: Pick<TelemetryOptions, 'write' | 'runtimeMetrics'> = {},
): Telemetry {
  if (wordIn(env, 'FLOTILLA_TELEMETRY', ['on', 'off']) === 'off') return noTelemetry;
  const level = wordIn(env, 'FLOTILLA_LOG_LEVEL', levels);
  const format = wordIn(env, 'FLOTILLA_LOG_FORMAT', ['json', 'pretty']);
  const otlpEndpoint = urlIn(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  return createTelemetry({
    ...options,
    resource,
    ...(level && { level }),
    ...(format && { format }),
    ...(otlpEndpoint && { otlpEndpoint }),
  });
}
