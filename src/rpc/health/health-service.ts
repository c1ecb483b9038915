import {
  Health,
  type HealthCheckRequest,
  HealthCheckResponse_ServingStatus as Status,
} from '../gen/grpc/health/v1/health_pb.ts';
import { type Implementation, implement } from '../implementation.ts';
import { RpcErrors } from '../rpc-errors.ts';
import type { HealthMonitor, ServiceHealth } from './health-monitor.ts';

/** Its calls are always let in, and leave no trace: probes come every second, and most of all when a server is overloaded. */
export const healthServiceName: string = Health.typeName;

/** grpc.health.v1.Health, for probes, proxies and balancers of other make. */
export function healthService(monitor: HealthMonitor): Implementation {
  return implement(Health, {
    async check(ctx, { service }) {
      const health = await monitor.check(ctx, service);
      if (health === 'unknown')
        throw RpcErrors.SERVICE_UNKNOWN(`this server has no service "${service.slice(0, 200)}"`);
      return { status: statuses[health] };
    },
    async list(ctx) {
      const found = await Promise.all(
        monitor.names.map(async (name) => [name, { status: statuses[await monitor.check(ctx, name)] }] as const),
      );
      return { statuses: Object.fromEntries(found) };
    },
    async *watch(ctx, { service }: HealthCheckRequest) {
      for await (const health of monitor.watch(ctx, service)) yield { status: statuses[health] };
    },
  });
}

const statuses: Readonly<Record<ServiceHealth, Status>> = {
  serving: Status.SERVING,
  not_serving: Status.NOT_SERVING,
  unknown: Status.SERVICE_UNKNOWN,
};
