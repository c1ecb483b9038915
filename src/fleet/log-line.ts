/** One line of the log of a service, as `observe` prints it. */
export interface RecordLine {
  readonly kind: 'record';
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Whatever else a process prints. */
export interface TextLine {
  readonly kind: 'text';
  readonly text: string;
}

export type LogLine = RecordLine | TextLine;

/** Fields that every line has, which say nothing new beside its source; the rest is shown. */
const hidden: ReadonlySet<string> = new Set([
  'time',
  'level',
  'service',
  'instance',
  'message',
  'spanId',
  'pid',
  'hostname',
  'v',
]);

export function parseLogLine(line: string): LogLine {
  if (!line.startsWith('{')) return { kind: 'text', text: line };
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return { kind: 'text', text: line };
  }
  if (typeof record !== 'object' || record === null) return { kind: 'text', text: line };
  const { time, level, message, ...rest } = record as Record<string, unknown>;
  if (typeof level !== 'string' || typeof message !== 'string') return { kind: 'text', text: line };
  const fields = Object.fromEntries(Object.entries(rest).filter(([name]) => !hidden.has(name)));
  return { kind: 'record', time: typeof time === 'string' ? time : '', level, message, fields };
}

/**
 * Whether the line tells of one call that went well or was the caller's fault (`info` or below). Decided on the text,
 * since under load there are thousands per second and most are not shown.
 */
export function isCallLine(line: string): boolean {
  if (!line.startsWith('{') || !line.includes('"durationMs":') || !line.includes('"side":"')) return false;
  return line.includes('"level":"info"') || line.includes('"level":"debug"');
}

/** Whether such a line tells of a call that this service answered, not one that it made. */
export function isServerCallLine(line: string): boolean {
  return line.includes('"side":"server"');
}

/** Which service of a process that runs several has printed the line: `room-1`, of whatever generation. */
export function instanceOf(line: string): string | undefined {
  return /"instance":"([a-z][a-z0-9-]*)(?:\.\d+)?"/.exec(line)?.[1];
}

/** `key=value key="two words"`, one line, control characters escaped: a value may come from a stranger. */
export function formatFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${printable(name)}=${formatValue(value)}`)
    .join(' ');
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=\p{C}]+$/u.test(value) ? value : JSON.stringify(printable(value));
  return printable(JSON.stringify(value) ?? String(value));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** The text without anything that a terminal would obey: each control character but tab and line feed as `\x1b`. */
export function printable(text: string): string {
  return text.replace(controls, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
