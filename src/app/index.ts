/**
 * # flotilla/app
 *
 * The life of a service: start, register, be ready, drain, stop; its host, its health endpoints, its signals.
 *
 *     export const main: Main = async (host) => {
 *       const server = createHttpServer({ router, listener: host.listener('http', { port: 8080 }), name: 'hello' });
 *       return app({ name: 'hello', version: '1.0.0', host, servers: [server] });
 *     };
 *     if (import.meta.main) await run(main);
 *
 * Rules: `main` wires and returns, it starts nothing; what it opens it gives back in `closers`; everything it needs from
 * outside it asks of its host. Not here: restarts and placement (`flotilla/fleet`, Kubernetes).
 */
export { type App, type AppOptions, type AppState, app, type Closer, type Consumer } from './app.ts';
export { appGroup } from './app-group.ts';
export type { Environment } from './environment.ts';
export {
  createHost,
  type Host,
  type HostConfigOptions,
  type HostOptions,
  type ListenerName,
  type OwnedHost,
  type ServiceResource,
} from './host.ts';
export { type ProcessHost, processHost } from './process-host.ts';
export type { Check, CheckResult } from './readiness.ts';
export { registryOf } from './registry-of.ts';
export { exitCodes, type Main, type RunOptions, runProcess as run } from './run-process.ts';
export { type SupervisedListenerOptions, supervisedListener } from './supervised-listener.ts';
export type { FromSupervisor, SupervisorChannel, ToSupervisor } from './supervisor-channel.ts';
export type { MemoryOptions, WatchdogOptions } from './watchdog/watchdog.ts';
