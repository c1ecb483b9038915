import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory with services made of the fixture, which a test may change and break. */
export interface Project extends Disposable {
  readonly directory: string;
  path(name: string): string;
  /** Writes a file; gives its path. */
  write(name: string, text: string): string;
  /** Adds `<name>/main.ts`, a copy of the fixture. */
  service(name: string): string;
  /** Replaces a text in a file. */
  edit(name: string, from: string | RegExp, to: string): void;
}

export function project(): Project {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-fleet-'));
  const path = (name: string) => join(directory, name);
  const write = (name: string, text: string) => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
    return path(name);
  };
  write('package.json', '{ "type": "module" }');
  return {
    directory,
    path,
    write,
    service(name) {
      const file = write(`${name}/main.ts`, '');
      copyFileSync(join(import.meta.dirname, 'service.ts'), file);
      return file;
    },
    edit: (name, from, to) => writeFileSync(path(name), readFileSync(path(name), 'utf8').replace(from, to)),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
}
