import { chan } from '../../channel/local-channel.ts';
import { background } from '../../context/context-tree.ts';
import { group } from '../../group/group.ts';

// Two tasks that each wait for what only the other could send, and their owner who waits for both.
const orders = chan<string>(0, { name: 'orders' });
const bills = chan<string>(0, { name: 'bills' });

async function shop() {
  const bill = await bills.recv(background());
  await orders.send(background(), `paid ${bill}`);
}

async function bank() {
  const order = await orders.recv(background());
  await bills.send(background(), `for ${order}`);
}

async function main() {
  const g = group(background());
  g.go(shop);
  g.go(bank);
  await g.wait();
}

if (process.argv.includes('--top-level')) await main();
else void main();
