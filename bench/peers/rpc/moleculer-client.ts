/** `moleculer-client.ts PORT` */
import { answerLoads } from '../../rpc/answer-loads.ts';
import { note } from '../../rpc/note.ts';
import { moleculerBroker } from './moleculer-broker.ts';

const broker = moleculerBroker('client', { urls: `127.0.0.1:${process.argv[2]}/server` });
await broker.start();
await broker.waitForServices('bench');

await answerLoads({ unary: () => broker.call('bench.echo', note) });
