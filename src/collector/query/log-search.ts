import type { LogLine } from '../store/log-line.ts';

/**
 * What a person typed to search logs: words and "phrases" that must all occur, and `field:value` (or `field:"a value"`) for
 * an attribute. A `*` at the end matches what goes on. Case and accents do not matter.
 */
export interface LogSearch {
  readonly phrases: readonly Phrase[];
  readonly fields: readonly FieldMatch[];
}

interface Phrase {
  /** The words, in order and next to each other; never empty. */
  readonly words: readonly string[];
  readonly isPrefix: boolean;
}

interface FieldMatch {
  readonly name: string;
  readonly value: string;
  readonly isPrefix: boolean;
}

const maxTerms = 20;
/** A field's name (not the scheme of a URL), then a phrase or a word; or only those. */
const term = /(?:([A-Za-z_][\w.@-]*):(?!\/\/))?(?:"([^"]*)"?|(\S+))(\*?)/g;

export function parseLogSearch(text: string): LogSearch {
  const phrases: Phrase[] = [];
  const fields: FieldMatch[] = [];
  for (const match of [...text.matchAll(term)].slice(0, maxTerms)) {
    const [, field, quoted, plain = ''] = match;
    const value = quoted ?? plain;
    const isPrefix = quoted === undefined ? value.endsWith('*') : match[4] === '*';
    const bare = quoted === undefined ? value.replace(/\*+$/, '') : value;
    const words = wordsOf(bare);
    if (field !== undefined) fields.push({ name: field, value: fold(bare), isPrefix });
    // What is not part of the searched text cannot be found by its words.
    if (words.length > 0 && !builtIn.has(field ?? '')) phrases.push({ words, isPrefix });
  }
  return { phrases, fields };
}

/**
 * The FTS5 expression that finds all lines with the words, or undefined where no word is left. Every word stands in quotes,
 * so nothing a person types is FTS5 syntax (sqlite.org/fts5.html, section 3.1). The index knows no positions, which makes it
 * a third smaller and quicker to write: whether the words of a phrase stand together says {@link matchesText}.
 */
export function ftsExpression({ phrases }: LogSearch): string | undefined {
  if (phrases.length === 0) return undefined;
  const terms = phrases.flatMap(({ words, isPrefix }) =>
    words.map((word, i) => `"${word}"${isPrefix && i === words.length - 1 ? '*' : ''}`),
  );
  return terms.join(' AND ');
}

/** Whether the fields match; the words are FTS5's business. */
export function matchesFields({ fields }: LogSearch, line: LogLine): boolean {
  return fields.every(({ name, value, isPrefix }) => {
    const found = fieldOf(line, name);
    if (found === undefined) return false;
    const text = fold(typeof found === 'string' ? found : JSON.stringify(found));
    return isPrefix ? text.startsWith(value) : text === value;
  });
}

/** Whether the words and phrases occur in the text. */
export function matchesText({ phrases }: LogSearch, text: string): boolean {
  if (phrases.length === 0) return true;
  const words = wordsOf(text);
  return phrases.every((phrase) => words.some((_, at) => startsAt(words, at, phrase)));
}

function startsAt(words: readonly string[], at: number, { words: wanted, isPrefix }: Phrase): boolean {
  const last = wanted.length - 1;
  return wanted.every((word, i) => {
    const found = words[at + i];
    return i === last && isPrefix ? found?.startsWith(word) === true : found === word;
  });
}

function fieldOf(line: LogLine, name: string): unknown {
  if (Object.hasOwn(line.attributes, name)) return line.attributes[name];
  return builtIn.has(name) ? line[name as keyof LogLine] : undefined;
}

const builtIn: ReadonlySet<string> = new Set(['level', 'service', 'instance', 'message', 'traceId', 'spanId']);

/** Splits as FTS5's unicode61 tokenizer does: letters and digits are words, all else separates. */
function wordsOf(text: string): string[] {
  return fold(text).match(/[\p{L}\p{N}\p{Co}]+/gu) ?? [];
}

function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
}
