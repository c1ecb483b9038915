import type { Attributes } from '../api/answers.ts';

/**
 * The few attributes that are worth their place beside a message: what went wrong first, then short values, and none that the
 * message or the other columns say already. At most `limit`.
 */
export function previewOf(
  attributes: Attributes,
  message: string,
  limit = 4,
): (readonly [name: string, value: string])[] {
  const preview: (readonly [string, string])[] = [];
  const failure = attributes['exception.message'];
  if (typeof failure === 'string' && !message.includes(failure)) preview.push(['error', failure]);
  for (const [name, value] of Object.entries(attributes)) {
    if (preview.length === limit) break;
    if (hidden.has(name) || name.startsWith('exception.') || typeof value === 'object') continue;
    const text = String(value);
    if (text === '' || text.length > 40 || message.includes(text)) continue;
    preview.push([name, text]);
  }
  return preview;
}

const hidden = new Set(['service', 'instance', 'traceId', 'spanId', 'side', 'time', 'level', 'message']);
