import { HttpErrors } from '../../http-errors.ts';
import type { Binder } from '../binder.ts';
import type { BodyFormat, BodySource } from '../body-source.ts';
import { foreignType, parseContentType, refuseEncoding } from '../content-type.ts';
import { FormFields, type FormValues } from '../form-fields.ts';
import { FormPart, FormReader } from './form-part.ts';

/** Bounds of a multipart form. The whole of it is bounded by the route's `maxBodyBytes`. */
export interface MultipartOptions {
  /** Fields and files together. Default: 100. */
  readonly maxParts?: number;
  /** Default: 10. */
  readonly maxFiles?: number;
  /** Of one field, in bytes. Default: 64 KiB. */
  readonly maxFieldBytes?: number;
  /** Of one file, in bytes. Default: what the route's `maxBodyBytes` leaves. */
  readonly maxFileBytes?: number;
  /** Of the headers of one part, in bytes. Default: 4 KiB. */
  readonly maxPartHeaderBytes?: number;
}

/** A file of a form, in memory. */
export interface UploadedFile {
  /** As the client calls it, without folders. Never make a path of it. */
  readonly filename: string;
  /** What the client says: look at the bytes before you believe it. */
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

const type = 'multipart/form-data';

/**
 * Reads forms with files (`multipart/form-data`, RFC 7578) into memory: fields are strings, files {@link UploadedFile}s, lists where a name
 * came several times; a file input where none was chosen is left out. Raise the route's `maxBodyBytes` to what the files need;
 * each call may hold that much. For files that should not be held see {@link formParts}.
 *
 * What `form()` says of forms from other sites holds here too.
 */
export function multipart(options: MultipartOptions = {}): Binder {
  const limits = limitsOf(options);
  return {
    contentTypes: [type],
    read: async (source) => {
      const fields = new FormFields<string | UploadedFile>(limits.maxParts);
      for await (const part of readParts(source, limits)) await addPart(fields, part);
      return fields.values satisfies FormValues<string | UploadedFile>;
    },
  };
}

/**
 * The parts of a form with files, one after the other, each to be read as it arrives, with backpressure to the client. The handler runs
 * before the form has been checked: what is broken or too large throws where it is read.
 *
 *     router.post('/photos', { body: formParts(), maxBodyBytes: 1e9 }, async (ctx, req) => {
 *       for await (const part of req.body) if (part.filename !== undefined) await store(ctx, part.chunks());
 *     });
 */
export function formParts(options: MultipartOptions = {}): BodyFormat<AsyncIterable<FormPart>> {
  const limits = limitsOf(options);
  return {
    read: (source) => {
      refuseEncoding(source.request.header('content-encoding'));
      return readParts(source, limits);
    },
  };
}

type Limits = Required<MultipartOptions>;

function limitsOf(options: MultipartOptions): Limits {
  const limits: Limits = {
    maxParts: options.maxParts ?? 100,
    maxFiles: options.maxFiles ?? 10,
    maxFieldBytes: options.maxFieldBytes ?? 64 * 1024,
    maxFileBytes: options.maxFileBytes ?? Number.POSITIVE_INFINITY,
    maxPartHeaderBytes: options.maxPartHeaderBytes ?? 4 * 1024,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value >= 0)) throw new RangeError(`multipart: ${name} is ${value}; it must be a number from 0`);
  }
  return limits;
}

/** Throws 415 at once for another content type, or a bad boundary. */
function readParts(source: BodySource, limits: Limits): AsyncIterable<FormPart> {
  const boundary = boundaryOf(source.request.header('content-type'));
  return partsOf(source, boundary, limits);
}

async function* partsOf(source: BodySource, boundary: string, limits: Limits): AsyncGenerator<FormPart> {
  const reader = new FormReader(source.chunks(), boundary, limits);
  let files = 0;
  try {
    for (;;) {
      const event = await reader.next();
      if (event.kind === 'done') return;
      if (event.kind !== 'part') continue;
      const { head } = event;
      const isFile = head.filename !== undefined;
      if (isFile) files++;
      if (files > limits.maxFiles) throw HttpErrors.BODY_TOO_LARGE(`the form has more than ${limits.maxFiles} files`);
      const part = new FormPart(reader, head, isFile ? limits.maxFileBytes : limits.maxFieldBytes);
      yield part;
      await part.finish();
    }
  } finally {
    await reader.close();
  }
}

async function addPart(fields: FormFields<string | UploadedFile>, part: FormPart): Promise<void> {
  const { name, filename, contentType } = part;
  if (filename === undefined) {
    fields.add(name, await part.text());
    return;
  }
  const bytes = await part.bytes();
  if (filename !== '' || bytes.length > 0) fields.add(name, { filename, contentType, bytes });
}

/** RFC 2046, section 5.1.1. */
const boundaryText = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

function boundaryOf(contentType: string | undefined): string {
  const parsed = contentType === undefined ? undefined : parseContentType(contentType);
  if (parsed?.essence !== type) throw foreignType(contentType, [type]);
  const boundary = parsed.parameters.get('boundary') ?? '';
  if (!boundaryText.test(boundary)) {
    throw HttpErrors.MALFORMED_FORM(
      'the body is not a multipart form: its content type has no boundary of 1 to 70 characters',
    );
  }
  return boundary;
}
