import { test } from 'node:test';
import { twoLanes } from './lanes/two-lanes.ts';

for (const [how, args] of [
  ['a process per service', []],
  ['a baseline that shares one process', ['--colocate']],
] as const) {
  test(`two lanes and the baseline under load never see each other, and a lane that ends falls to the baseline: ${how}`, async () => {
    const report = await twoLanes(3_000, 2, args);

    console.log(JSON.stringify(report));
  });
}
