import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const program = `
  const { createCodecs, plainCodecs } = await import('./codecs.ts');
  const { TimestampSchema } = await import('@bufbuild/protobuf/wkt');
  const { create } = await import('@bufbuild/protobuf');
  const codecs = createCodecs();
  const codec = codecs.codec(TimestampSchema);
  const { seconds } = codec.decode(codec.encode(create(TimestampSchema, { seconds: 42n })));
  console.log(codecs === plainCodecs ? 'plain' : 'compiled', seconds);
`;

for (const [forbidden, kind] of [
  [false, 'compiled'],
  [true, 'plain'],
] as const)
  test(`codecs are ${kind} where code generation is ${forbidden ? 'forbidden' : 'allowed'}`, () => {
    const flags = forbidden ? ['--disallow-code-generation-from-strings'] : [];

    const { stdout, stderr } = spawnSync(
      process.execPath,
      [...flags, '--input-type=module-typescript', '-e', program],
      {
        cwd: import.meta.dirname,
        encoding: 'utf8',
      },
    );

    assert.equal(stdout, `${kind} 42n\n`, stderr);
  });
