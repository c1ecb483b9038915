import { once } from 'node:events';
import { createClient } from 'redis';

const variable = 'FLOTILLA_TEST_REDIS_URL';

/** The URL of the server, or why the tests are skipped. In CI a missing server is a failure, not a skip. */
export const redis: { readonly url: string; readonly skip: string | false } = locate();

function locate() {
  const url = process.env[variable] ?? '';
  if (url !== '') return { url, skip: false as const };
  const reason = `${variable} is not set; run: tools/servers.sh start redis`;
  if (process.env.CI === 'true') throw new Error(reason);
  return { url, skip: reason };
}

/** A client that fails instead of waiting for a connection, and that has one. */
export async function connectedClient(url: string) {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: 50 } });
  client.on('error', () => {});
  await Promise.all([once(client, 'ready'), client.connect()]);
  return client;
}
