import { type Context, chan } from '../../concurrency/index.ts';
import type { ServerSentEvent } from '../../net/http/index.ts';
import { logLevels } from '../otlp/records.ts';
import { matchesFields, matchesText, parseLogSearch } from '../query/log-search.ts';
import { type LogLine, searchText } from '../store/log-line.ts';
import type { Store } from '../store/store.ts';

export interface TailFilter {
  readonly q: string;
  readonly service: string;
  /** The least level, as an index. */
  readonly level: number;
}

/** Lines that a slow reader has not taken yet; of more the oldest are dropped, and the reader is told how many. */
const maxWaiting = 1000;

/**
 * The lines that match, as they are stored, until `ctx` ends. An event of the name `dropped` says how many lines the
 * reader was too slow for.
 */
export async function* tailLogs(ctx: Context, store: Store, filter: TailFilter): AsyncIterable<ServerSentEvent> {
  const matches = matcher(filter);
  const waiting = chan<LogLine>(maxWaiting);
  let dropped = 0;
  const stop = store.onLogs((lines) => {
    for (const line of lines) {
      if (!matches(line) || waiting.trySend(line)) continue;
      waiting.tryRecv();
      dropped++;
      waiting.trySend(line);
    }
  });
  try {
    for await (const line of waiting.values(ctx)) {
      if (dropped > 0) yield { event: 'dropped', data: { count: dropped } };
      dropped = 0;
      yield { id: String(line.id), data: line };
    }
  } finally {
    stop();
  }
}

function matcher({ q, service, level }: TailFilter): (line: LogLine) => boolean {
  const search = parseLogSearch(q);
  return (line) => {
    if (service !== '' && line.service !== service) return false;
    if (level > 0 && logLevels.indexOf(line.level as (typeof logLevels)[number]) < level) return false;
    return matchesFields(search, line) && matchesText(search, searchText(line.message, line.attributes));
  };
}
