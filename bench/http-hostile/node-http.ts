/** Bare `node:http` that answers the same, with its own limits: `node-http.ts PORT`. */
import { createServer } from 'node:http';
import { page } from './page.ts';

createServer((request, response) => {
  if (request.url === '/page') response.end(page);
  else if (request.url === '/read') {
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= 1024 * 1024) return;
      response.writeHead(413).end();
      request.destroy();
    });
    request.on('end', () => response.end(JSON.stringify({ bytes: size })));
    request.on('error', () => {});
  } else if (request.url === '/ignore') setTimeout(() => response.end('ignored'), 1000);
  else response.end('honest');
}).listen(Number(process.argv[2]), '127.0.0.1');
