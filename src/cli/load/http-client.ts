import { Agent, type IncomingMessage, request as startRequest } from 'node:http';
import { StatusError } from '../../errors/index.ts';
import type { LoadClient, LoadReply, LoadRequest } from './request.ts';

export interface HttpClientOptions {
  /** Connections open at once. */
  readonly connections: number;
  /** A request without a whole answer after so long counts as failed, reason TIMEOUT. Default: 10,000 ms. */
  readonly timeoutMs?: number;
}

/** What is kept of a body, so that a large answer costs no memory. */
const maxBody = 64 * 1024;

/** Requests over connections that are kept alive and used again, the latest first, so that idle ones close. */
export function httpLoadClient(target: URL, options: HttpClientOptions): LoadClient {
  const { connections, timeoutMs = 10_000 } = options;
  if (target.protocol !== 'http:') {
    throw new StatusError(
      'invalid_argument',
      `flotilla load speaks http, not ${target.protocol.slice(0, -1)}: give an http:// URL`,
      {
        reason: 'UNSUPPORTED_SCHEME',
      },
    );
  }
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connections,
    maxFreeSockets: connections,
    scheduling: 'lifo',
  });
  const base = { host: target.hostname.replace(/^\[|\]$/g, ''), port: target.port || 80, agent };
  const send = (request: LoadRequest, keepBody: boolean, isRetry: boolean): Promise<LoadReply> =>
    new Promise((resolve) => {
      const { method, path, headers, body } = request;
      const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const call = startRequest({
        ...base,
        // Others that are kept may be as good as closed too.
        ...(isRetry && { agent: false }),
        method,
        path,
        headers: headersOf(target, headers, payload),
      });
      const timer = setTimeout(() => call.destroy(timedOut()), timeoutMs);
      let isAnswered = false;
      const end = (reply: LoadReply) => {
        clearTimeout(timer);
        resolve(reply);
      };
      call.on('error', (error) => {
        const reply = { status: 0, reason: reasonOf(error), body: '' };
        // A server may close an idle connection just as it is used again: what changes nothing is sent once more.
        const mayRetry =
          method === 'GET' && call.reusedSocket && !isAnswered && !isRetry && reply.reason === 'ECONNRESET';
        if (mayRetry) send(request, keepBody, true).then(end);
        else end(reply);
      });
      call.on('response', (response) => {
        isAnswered = true;
        receive(response, keepBody, end);
      });
      call.end(payload);
    });
  return {
    send: (request, { keepBody = false } = {}) => send(request, keepBody, false),
    close: () => agent.destroy(),
  };
}

function timedOut(): StatusError {
  return new StatusError('deadline_exceeded', 'timed out', { reason: 'TIMEOUT' });
}

function receive(response: IncomingMessage, keepBody: boolean, end: (reply: LoadReply) => void): void {
  const status = response.statusCode ?? 0;
  const failed = status < 200 || status >= 300;
  let text = '';
  if (keepBody || failed) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      if (text.length < maxBody) text += chunk;
    });
  } else response.resume();
  response.on('end', () => end({ status, reason: failed ? bodyReason(text) : '', body: keepBody ? text : '' }));
  response.on('error', (error) => end({ status: 0, reason: reasonOf(error), body: '' }));
}

function headersOf(target: URL, headers: LoadRequest['headers'], payload: Buffer | undefined): Record<string, string> {
  const own: Record<string, string> = { host: target.host, ...headers };
  if (payload !== undefined) {
    own['content-type'] = 'application/json';
    own['content-length'] = String(payload.length);
  }
  return own;
}

/** The reason of the one error shape, or nothing. */
function bodyReason(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    const reason = typeof body === 'object' && body !== null && 'reason' in body ? body.reason : undefined;
    return typeof reason === 'string' ? reason.slice(0, 64) : '';
  } catch {
    return '';
  }
}

function reasonOf(error: Error): string {
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  if (typeof reason === 'string') return reason;
  return typeof code === 'string' ? code : error.name;
}
