import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Context, until } from '../../../concurrency/index.ts';
import { HttpErrors } from '../http-errors.ts';
import { bytes, empty, type HttpReply } from '../reply/reply.ts';
import type { HttpRequestHead } from '../request.ts';

export interface StaticFilesOptions {
  /** The folder: an absolute path or a `file:` URL. Everything in it is public, but for names that begin with a dot. */
  readonly root: string | URL;
  /** What a path that ends in '/' answers. Default: `index.html`. */
  readonly index?: string;
  /** What a path without an extension answers where no file has it: for pages that route by themselves. Default: 404. */
  readonly fallback?: string;
  /** Paths (`assets/app-3f2a9c.js`) whose content never changes under that name. Default: none; all are revalidated. */
  readonly immutable?: RegExp;
  /** Sent with HTML. Default: only what comes from the same origin; no framing. */
  readonly contentSecurityPolicy?: string;
}

/**
 * Answers with a file of the folder: the one at `path` within it, which is a parameter of the route or a constant.
 *
 *     const files = staticFiles({ root: new URL('../page/', import.meta.url) });
 *     router.get('/', (ctx, req) => files(ctx, req, 'index.html'));
 *     router.get('/page/*path', (ctx, req) => files(ctx, req, req.params.path));
 */
export type StaticFiles = (ctx: Context, request: HttpRequestHead, path: string) => Promise<HttpReply>;

const defaultPolicy =
  "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
/** Larger files do not belong here: they would be read whole. */
const maxFileBytes = 16 * 1024 * 1024;
const maxCachedFiles = 512;
/** Named, and not with weight 0 (RFC 9110, section 12.5.3). */
const takesGzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i;

/**
 * Serves the files of a folder, with ETag, gzip and the headers that keep browsers from guessing. A changed file is seen
 * at the next request. No path leads out of the folder, whatever it says, nor does a symbolic link.
 */
export function staticFiles(options: StaticFilesOptions): StaticFiles {
  const { index = 'index.html', fallback, immutable, contentSecurityPolicy = defaultPolicy } = options;
  const folder = new Folder(options.root instanceof URL ? fileURLToPath(options.root) : options.root);
  return async (ctx, request, asked) => {
    const path = asked === '' || asked.endsWith('/') ? `${asked}${index}` : asked;
    let file = await until(ctx, folder.read(path));
    if (file === undefined && fallback !== undefined && extname(path) === '')
      file = await until(ctx, folder.read(fallback));
    if (file === undefined) throw HttpErrors.ROUTE_NOT_FOUND(`there is no file at ${request.path}`);
    const isGzip = file.gzipped !== undefined && takesGzip.test(request.header('accept-encoding') ?? '');
    const etag = isGzip ? `"${file.hash}-gzip"` : `"${file.hash}"`;
    const headers = {
      'content-type': file.contentType,
      'cache-control': immutable?.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag,
      vary: 'accept-encoding',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      ...(file.contentType.startsWith('text/html') && { 'content-security-policy': contentSecurityPolicy }),
    };
    if (matches(request.header('if-none-match'), etag)) return empty({ status: 304, headers });
    if (!isGzip) return bytes(file.data, { headers });
    return bytes(file.gzipped!, { headers: { ...headers, 'content-encoding': 'gzip' } });
  };
}

interface FileVersion {
  readonly modifiedMs: number;
  readonly data: Uint8Array;
  /** Undefined where it would not be smaller. */
  readonly gzipped: Uint8Array | undefined;
  readonly hash: string;
  readonly contentType: string;
}

class Folder {
  readonly #root: string;
  #realRoot: Promise<string> | undefined;
  readonly #files = new Map<string, FileVersion>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The file as it is now, or undefined if there is none that may be seen. */
  async read(path: string): Promise<FileVersion | undefined> {
    if (!isPlain(path)) return undefined;
    const name = join(this.#root, ...path.split('/'));
    const about = await stat(name).catch(() => undefined);
    if (about === undefined || !about.isFile() || about.size > maxFileBytes) return undefined;
    const known = this.#files.get(path);
    if (known !== undefined && known.modifiedMs === about.mtimeMs && known.data.length === about.size) return known;
    if (!(await this.#contains(name))) return undefined;
    const file = await load(name, about.mtimeMs);
    if (this.#files.size >= maxCachedFiles) this.#files.clear();
    this.#files.set(path, file);
    return file;
  }

  async #contains(name: string): Promise<boolean> {
    this.#realRoot ??= realpath(this.#root);
    return (await realpath(name)).startsWith((await this.#realRoot) + sep);
  }
}

/** Whether it is a relative path without tricks: no `.`, `..`, hidden or empty names, backslashes or control characters. */
function isPlain(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  return path.split('/').every((name) => name !== '' && !name.startsWith('.') && !/[\x00-\x1f\\:]/.test(name));
}

async function load(name: string, modifiedMs: number): Promise<FileVersion> {
  const data = await readFile(name);
  const contentType = contentTypes[extname(name).toLowerCase()] ?? 'application/octet-stream';
  const gzipped = isText(contentType) && data.length > 1024 ? await promisify(gzip)(data, { level: 9 }) : undefined;
  const hash = createHash('sha256').update(data).digest('base64url').slice(0, 22);
  return { modifiedMs, data, gzipped, hash, contentType };
}

function isText(contentType: string): boolean {
  return /^text\/|json|xml|javascript/.test(contentType);
}

/** Weak comparison (RFC 9110, section 13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};
