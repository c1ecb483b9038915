import { type Attributes, type LogRow, logLevels } from '../otlp/records.ts';

/** A log line as the API and the live tail show it. */
export interface LogLine {
  readonly id: number;
  readonly timeMs: number;
  readonly level: string;
  readonly service: string;
  readonly instance: string;
  readonly message: string;
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly attributes: Attributes;
}

export function logLine(id: number, row: LogRow): LogLine {
  return {
    id,
    timeMs: row.timeUs / 1000,
    level: logLevels[row.level] ?? 'info',
    service: row.emitter.service,
    instance: row.emitter.instance,
    message: row.message,
    traceId: row.traceId?.toHex() ?? null,
    spanId: row.spanId?.toHex() ?? null,
    attributes: row.attributes,
  };
}

const maxTextLength = 16 * 1024;

/** What full-text search looks through: the message, and each attribute's value. */
export function searchText(message: string, attributes: Attributes): string {
  let text = message.slice(0, maxTextLength);
  for (const value of Object.values(attributes)) {
    if (text.length >= maxTextLength) break;
    text += ` ${typeof value === 'string' ? value : JSON.stringify(value)}`;
  }
  return text.slice(0, maxTextLength);
}
