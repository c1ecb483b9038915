/** `nest-tcp-client.ts PORT` */
import 'reflect-metadata';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { answerLoads } from '../../rpc/answer-loads.ts';
import { note } from '../../rpc/note.ts';

const client = ClientProxyFactory.create({
  transport: Transport.TCP,
  options: { host: '127.0.0.1', port: Number(process.argv[2]) },
});
await client.connect();

await answerLoads({ unary: () => firstValueFrom(client.send('echo', note)) });
