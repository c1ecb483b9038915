import { test } from 'node:test';
import { twoLanes } from './lanes/two-lanes.ts';

test('two lanes and the baseline under load never see each other, and the calls of a lane that ends go to the baseline', async () => {
  const report = await twoLanes(3_000, 2);

  console.log(JSON.stringify(report));
});
