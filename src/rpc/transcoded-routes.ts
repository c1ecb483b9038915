import type { DescService, JsonValue, Message } from '@bufbuild/protobuf';
import type { Context } from '../concurrency/index.ts';
import { events, type HttpReply, type HttpRequest, json, type Router, rawJson } from '../net/http/index.ts';
import { type HttpRule, httpRules } from './http-rule.ts';
import type { ServerMethod } from './server-method.ts';
import { requestMessage, responseJson } from './transcoding.ts';

/**
 * Adds a route for every google.api.http annotation of the services: JSON in, the method's middleware and handler, JSON
 * out; a stream of answers as server-sent events. The HTTP server observes, bounds and admits these calls.
 */
export function addTranscodedRoutes(
  router: Router,
  services: readonly DescService[],
  methods: readonly ServerMethod[],
  maxBodyBytes: number,
): void {
  const byDesc = new Map(methods.map((method) => [method.desc, method]));
  for (const rule of services.flatMap(httpRules)) {
    const method = byDesc.get(rule.method) as ServerMethod;
    const { timeoutMs } = method.info;
    const handler = (ctx: Context, req: HttpRequest<Readonly<Record<string, string>>, Query, unknown, unknown>) =>
      serve(ctx, req, rule, method);
    if (rule.body === undefined) router.route(rule.verb, rule.route, { timeoutMs }, handler);
    else router.route(rule.verb, rule.route, { timeoutMs, maxBodyBytes, body: rawJson() }, handler);
  }
}

type Query = Readonly<Record<string, string | readonly string[]>>;

async function serve(
  ctx: Context,
  { params, query, body }: HttpRequest<Readonly<Record<string, string>>, Query, unknown, unknown>,
  rule: HttpRule,
  method: ServerMethod,
): Promise<HttpReply> {
  const output = await method.inner(ctx, requestMessage(rule, { params, query, body }));
  if (Symbol.asyncIterator in output) return events(eventsOf(rule, output));
  return json(responseJson(rule, output));
}

async function* eventsOf(rule: HttpRule, messages: AsyncIterable<Message>): AsyncGenerator<{ data: JsonValue }> {
  for await (const message of messages) yield { data: responseJson(rule, message) };
}
