/** Moleculer over its TCP transporter: `moleculer-server.ts PORT` */
import { moleculerBroker } from './moleculer-broker.ts';

const broker = moleculerBroker('server', { port: Number(process.argv[2]) });
broker.createService({ name: 'bench', actions: { echo: async ({ params }) => params } });
await broker.start();
