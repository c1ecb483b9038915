/**
 * The table in docs/guide/go-tests.md: every comment `// Go: <file> <test>` above a test of ours, with the title of that
 * test. `node tools/go-tests.ts` writes it; the test of this file fails where the page is behind the comments.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs', 'guide', 'go-tests.md');
const sources = ['src/concurrency/**/*.{test,contract}.ts', 'test/conformance/**/*.test.ts'];
const [begin, end] = ['<!-- begin: tools/go-tests.ts writes this -->', '<!-- end -->'];

export interface Counterpart {
  /** `src/context/x_test.go`. */
  readonly goFile: string;
  /** `TestDeadline, TestTimeout`; empty where the file is the test. */
  readonly goTest: string;
  readonly file: string;
  readonly title: string;
}

/** The counterparts that the comments of a file name. Throws where a comment stands above no test. */
export function counterparts(file: string, text: string): Counterpart[] {
  return [...text.matchAll(/^ *\/\/ Go: (.+)$/gm)].flatMap(({ 1: names = '', index }) => {
    const title = /\b(?:test|it)\(\s*(['"`])(.*?)\1,/s.exec(text.slice(index))?.[2];
    if (title === undefined) throw new Error(`${file}: no test follows "// Go: ${names}"`);
    return names.split('; ').map((name) => {
      const [goFile = '', ...rest] = name.split(' ');
      return { goFile: goFile.replace(/,$/, ''), goTest: rest.join(' '), file, title };
    });
  });
}

/** The table as Markdown. */
export function table(found: readonly Counterpart[]): string {
  const rows = found
    .toSorted((a, b) => compare(a.goFile, b.goFile) || compare(a.goTest, b.goTest) || compare(a.title, b.title))
    .map(({ goFile, goTest, file, title }) => {
      const go = goTest === '' ? `\`${goFile}\`` : `\`${goFile}\` ${goTest}`;
      return `| ${go} | ${title.replaceAll('|', '\\|').replaceAll('${', '{')} | \`${file}\` |`;
    });
  return ['| Go | our test | file |', '|---|---|---|', ...rows].join('\n');
}

/** The page with the table as it must be now. */
export function expectedPage(): { readonly now: string; readonly expected: string } {
  const found = globSync(sources, { cwd: root }).flatMap((file) =>
    counterparts(file, readFileSync(join(root, file), 'utf8')),
  );
  const now = readFileSync(page, 'utf8');
  const [head = '', rest = ''] = now.split(begin);
  const tail = rest.split(end)[1] ?? '';
  return { now, expected: `${head}${begin}\n\n${table(found)}\n\n${end}${tail}` };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

if (import.meta.main) writeFileSync(page, expectedPage().expected);
