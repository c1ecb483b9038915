/**
 * # flotilla/shard
 *
 * Where something belongs: hashing and placement. Pure, and the same answer in every process and release.
 *
 *     const ring = new HashRing<string>();
 *     ring.update([{ id: 'cache-1', weight: 1, value: 'cache-1' }, { id: 'cache-2', weight: 1, value: 'cache-2' }]);
 *     ring.ownerOf('room-7');
 *
 * Rules: what a hash gives never changes, since keys are placed by it that others look for. Not here: who is alive
 * (`flotilla/discovery`), and moving what is stored when an owner changes.
 */
export { HashRing, type RingMember } from './hash-ring.ts';
export { murmur3 } from './murmur3.ts';
export { rendezvousRank } from './rendezvous.ts';
