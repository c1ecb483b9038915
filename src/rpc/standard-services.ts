import type { Context } from '../concurrency/index.ts';
import type { ListenerAddress } from '../net/tcp/index.ts';
import { readinessOf } from '../service/index.ts';
import { HealthMonitor } from './health/health-monitor.ts';
import { healthService, healthServiceName } from './health/health-service.ts';
import type { Implementation } from './implementation.ts';
import { reflectionServiceNames, reflectionServices } from './reflection/reflection-service.ts';
import { RpcErrors } from './rpc-errors.ts';

export interface StandardServicesOptions {
  /** Default: true. */
  readonly health?: boolean;
  /** Default: where the server listens on a loopback address. */
  readonly reflection?: boolean;
}

/** What a server serves beside what it was made for; a service of the same name that it was given goes before. */
export class StandardServices {
  /** Without middleware: a probe has no token. */
  readonly health: readonly Implementation[];
  readonly reflection: readonly Implementation[];
  readonly #name: string;
  readonly #monitor: HealthMonitor;
  #isReflected: boolean;

  constructor(name: string, given: readonly Implementation[], { health, reflection }: StandardServicesOptions) {
    this.#name = name;
    this.#isReflected = reflection ?? false;
    const services = given.map(({ service }) => service);
    const isGiven = (typeName: string) => services.some((service) => service.typeName === typeName);
    this.#monitor = new HealthMonitor(services.map(({ typeName }) => typeName));
    this.health = health === false || isGiven(healthServiceName) ? [] : [healthService(this.#monitor)];
    const described = [...services, ...this.health.map(({ service }) => service)];
    this.reflection =
      reflection === false || reflectionServiceNames.some(isGiven)
        ? []
        : reflectionServices({ services: described, isAllowed: () => this.#isReflected });
  }

  /** Once the server listens: the address decides whether strangers can come. */
  start(ctx: Context, address: ListenerAddress): void {
    this.#isReflected ||= isLoopback(address);
    this.#monitor.start(readinessOf(ctx));
  }

  /** Nothing is healthy any more. */
  drain(): void {
    this.#monitor.drain();
  }

  /** Those that watch must not hold up the end. */
  close(): void {
    this.#monitor.close(RpcErrors.DRAINING(`${this.#name} is shutting down`));
  }
}

function isLoopback({ host, path }: ListenerAddress): boolean {
  return path !== undefined || host === '::1' || host === 'localhost' || /^127\./.test(host);
}
