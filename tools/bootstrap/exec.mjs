import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isAbsolute, resolve } from 'node:path';

/** An error whose message says all: it is printed without a stack. */
export class ExpectedError extends Error {
  expected = true;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs a program and swallows its output, unless it fails. A signal ends the program first, then this process. */
export function run(command, args, options = {}) {
  return new Promise((done, failed) => {
    let received;
    const hand = (signal) => {
      received = signal;
      child.kill(signal);
    };
    // Before the program starts: it may run, and a signal come, before the next line here does.
    for (const signal of signals) process.on(signal, hand);
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => failed(new ExpectedError(`${command} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, hand);
      if (received !== undefined) process.exit(128 + constants.signals[received]);
      if (code === 0) return done(output);
      failed(
        new ExpectedError(
          `${output.trimEnd()}\n\n${command} ${args.join(' ')} failed (${signal ?? `exit code ${code}`})`,
        ),
      );
    });
  });
}

/** Runs one step and prints a line for it: what, and how long it took. */
export async function step(title, work) {
  const started = Date.now();
  const tty = process.stdout.isTTY;
  if (tty) process.stdout.write(`  … ${title}`);
  try {
    await work();
  } catch (error) {
    console.log(`${tty ? '\r' : ''}  ✗ ${title}`);
    throw error;
  }
  console.log(`${tty ? '\r' : ''}  ✓ ${title} ${((Date.now() - started) / 1000).toFixed(1)}s`);
}

/**
 * Replaces this process by the program where this Node can (process.execve); else starts it, hands signals on, ends it
 * when npm above us is gone, and exits as it exits. `endsWithParent`: the program, a fleet, watches npm itself.
 */
export function become(command, args, { endsWithParent = false } = {}) {
  const path = isAbsolute(command) ? command : resolve(command);
  const env = { ...process.env };
  env.NODE_COMPILE_CACHE ??= resolve('node_modules/.cache/flotilla/compile');
  // npm marks its scripts with this; a program started by it must not take npm's Node for its own.
  delete env.NODE;
  // Ours or nobody's: every process below would take it for the id of its own parent.
  delete env.FLOTILLA_WATCH_PARENT;
  if (typeof process.execve === 'function') {
    if (endsWithParent) env.FLOTILLA_WATCH_PARENT = String(process.ppid);
    process.execve(path, [path, ...args], env);
    return;
  }
  if (endsWithParent) env.FLOTILLA_WATCH_PARENT = String(process.pid);
  const child = spawn(path, args, { stdio: 'inherit', env });
  child.on('error', (error) => {
    console.error(`${path} could not be started: ${error.message}`);
    process.exit(1);
  });
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, 500);
  child.on('exit', (code, signal) => {
    clearInterval(watch);
    process.exit(signal === null ? code : 128 + constants.signals[signal]);
  });
}
