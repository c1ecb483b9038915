import { type Context, Semaphore, SingleFlight } from '../../../concurrency/index.ts';
import { type Coding, chooseCoding } from '../reply/negotiate.ts';
import { compress, type Levels } from '../reply/zlib-codings.ts';
import { codedContent, type FileContent, siblingContent } from './file-content.ts';
import { type FileVersion, type Folder, siblingExtensions } from './folder.ts';

/** Smaller files are not worth the header. */
const leastBytes = 1024;
/** What is not at least so much smaller is not worth the client's work. */
const worthwhile = 0.95;
/** Whoever wants the last percent puts a file made by the build beside it: br 11 takes fifty times as long as br 6. */
const levels: Levels = { br: 6, zstd: 9, gzip: 6 };
/** The smallest first. */
const codings: readonly Coding[] = ['br', 'zstd', 'gzip'];
/** At a time: the threads of the pool are also those that read files. */
const maxCompressions = 2;

/** The content of a file that a client likes best: compressed files that lie beside it, or computed once and kept. */
export class FileCodings {
  readonly #folder: Folder;
  readonly #slots = new Semaphore(maxCompressions, { name: 'file compression' });
  readonly #compressions = new SingleFlight<FileVersion, FileContent | undefined>();

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** Plain where the client takes nothing else that there is; also where it refuses that, since there is nothing else. */
  async choose(ctx: Context, acceptEncoding: string | undefined, file: FileVersion): Promise<FileContent> {
    if (!file.isCompressible || acceptEncoding === undefined) return file.plain;
    const isComputable = file.plain.data !== undefined && file.plain.size >= leastBytes;
    let offered = codings.filter((coding) => isComputable || file.siblings.includes(coding));
    while (offered.length > 0) {
      const coding = chooseCoding(acceptEncoding, offered);
      if (coding === undefined || coding === 'identity') break;
      const content =
        (await this.#sibling(ctx, file, coding)) ??
        (isComputable ? await this.#computed(ctx, file, coding) : undefined);
      if (content !== undefined) return content;
      offered = offered.filter((other) => other !== coding);
    }
    return file.plain;
  }

  async #sibling(ctx: Context, file: FileVersion, coding: Coding): Promise<FileContent | undefined> {
    if (!file.siblings.includes(coding)) return undefined;
    const extension = siblingExtensions.find(([of]) => of === coding)![1];
    const sibling = await this.#folder.find(ctx, file.path + extension);
    if (sibling === undefined || sibling.plain.id.modifiedMs < file.plain.id.modifiedMs) return undefined;
    return siblingContent(sibling.plain, file.plain, coding);
  }

  #computed(
    ctx: Context,
    file: FileVersion,
    coding: Coding,
  ): Promise<FileContent | undefined> | FileContent | undefined {
    if (file.coded.has(coding)) return file.coded.get(coding);
    // One coding of a file after the other; who waits for another looks again.
    return this.#compressions
      .do(ctx, file, (ctx) => this.#compress(ctx, file, coding))
      .then(() => this.#computed(ctx, file, coding));
  }

  async #compress(ctx: Context, file: FileVersion, coding: Coding): Promise<FileContent | undefined> {
    using _slot = await this.#slots.acquire(ctx);
    const { plain } = file;
    const data = await compress(coding, plain.data!, levels[coding]);
    const content = data.length < plain.size * worthwhile ? codedContent(plain, coding, data) : undefined;
    this.#folder.keep(file, coding, content);
    return content;
  }
}
