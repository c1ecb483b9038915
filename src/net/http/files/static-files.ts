import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from '../../../concurrency/index.ts';
import { HttpErrors } from '../http-errors.ts';
import type { HttpReply } from '../reply/reply.ts';
import type { HttpRequestHead } from '../request.ts';
import { FileCodings } from './file-codings.ts';
import { hasEncodedSeparator } from './file-path.ts';
import { FileReplies } from './file-replies.ts';
import { type FileVersion, Folder } from './folder.ts';
import { OpenFiles } from './open-files.ts';

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
  /**
   * Memory for the content of files up to 1 MiB (up to an eighth of this), and what they compress to; the one that was not
   * asked for the longest goes first. 0: none; all is read from disk each time. Default: 32 MiB.
   */
  readonly cacheBytes?: number;
  /** Larger files that are read at a time, many readers of one counting once; more are answered with 503. Default: 256. */
  readonly maxOpenFiles?: number;
}

/**
 * Answers with a file of the folder: the one at `path` within it, which is a parameter of the route or a constant.
 *
 *     const files = staticFiles({ root: new URL('../page/', import.meta.url) });
 *     router.get('/', (ctx, req) => files(ctx, req, 'index.html'));
 *     router.get('/page/*path', (ctx, req) => files(ctx, req, req.params.path));
 *
 * `ctx` is the call's: what is open for it is closed when it ends. A route for large files sets `timeoutMs` to how long a
 * slow client may take.
 */
export type StaticFiles = (ctx: Context, request: HttpRequestHead, path: string) => Promise<HttpReply>;

const defaultPolicy =
  "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/**
 * Serves the files of a folder, of any size: with ETag and Last-Modified, conditional and range requests (RFC 9110, sections
 * 13 and 14), and the headers that keep browsers from guessing. Texts go out in br, zstd or gzip, whichever the client likes:
 * from a file `name.br`, `.zst` or `.gz` beside it that is not older, or else, up to 1 MiB, compressed once and kept.
 *
 * A changed file is seen at the next request, unless its path is `immutable`. One that is written over while it is being sent cuts the connection. No path
 * leads out of the folder, whatever it says, nor does a symbolic link. Throws a RangeError for a limit out of its range.
 */
export function staticFiles(options: StaticFilesOptions): StaticFiles {
  return serveFolder(options, Date.now);
}

/** `nowMs` is the time on the wall, which a test sets to after the times of its files. */
export function serveFolder(options: StaticFilesOptions, nowMs: () => number): StaticFiles {
  const { root, index = 'index.html', fallback, immutable, contentSecurityPolicy = defaultPolicy } = options;
  const { cacheBytes = 32 * 1024 * 1024, maxOpenFiles = 256 } = options;
  if (!Number.isFinite(cacheBytes) || cacheBytes < 0)
    throw new RangeError(`staticFiles: cacheBytes is ${cacheBytes}; it must be a number from 0`);
  if (!Number.isInteger(maxOpenFiles) || maxOpenFiles < 1)
    throw new RangeError(`staticFiles: maxOpenFiles is ${maxOpenFiles}; it must be a whole number from 1`);
  // With `g` or `y` an expression would remember where it found something the last time.
  const forGood = immutable && new RegExp(immutable.source, immutable.flags.replace(/[gy]/g, ''));
  const isImmutable = (path: string) => forGood?.test(path) === true;
  const folder = new Folder(root instanceof URL ? fileURLToPath(root) : root, { cacheBytes, isImmutable, nowMs });
  const codings = new FileCodings(folder);
  const openFiles = new OpenFiles(maxOpenFiles);
  const replies = new FileReplies({ openFiles, isImmutable, contentSecurityPolicy, nowMs });

  const find = async (ctx: Context, request: HttpRequestHead, asked: string): Promise<FileVersion> => {
    const path = asked === '' || asked.endsWith('/') ? `${asked}${index}` : asked;
    const isPlain = !hasEncodedSeparator(request.path);
    let file = isPlain ? await folder.find(ctx, path) : undefined;
    const isView = isPlain && extname(path) === '' && !/(?:^|\/)\./.test(path);
    if (file === undefined && fallback !== undefined && isView) file = await folder.find(ctx, fallback);
    if (file === undefined) throw HttpErrors.ROUTE_NOT_FOUND(`there is no file at ${request.path}`);
    return file;
  };
  return async (ctx, request, asked) => {
    for (let attempt = 1; ; attempt++) {
      const file = await find(ctx, request, asked);
      const content = await codings.choose(ctx, request.header('accept-encoding'), file);
      const reply = await replies.reply(ctx, request, file, content);
      if (reply !== undefined) return reply;
      // It was replaced between the look at it and its opening. That happens; over and over again it does not.
      if (attempt === maxAttempts) throw HttpErrors.FILE_BUSY(`the file at ${request.path} is being changed`);
    }
  };
}

const maxAttempts = 5;
