import { noTelemetry, type Resource, type Telemetry } from '../observe/index.ts';

/** Environment variables: as `process.env`, or what a supervisor lets a colocated service see. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The telemetry that the environment asks for. `FLOTILLA_TELEMETRY=off` turns all of it off, the log too. */
export function makeTelemetry(env: Environment, resource: Resource): Telemetry {
  if (env.FLOTILLA_TELEMETRY === 'off') return noTelemetry;
  return { ...noTelemetry, resource };
}
