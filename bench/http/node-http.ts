/** Bare `node:http` without a router: `node-http.ts PORT`. What frameworks that build on it cannot exceed. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { greeting, newUserSchema, register, users } from './content.ts';

const server = createServer((request, response) => {
  const { method, url = '' } = request;
  if (method === 'GET' && url === '/') return send(response, 200, 'text/plain; charset=utf-8', greeting);
  if (method === 'GET' && url.startsWith('/users/')) {
    const user = users.get(url.slice('/users/'.length));
    return user === undefined ? fail(response, 404) : sendJson(response, user);
  }
  if (method === 'POST' && url === '/users') return create(request, response);
  fail(response, 404);
});

function create(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = newUserSchema.safeParse(parse(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    if (body.success) sendJson(response, register(body.data));
    else fail(response, 400);
  });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function sendJson(response: ServerResponse, value: unknown): void {
  send(response, 200, 'application/json; charset=utf-8', JSON.stringify(value));
}

function fail(response: ServerResponse, status: number): void {
  send(response, status, 'text/plain', '');
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), '127.0.0.1', 511);
