import { type IncomingMessage, request } from 'node:http';
import type { Load } from './rows.ts';
import type { ServerProcess } from './server-process.ts';

/** Sends the load once. Throws if the answer is another than that of all servers. */
export async function checkAnswer({ method, path, headers, body, answer }: Load, server: ServerProcess): Promise<void> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const options = { host: '127.0.0.1', port: server.port, method, path, headers: { ...headers, ...length } };
    request({ ...options, agent: false }, resolve)
      .on('error', reject)
      .end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const given = `${response.statusCode} ${response.headers['content-type']} ${Buffer.concat(chunks)}`;
  const isRight = given.startsWith(`200 ${answer.type}`) && given.endsWith(` ${answer.body}`);
  if (!isRight) throw new Error(`${server.name} answered ${method} ${path} with ${given}`);
}
