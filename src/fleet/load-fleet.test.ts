import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadFleet } from './load-fleet.ts';
import { project } from './testdata/project.ts';

const fleetModule = JSON.stringify(new URL('./index.ts', import.meta.url).href);

test('loads a fleet file with its services', async () => {
  using files = project();
  files.service('room');
  const file = files.write(
    'fleet.ts',
    `import { fleet, service } from ${fleetModule};\nexport default fleet({ services: { room: service('./room/main.ts') } });`,
  );

  const loaded = await loadFleet('fleet.ts', files.directory);

  assert.equal(loaded.file, file);
  assert.deepEqual(Object.keys(loaded.definition.services), ['room']);
});

const wrong: readonly (readonly [title: string, source: string, message: RegExp])[] = [
  [
    'a syntax error, with its place',
    'export default ;',
    /bad\.ts cannot be loaded: SyntaxError.*\n +at file:.*bad\.ts:1/,
  ],
  ['an import that fails', `import './nowhere.ts';`, /bad\.ts cannot be loaded: Error: Cannot find module/],
  ['another default export', 'export default { services: {} };', /bad\.ts must say: export default fleet\(/],
  [
    "a service's file that is missing, with the nearest name",
    `import { fleet, service } from ${fleetModule};\nexport default fleet({ services: { room: service('./rom.ts') } });`,
    /services\.room: there is no file \.\/rom\.ts \(did you mean "room\.ts"\?\)/,
  ],
  [
    'a mistake in the options, as it is',
    `import { fleet, service } from ${fleetModule};\nexport default fleet({ services: { room: service('./room.ts', { replicas: 0 }) } });`,
    /services\.room\.replicas is 0/,
  ],
];
for (const [title, source, message] of wrong) {
  test(`tells of ${title}`, async () => {
    using files = project();
    files.write('room.ts', '');
    files.write('bad.ts', source);

    await assert.rejects(loadFleet('bad.ts', files.directory), message);
  });
}

test('tells of a missing fleet file with the nearest name', async () => {
  using files = project();
  files.write('fleet.ts', '');

  await assert.rejects(
    loadFleet('flet.ts', files.directory),
    /there is no fleet file flet\.ts \(did you mean "fleet\.ts"\?\); give its path/,
  );
});
