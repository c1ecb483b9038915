import { embedded, fleet, service } from 'flotilla/fleet';

/** The reference fleet: five services in six processes, and one more for the back ends. `flotilla up examples/live/fleet.ts` */
export default fleet({
  services: {
    gateway: service('./gateway/main.ts', { port: 8080 }),
    account: service('./account/main.ts'),
    room: service('./room/main.ts', { replicas: 2 }),
    gift: service('./gift/main.ts'),
    rank: service('./rank/main.ts'),
  },
  backends: { registry: embedded(), telemetry: embedded(), sql: embedded() },
});
