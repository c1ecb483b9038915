import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Router, staticFiles } from 'flotilla/net/http';

/**
 * Serves the files of a folder at the root of the address, `index.html` at `/`: a route each, so that the API below the same
 * root keeps its own 404 and 405. A file that comes later is served after a restart.
 */
export async function addPage(router: Router, root: URL): Promise<void> {
  const folder = fileURLToPath(root);
  const files = staticFiles({ root });
  router.get('/', (ctx, req) => files(ctx, req, 'index.html'));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/');
    if (!entry.isFile() || path.endsWith('.ts')) continue;
    router.get(`/${path}`, (ctx, req) => files(ctx, req, path));
  }
}
