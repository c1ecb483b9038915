import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { greeting, users } from './content.ts';
import type { Program } from './server-process.ts';

/** nginx that answers the same bytes from its configuration; undefined where it is not installed. */
export function nginxProgram(): Program | undefined {
  const command = ['nginx', '/usr/sbin/nginx'].find((path) => spawnSync(path, ['-v']).status === 0);
  if (command === undefined) return undefined;
  let folder: string | undefined;
  return {
    command: (port) => {
      folder ??= mkdtempSync(join(tmpdir(), 'flotilla-bench-nginx-'));
      const file = join(folder, 'nginx.conf');
      writeFileSync(file, configuration(folder, port));
      return [command, '-p', folder, '-e', 'stderr', '-c', file];
    },
    remove: () => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One worker, no access log, connections that are kept: what one would turn on to see how fast it is. */
function configuration(folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events {
  worker_connections 4096;
}
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 60s;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
  server {
    listen 127.0.0.1:${port} backlog=511;
    location = / {
      default_type "text/plain; charset=utf-8";
      return 200 '${greeting}';
    }
    location /users/ {
      default_type application/json;
      return 200 '${JSON.stringify(users.get('42'))}';
    }
  }
}
`;
}
