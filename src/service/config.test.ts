import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { format, inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import * as errors from '../errors/index.ts';
import { type ConfigOptions, loadConfig } from './config.ts';
import { Secret, secret } from './secret.ts';

const schema = z.object({
  port: z.number().int().min(1).max(65_535).default(8080),
  verbose: z.boolean().default(false),
  ratio: z.number().min(0).max(1).optional(),
  mode: z.enum(['dev', 'prod']).default('dev'),
  origins: z.array(z.string()).default([]),
  ports: z.array(z.number().int()).default([]),
  jwtKey: z
    .string()
    .min(8)
    .transform((value) => secret(value))
    .optional(),
  database: z
    .object({ url: z.url().default('sqlite:live.db'), poolSize: z.number().int().min(1).max(100).default(4) })
    .prefault({}),
  labels: z.record(z.string(), z.string()).default({}),
});

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flotilla-config-'));
});
after(() => rm(directory, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

const load = (options: ConfigOptions) => loadConfig(schema, { env: {}, ...options });
const failure = async (options: ConfigOptions, of: StandardSchemaV1<unknown, unknown> = schema) => {
  const error = await loadConfig(of, { env: {}, ...options }).then(
    () => assert.fail('it was accepted'),
    (thrown: unknown) => errors.from(thrown),
  );
  assert.equal(error.reason, 'INVALID_CONFIG', errors.format(error));
  assert.equal(error.code, 'invalid_argument');
  return error.message;
};

describe('loadConfig', () => {
  it('takes defaults < file < environment < flags', async () => {
    const yaml = await file('layers.yaml', 'port: 2\nmode: prod\nverbose: true\n');
    const layers: [ConfigOptions, number][] = [
      [{ defaults: { port: 1 } }, 1],
      [{ defaults: { port: 1 }, file: yaml }, 2],
      [{ defaults: { port: 1 }, file: yaml, prefix: 'LIVE_', env: { LIVE_PORT: '3' } }, 3],
      [{ defaults: { port: 1 }, file: yaml, prefix: 'LIVE_', env: { LIVE_PORT: '3' }, flags: { port: 4 } }, 4],
    ];

    for (const [options, port] of layers) assert.equal((await load(options)).port, port);
    assert.equal((await load({ file: yaml, flags: ['--no-verbose'] })).mode, 'prod');
  });

  it('merges objects key by key and replaces lists', async () => {
    const json = await file('merge.json', JSON.stringify({ database: { poolSize: 9 }, origins: ['c'] }));

    const config = await load({ defaults: { database: { url: 'mysql://db/live' }, origins: ['a', 'b'] }, file: json });

    assert.deepEqual(config.database, { url: 'mysql://db/live', poolSize: 9 });
    assert.deepEqual(config.origins, ['c']);
  });

  it('takes null in a file and an empty variable as not said', async () => {
    const yaml = await file('null.yaml', 'port:\ndatabase:\n');

    const config = await load({ defaults: { port: 7 }, file: yaml, prefix: 'LIVE_', env: { LIVE_PORT: '' } });

    assert.equal(config.port, 7);
    assert.equal(config.database.poolSize, 4);
  });

  const variables: [
    name: string,
    text: string,
    read: (config: z.infer<typeof schema>) => unknown,
    expected: unknown,
  ][] = [
    ['LIVE_PORT', '81', (config) => config.port, 81],
    ['LIVE_VERBOSE', 'true', (config) => config.verbose, true],
    ['LIVE_RATIO', '0.25', (config) => config.ratio, 0.25],
    ['LIVE_MODE', 'prod', (config) => config.mode, 'prod'],
    ['LIVE_ORIGINS', 'https://a, https://b', (config) => config.origins, ['https://a', 'https://b']],
    ['LIVE_ORIGINS', '["x,y"]', (config) => config.origins, ['x,y']],
    ['LIVE_PORTS', '1,2', (config) => config.ports, [1, 2]],
    ['LIVE_DATABASE_URL', 'mysql://db/live', (config) => config.database.url, 'mysql://db/live'],
    ['LIVE_DATABASE_POOL_SIZE', '12', (config) => config.database.poolSize, 12],
    ['LIVE_LABELS_ZONE', 'a', (config) => config.labels, { zone: 'a' }],
    ['LIVE_LABELS', '{"zone":"b"}', (config) => config.labels, { zone: 'b' }],
    ['DB', 'mysql://db/mapped', (config) => config.database.url, 'mysql://db/mapped'],
  ];
  for (const [name, text, read, expected] of variables) {
    it(`reads ${name}=${text}`, async () => {
      const config = await load({
        prefix: 'LIVE_',
        mapping: { DB: 'database.url' },
        env: { [name]: text, HOME: '/x', OTHER_PORT: '1' },
      });

      assert.deepEqual(read(config), expected);
    });
  }

  const flags: [args: string[], read: (config: z.infer<typeof schema>) => unknown, expected: unknown][] = [
    [['--port=81'], (config) => config.port, 81],
    [['--port', '81', '--verbose'], (config) => [config.port, config.verbose], [81, true]],
    [['--verbose', '--mode', 'prod'], (config) => [config.verbose, config.mode], [true, 'prod']],
    [['--database-pool-size=3'], (config) => config.database.poolSize, 3],
    [['--database.poolSize=3'], (config) => config.database.poolSize, 3],
    [['--database-url=mysql://a/b?c=d'], (config) => config.database.url, 'mysql://a/b?c=d'],
  ];
  for (const [args, read, expected] of flags) {
    it(`reads ${args.join(' ')}`, async () => {
      assert.deepEqual(read(await load({ flags: args })), expected);
    });
  }

  it('takes a key that begins with "no" by its own flag', async () => {
    const named = z.object({ noCache: z.boolean(), cacheSize: z.number() });

    const config = await loadConfig(named, { env: {}, flags: ['--no-cache', '--cache-size', '3'] });

    assert.deepEqual(config, { noCache: true, cacheSize: 3 });
  });

  it('takes flags that were parsed before, by any spelling', async () => {
    const config = await load({
      flags: { port: '5', databasePoolSize: 6, 'database.url': 'mysql://a/b', verbose: undefined },
    });

    assert.equal(config.port, 5);
    assert.deepEqual(config.database, { poolSize: 6, url: 'mysql://a/b' });
  });

  it('names path, value, source and valid range of every bad value at once', async () => {
    const yaml = await file('bad.yaml', 'mode: test\ndatabase:\n  poolSize: 400\n');

    const message = await failure({ file: yaml, prefix: 'LIVE_', env: { LIVE_PORT: '99999' }, flags: ['--ratio=2'] });

    assert.match(message, /port is 99999 \(environment LIVE_PORT\): .*; valid: an integer from 1 to 65535/);
    assert.match(message, /mode is "test" \(.*bad\.yaml\): .*; valid: one of "dev", "prod"/);
    assert.match(message, /database\.poolSize is 400 \(.*bad\.yaml\): .*; valid: an integer from 1 to 100/);
    assert.match(message, /ratio is 2 \(flag --ratio\): .*; valid: a number from 0 to 1/);
  });

  it('says where to set what is missing', async () => {
    const required = z.object({ database: z.object({ url: z.string() }) });
    const yaml = await file('missing.yaml', 'database: {}\n');

    const message = await failure({ file: yaml, prefix: 'LIVE_', flags: [] }, required);

    assert.match(
      message,
      /database\.url is not set: .*; set LIVE_DATABASE_URL or "database\.url" in .*missing\.yaml or --database-url/,
    );
  });

  const typos: [what: string, options: () => Promise<ConfigOptions> | ConfigOptions, expected: RegExp][] = [
    [
      'a file',
      async () => ({ file: await file('typo.yaml', 'databse:\n  url: x\n') }),
      /unknown key "databse" in .*typo\.yaml; did you mean "database"\?/,
    ],
    [
      'a nested key of a file',
      async () => ({ file: await file('nested.yaml', 'database:\n  pollSize: 3\n') }),
      /unknown key "database\.pollSize" in .*; did you mean "poolSize"\?/,
    ],
    [
      'the environment',
      () => ({ prefix: 'LIVE_', env: { LIVE_DATABASE_ULR: 'x' } }),
      /unknown key "LIVE_DATABASE_ULR" .*did you mean "LIVE_DATABASE_URL"/,
    ],
    ['the flags', () => ({ flags: ['--prot=1'] }), /unknown key "--prot" among the flags; did you mean "--port"\?/],
    [
      'the defaults',
      () => ({ defaults: { verbos: true } }),
      /unknown key "verbos" in defaults; did you mean "verbose"\?/,
    ],
    ['nothing like it', () => ({ flags: ['--zzz=1'] }), /unknown key "--zzz" among the flags$/],
    [
      'a prototype',
      async () => ({ file: await file('proto.json', '{"__proto__": {"port": 1}}') }),
      /unknown key "__proto__"/,
    ],
  ];
  for (const [what, options, expected] of typos) {
    it(`reports an unknown key in ${what}`, async () => {
      assert.match(await failure(await options()), expected);
    });
  }

  it('never shows the value of a secret', async () => {
    const declared = z.object({
      jwtKey: z.string().min(20),
      pin: z.string().min(20).meta({ format: 'password' }),
      hidden: z.object({ inner: z.string().min(20) }),
      database: z.object({ url: z.string().max(3) }),
    });
    const values = { jwtKey: 'hunter2key', pin: 'hunter2pin', hidden: { inner: 'hunter2inner' } };

    const message = await failure(
      { defaults: { ...values, database: { url: 'mysql://root:hunter2@db/live' } }, secrets: ['hidden'] },
      declared,
    );

    assert.doesNotMatch(message, /hunter2/);
    assert.match(message, /jwtKey is \[secret\] \(defaults\)/);
    assert.match(message, /mysql:\/\/\[secret\]@db\/live/);
  });

  it('shows an object or list without the secrets in it', async () => {
    const database = z.object({ url: z.string(), password: z.string() });
    const users = z.array(z.object({ name: z.string(), token: z.string() }));
    const odd = () => false;
    const defaults = {
      database: { url: 'mysql://root:hunter2@db/live', password: 'hunter2' },
      jwtKeys: ['hunter2'],
      users: [{ name: 'ann', token: 'hunter2' }],
    };

    const parts = z.object({
      database: database.refine(odd),
      jwtKeys: z.array(z.string().min(20)),
      users: users.max(0),
    });
    const whole = z.object({ database, jwtKeys: z.array(z.string()), users }).refine(odd, 'hunter2 is odd');
    const messages = [await failure({ defaults }, parts), await failure({ defaults }, whole)];

    for (const message of messages) assert.doesNotMatch(message, /hunter2/);
    assert.match(messages[0] ?? '', /users is \[\{"name":"ann","token":"\[secret\]"\}\]/);
    assert.match(messages[0] ?? '', /database is \{"url":"mysql:\/\/\[secret\]@db\/live","password":"\[secret\]"\}/);
    assert.match(messages[1] ?? '', /the whole is .*: \[secret\] is odd/);
  });

  it('takes a variable that is named like a property of every object for any other', async () => {
    assert.equal((await load({ env: { constructor: 'x', toString: 'y' } })).port, 8080);
  });

  it('does not repeat the secret that a validator quotes', async () => {
    const quoting: StandardSchemaV1<unknown, unknown> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => ({
          issues: [{ path: ['password'], message: `bad: ${(value as { password: string }).password}` }],
        }),
      },
    };

    assert.match(await failure({ defaults: { password: 'hunter2' } }, quoting), /bad: \[secret\]/);
  });

  it('works with a validator that does not tell its keys: each underscore starts a level', async () => {
    const opaque: StandardSchemaV1<unknown, unknown> = {
      '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
    };

    const config = await loadConfig(opaque, {
      prefix: 'LIVE_',
      env: { LIVE_DATABASE_URL: 'x' },
      flags: { 'database.size': 3 },
    });

    assert.deepEqual(config, { database: { url: 'x', size: 3 } });
  });

  const badFiles: [what: string, text: string | undefined, expected: RegExp][] = [
    ['that is missing', undefined, /cannot be read \(ENOENT\)/],
    ['that is no YAML, without quoting it', 'jwtKey: "hunter2\nport: 1', /:\d+:\d+: (?!.*hunter2)/],
    ['that is a list', '- a\n', /holds a list; it must hold keys with values/],
    ['that is too large', `# ${'x'.repeat(1024 * 1024)}`, /has \d+ bytes; a configuration may have 1048576/],
    [
      'with a bomb of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefg'.replace(/./g, (c) => `${c}: &${c} [${Array(9).fill(`*${String.fromCharCode(c.charCodeAt(0) - 1)}`)}]\n`)}`,
      /alias/i,
    ],
  ];
  for (const [what, text, expected] of badFiles) {
    it(`refuses a file ${what}`, async () => {
      const path = text === undefined ? join(directory, 'nowhere.yaml') : await file('bad-file.yaml', text);
      assert.match(await failure({ file: path }), expected);
    });
  }

  it('goes on without an optional file, and with an empty one', async () => {
    assert.equal((await load({ file: { path: join(directory, 'nowhere.yaml'), optional: true } })).port, 8080);
    assert.equal((await load({ file: await file('empty.yaml', '') })).port, 8080);
  });

  it("refuses the framework's own prefix", async () => {
    await assert.rejects(load({ prefix: 'FLOTILLA_' }), TypeError);
  });
});

describe('a Secret', () => {
  it('prints as [secret] in every way, and reveals its value when asked', async () => {
    const { jwtKey } = await load({ prefix: 'LIVE_', env: { LIVE_JWT_KEY: 'hunter2-and-more' } });
    assert.ok(jwtKey instanceof Secret);

    const prints = [
      `${jwtKey}`,
      String(jwtKey),
      JSON.stringify({ jwtKey }),
      inspect(jwtKey),
      inspect({ jwtKey }, { showHidden: true }),
      format('%s %o %j', jwtKey, jwtKey, jwtKey),
      `${jwtKey}!`,
    ];

    for (const print of prints) {
      assert.doesNotMatch(print, /hunter2/);
      assert.match(print, /\[secret\]/);
    }
    assert.equal(jwtKey.reveal(), 'hunter2-and-more');
  });
});
