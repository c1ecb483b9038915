/**
 * # flotilla/testing
 *
 * What tests of services need: a clock that stands still, a check that nothing is left behind, and whole fleets in
 * processes of their own.
 *
 *     await using fleet = await startFleet(ctx, 'examples/live/fleet.ts', { dataDir });
 *     const answer = await fetch(`${fleet.app}/v1/rooms`);
 *
 * Rules: nothing here is for production. Not here: assertions (use `node:assert`) and runners (use `node:test`).
 */
export { descendants, type FleetProcess, type FleetProcessOptions, startFleet } from './fleet-process.ts';
export { failOnLeaks } from './leaks.ts';
export { type VirtualClock, virtualClock } from './virtual-clock.ts';
