import { scopes } from '../conformance/leaks/scopes.ts';
import { testLeaks } from '../conformance/leaks/soak.ts';
import { waits } from '../conformance/leaks/waits.ts';

const cycles = Number(process.env.FLOTILLA_LEAK_CYCLES ?? 1_000_000);

testLeaks(waits, cycles);
testLeaks(scopes, cycles);
