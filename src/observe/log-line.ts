import type { FixedPart, LogError, LogRecord } from './otlp/encode-log.ts';
import type { CleanValue } from './redact.ts';
import type { Level, Resource } from './telemetry.ts';

/** Turns a record into one line, with its line break. */
export type FormatLine = (record: LogRecord) => string;

/** Names that the line has of its own; a field called the same is shown as `field.<name>`. */
export const reservedNames: ReadonlySet<string> = new Set([
  'time',
  'level',
  'service',
  'instance',
  'message',
  'traceId',
  'spanId',
  'tenant',
  'lane',
  'error',
]);

/** A line longer than this loses its fields, one after the other, from the end. */
const maxLineLength = 64 * 1024;

/** `{"time":"...","level":"info","service":...,"instance":...,"message":...,"traceId":...,<fields>,"error":{...}}` */
export function jsonLines(resource: Resource): FormatLine {
  const who = `,"service":${JSON.stringify(resource.service)},"instance":${JSON.stringify(resource.instance)},"message":`;
  const time = isoTime();
  const encoded = new WeakMap<FixedPart, { readonly message: string; readonly fields: string }>();
  return (record) => {
    const { fixed } = record;
    let known = fixed === undefined ? undefined : encoded.get(fixed);
    if (fixed !== undefined && known === undefined) {
      known = { message: quote(fixed.message), fields: fixed.fields.map(jsonField).join('') };
      encoded.set(fixed, known);
    }
    const message = known === undefined ? quote(record.message) : known.message;
    let line = `{"time":"${time(record.timeMs)}","level":"${record.level}"${who}${message}`;
    if (record.traceId !== '') line += `,"traceId":"${record.traceId}","spanId":"${record.spanId}"`;
    if (record.tenant !== '') line += `,"tenant":${quote(record.tenant)}`;
    if (record.lane !== '') line += `,"lane":${quote(record.lane)}`;
    if (known !== undefined) line += known.fields;
    const first = fixed === undefined ? 0 : fixed.fields.length;
    let left = record.fields.length - first;
    for (let i = first; i < record.fields.length; i++) {
      const field = jsonField(record.fields[i]!);
      if (line.length + field.length > maxLineLength) {
        line += `,"droppedFields":${left}`;
        break;
      }
      line += field;
      left--;
    }
    if (record.error !== undefined) line += `,"error":${JSON.stringify(record.error)}`;
    return `${line}}\n`;
  };
}

function jsonField([name, value]: LogRecord['fields'][number]): string {
  return fieldName(name) + (typeof value === 'string' ? quote(value) : JSON.stringify(value));
}

/**
 * One line for people: `12:34:56.789 INFO  room-1  room opened  room=7 trace=4bf92f35`. The chain of an error follows,
 * indented.
 */
export function prettyLines(resource: Resource): FormatLine {
  return (record) => {
    const fields = record.fields.map(([name, value]) => ` ${name}=${prettyValue(value)}`).join('');
    const trace = record.traceId === '' ? '' : ` trace=${record.traceId.slice(0, 8)}`;
    const tenant = record.tenant === '' ? '' : ` tenant=${record.tenant}`;
    const lane = record.lane === '' ? '' : ` lane=${record.lane}`;
    const head = `${clockTime(record.timeMs)} ${levelNames[record.level]} ${resource.instance}  ${oneLine(record.message)}`;
    return `${head} ${fields}${tenant}${lane}${trace}${prettyError(record.error)}\n`;
  };
}

/** A short text mostly needs no escapes, and looking at its characters is quicker than a call of JSON.stringify. */
function quote(text: string): string {
  if (text.length > maxLookedAt) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character < 0x20 || character > 0x7e || character === 0x22 || character === 0x5c) return JSON.stringify(text);
  }
  return `"${text}"`;
}

const maxLookedAt = 100;

/** `,"name":`. A pure cache: the same few names come with every line. */
const fieldNames = new Map<string, string>();
const maxFieldNames = 1000;

function fieldName(name: string): string {
  let text = fieldNames.get(name);
  if (text === undefined) {
    text = `,${JSON.stringify(name)}:`;
    if (fieldNames.size < maxFieldNames) fieldNames.set(name, text);
  }
  return text;
}

const levelNames: Readonly<Record<Level, string>> = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO ',
  warn: 'WARN ',
  error: 'ERROR',
  fatal: 'FATAL',
};

function prettyValue(value: CleanValue): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? oneLine(value) : oneLine(JSON.stringify(value));
}

function prettyError(error: LogError | undefined): string {
  return error === undefined ? '' : `\n    ${error.stack.split('\n').map(oneLine).join('\n    ')}`;
}

/** Control characters would let a logged text move the cursor of a terminal or forge a second line. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is shown harmlessly here
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => {
    return character < ' ' ? JSON.stringify(character).slice(1, -1) : `\\u00${character.charCodeAt(0).toString(16)}`;
  });
}

function clockTime(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${seconds}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** ISO 8601 with milliseconds. Lines come many to a second, so the part up to the second is kept. */
function isoTime(): (epochMs: number) => string {
  let second = Number.NaN;
  let prefix = '';
  return (epochMs) => {
    const now = Math.floor(epochMs / 1000);
    if (now !== second) {
      second = now;
      prefix = new Date(now * 1000).toISOString().slice(0, 20);
    }
    return `${prefix}${String(Math.floor(epochMs - now * 1000)).padStart(3, '0')}Z`;
  };
}
