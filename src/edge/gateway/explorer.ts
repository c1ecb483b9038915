import { type HttpReply, json, type Router, staticFiles } from '../../net/http/index.ts';
import type { OpenApiDocument } from './openapi.ts';

/** Serves the document at `/openapi.json` and the page that tries it at `/explorer`. Both are open to everybody. */
export function addExplorer(router: Router, document: () => OpenApiDocument): void {
  let reply: HttpReply | undefined;
  router.get('/openapi.json', async () => {
    // The routes do not change once the server runs.
    reply ??= json(document(), { headers: { 'cache-control': 'no-cache' } });
    return reply;
  });
  const files = staticFiles({ root: new URL('./explorer/', import.meta.url) });
  router.get('/explorer', (ctx, req) => files(ctx, req, 'index.html'));
  router.get('/explorer/:file', (ctx, req) => files(ctx, req, req.params.file));
}
