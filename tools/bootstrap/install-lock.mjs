import { mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const beatMs = 1000;
const staleAfterMs = 10_000;

/**
 * Two commands in one clone must not install at once: waits for the lock, and gives the function that unlocks it. Its
 * owner touches the file every second; one that was not touched for ten has lost its owner. (A process id in the file
 * would say nothing in another container, and the wrong thing once the id belongs to somebody else.)
 */
export async function lock(root) {
  const folder = join(root, '.flotilla');
  const file = join(folder, 'install.lock');
  mkdirSync(folder, { recursive: true });
  for (let told = false; !take(file); told = true) {
    if (isStale(file)) rmSync(file, { force: true });
    else {
      if (!told) console.log('  … another command installs the packages: waiting for it');
      await new Promise((done) => setTimeout(done, 200));
    }
  }
  const beat = setInterval(() => touch(file), beatMs);
  const unlock = () => {
    clearInterval(beat);
    process.off('exit', unlock);
    rmSync(file, { force: true });
  };
  process.on('exit', unlock);
  return unlock;
}

function take(file) {
  try {
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isStale(file) {
  try {
    return Date.now() - statSync(file).mtimeMs > staleAfterMs;
  } catch {
    return false;
  }
}

function touch(file) {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Somebody removed it by hand.
  }
}
