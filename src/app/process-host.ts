import { hostname } from 'node:os';
import { tcpListener } from '../net/tcp/index.ts';
import { type Environment, portIn } from './environment.ts';
import { createHost, type OwnedHost } from './host.ts';
import { supervisedListener } from './supervised-listener.ts';
import { type SupervisorChannel, supervisorChannel } from './supervisor-channel.ts';

/** The host that is this process. */
export interface ProcessHost extends OwnedHost {
  /** The line to the supervisor that started this process, undefined without one. */
  readonly supervisor: SupervisorChannel | undefined;
}

/**
 * The host as the environment describes it (all optional):
 *
 * - `FLOTILLA_INSTANCE` the instance's id; default: host name and process id
 * - `FLOTILLA_LANE` the lane that it belongs to; default: the baseline
 * - `FLOTILLA_REGISTRY_URL` the registry (forms: `registryOf`); default: one in memory
 * - `FLOTILLA_DATA_DIR` default: `.flotilla`
 * - `FLOTILLA_PORT` the public HTTP port
 * - `FLOTILLA_SUPERVISED=1` a supervisor holds the IPC channel; with `FLOTILLA_PORT` it also holds that port, and the process inherits it
 * - `FLOTILLA_TELEMETRY`, `FLOTILLA_LOG_LEVEL`, `FLOTILLA_LOG_FORMAT`, `OTEL_EXPORTER_OTLP_ENDPOINT` see `observe`
 */
export function processHost(env: Environment = process.env): ProcessHost {
  const supervisor = env.FLOTILLA_SUPERVISED === '1' ? supervisorChannel(process) : undefined;
  const host = createHost({
    env,
    instance: env.FLOTILLA_INSTANCE || `${hostname().replace(/[^A-Za-z0-9.-]/g, '-')}-${process.pid}`,
    listener(name, fallback) {
      const port = name === 'http' ? portIn(env, 'FLOTILLA_PORT') : undefined;
      if (supervisor !== undefined && port !== undefined)
        return supervisedListener({ channel: supervisor, name, port });
      return tcpListener({ port: port ?? fallback.port });
    },
  });
  return { ...host, supervisor };
}
