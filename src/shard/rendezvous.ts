import { murmur3 } from './murmur3.ts';

/**
 * The ids in the order of their claim to the key (Thaler and Ravishankar, 1998), the first one highest. Who leaves changes
 * nothing in the order of the others, and who joins stands somewhere among them: so the first few of many ids stay nearly
 * the same whatever the list does.
 */
export function rendezvousRank<T extends { readonly id: string }>(key: string, members: readonly T[]): T[] {
  const seed = murmur3(key);
  return members
    .map((member) => ({ member, claim: murmur3(member.id, seed) }))
    .sort((a, b) => b.claim - a.claim || (a.member.id < b.member.id ? -1 : 1))
    .map(({ member }) => member);
}
