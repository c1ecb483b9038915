/** Attacks a server until it is ended: `attacker.ts PORT NAME`. Gives way to everybody else on the machine. */
import { spawnSync } from 'node:child_process';
import { setPriority } from 'node:os';
import { Attackers } from './attackers.ts';
import { type AttackName, attacks } from './attacks.ts';

const [port = '', name = ''] = process.argv.slice(2);
const attack = attacks[name as AttackName];
// As real-time processes do, its parent may have given it more than it should have.
spawnSync('chrt', ['-a', '-o', '-p', '0', String(process.pid)]);
setPriority(5);
const attackers = new Attackers({
  port: Number(port),
  connections: attack.connections,
  perSecond: attack.perSecond,
  deed: attack.deed({ dripMs: 1000 }),
});
await attackers.until(({ opened }) => opened >= Math.min(attack.connections, 10 * attack.perSecond));
process.send?.('attacking');
process.on('message', () => process.send?.({ opened: attackers.opened, closedByServer: attackers.closedByServer }));
process.on('disconnect', () => process.exit());
