import { hash } from 'node:crypto';
import type { Coding } from '../reply/negotiate.ts';
import type { Validators } from './conditional.ts';
import { type FileId, isSettled } from './file-id.ts';

/** The bytes that answer for a file, as they are or in a coding. */
export interface FileContent {
  readonly coding: Coding | undefined;
  readonly size: number;
  readonly validators: Validators;
  /** Small content is kept in memory. */
  readonly data: Uint8Array | undefined;
  /** Where the bytes are on disk. */
  readonly name: string;
  readonly id: FileId;
}

/** The content of a file as it is on disk. Its tag is made of the bytes where they are at hand, else of size and time. */
export function plainContent(name: string, id: FileId, data: Uint8Array | undefined, nowMs: number): FileContent {
  const { size, modifiedMs } = id;
  // Last-Modified must be a time after which a change would have shown (RFC 9110, section 8.8.2.2), and not in the future.
  const isDated = isSettled(modifiedMs, nowMs) && modifiedMs >= 0 && modifiedMs < nowMs;
  const etag = data === undefined ? `"${tagOf(id)}"` : `"${hash('sha256', data, 'base64url').slice(0, 22)}"`;
  const validators = {
    etag: data === undefined && !isSettled(modifiedMs, nowMs) ? `W/${etag}` : etag,
    modifiedMs: isDated ? modifiedMs : undefined,
  };
  return { coding: undefined, size, validators, data, name, id };
}

/** The same file in a coding: other bytes, so another tag. */
export function codedContent(plain: FileContent, coding: Coding, data: Uint8Array): FileContent {
  const { etag, modifiedMs } = plain.validators;
  const validators = { etag: etag!.replace(/"$/, `-${coding}"`), modifiedMs };
  return { ...plain, coding, size: data.length, validators, data };
}

/** What lies in a file beside it, made by somebody else. */
export function siblingContent(sibling: FileContent, plain: FileContent, coding: Coding): FileContent {
  const etag = sibling.validators.etag!.replace(/"$/, `-${coding}"`);
  return { ...sibling, coding, validators: { etag, modifiedMs: plain.validators.modifiedMs } };
}

function tagOf({ size, modifiedMs }: FileId): string {
  return `${size.toString(36)}-${Math.round(modifiedMs * 1000).toString(36)}`;
}
