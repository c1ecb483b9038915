import { connect } from 'node:net';

/** Sends the bytes and gives what came until the other side closed; a connection that was reset ends with what had come. */
export function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
    socket.write(bytes, 'latin1');
  });
}

/** The heads of the answers in what came. Their bodies must not hold such a line themselves. */
export function headsOf(received: string): readonly Readonly<Record<string, string>>[] {
  return received
    .split(/^(?=HTTP\/1\.[01] \d{3})/m)
    .filter((answer) => answer.startsWith('HTTP/'))
    .map((answer) => {
      const [statusLine = '', ...lines] = (answer.split('\r\n\r\n')[0] ?? '').split('\r\n');
      const headers: Record<string, string> = { status: statusLine.split(' ')[1] ?? '' };
      for (const line of lines) {
        const at = line.indexOf(':');
        headers[line.slice(0, at).toLowerCase()] = line.slice(at + 1).trim();
      }
      return headers;
    });
}

/** Runs the work over the list, so many at a time. */
export async function each<T>(list: readonly T[], atATime: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < list.length) await work(list[next++]!);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
