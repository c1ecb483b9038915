import { createServer } from 'node:net';

/** Answers each piece that it reads with the same JSON: as little work as can be, so that the clients differ. */
const body = JSON.stringify({ id: '42', title: 'Tea', members: 7 });
const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', () => socket.write(answer, 'latin1'));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(address.port);
});
// Ends with the process that asked for it.
process.stdin.on('end', () => process.exit()).resume();
