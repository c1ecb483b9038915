import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM of a certificate and its key. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Issued {
  /** A certificate of this authority for the names, which are those of hosts unless they say `URI:` or `IP:`. */
  issue(commonName: string, names?: readonly string[]): Issued;
}

/** Why tests with certificates cannot run here; false if they can. In CI that is a failure. */
export const noOpenssl: string | false = locate();

function locate(): string | false {
  const { stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  if (stdout?.startsWith('OpenSSL 3')) return false;
  const reason = 'it makes its certificates with openssl 3, which is not here';
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

/** A fresh authority. */
export function authority(commonName = 'Test CA'): Authority {
  const own = make(commonName, ['basicConstraints=critical,CA:TRUE'], undefined);
  return {
    ...own,
    issue(name, names = [name]) {
      const altNames = names.map((alt) => (/^(URI|IP):/.test(alt) ? alt : `DNS:${alt}`)).join(',');
      return make(name, [`subjectAltName=${altNames}`, 'basicConstraints=CA:FALSE'], own);
    },
  };
}

function make(commonName: string, extensions: readonly string[], issuer: Issued | undefined): Issued {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-cert-'));
  try {
    const file = (name: string) => join(folder, name);
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    args.push('-subj', `/O=Test/CN=${commonName}`, '-keyout', file('key'), '-out', file('cert'));
    args.push(...extensions.flatMap((extension) => ['-addext', extension]));
    if (issuer !== undefined) {
      writeFileSync(file('ca'), issuer.cert);
      writeFileSync(file('cakey'), issuer.key);
      args.push('-CA', file('ca'), '-CAkey', file('cakey'));
    }
    // Its own defaults would make every certificate an authority.
    writeFileSync(file('conf'), '[req]\ndistinguished_name=dn\n[dn]\n');
    const { status, stderr } = spawnSync('openssl', [...args, '-config', file('conf')], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl: ${stderr}`);
    return { cert: readFileSync(file('cert'), 'utf8'), key: readFileSync(file('key'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
