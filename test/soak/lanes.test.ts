import { test } from 'node:test';
import { twoLanes } from '../faults/lanes/two-lanes.ts';

const loadMs = Number(process.env.FLOTILLA_LANES_MS ?? 60_000);

test(`two lanes and the baseline under load for ${loadMs} ms never see each other`, async () => {
  const report = await twoLanes(loadMs, 4);

  console.log(JSON.stringify(report));
});
