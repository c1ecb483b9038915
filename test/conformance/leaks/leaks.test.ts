import { scopes } from './scopes.ts';
import { testLeaks } from './soak.ts';
import { waits } from './waits.ts';

testLeaks(waits, 20_000);
testLeaks(scopes, 4000);
