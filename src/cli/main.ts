#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Before anything else is loaded: it saves a third of the start.
enableCompileCache();
process.exitCode = 1;
import('./program.ts')
  .then(({ runProgram }) => runProgram(process.argv.slice(2)))
  .then((code) => {
    process.exit(code);
  });
