/** The top senders of a room. */
import { get } from './api.js';
import { byId, icon, make, nameTag, plural, show } from './dom.js';

const list = byId('ranking');
/** The ranking is counted at the same time as the event is told, so it is asked for twice: soon, and once more. */
const pausesMs = [150, 1_200];
/** @type {ReturnType<typeof setTimeout>[]} */
let timers = [];

/** @param {any[]} entries */
export function showRanking(entries) {
  const lines = entries.map(({ name, coins, gifts }, place) =>
    make(
      'li',
      {},
      place === 0 ? icon('crown') : make('span', { class: 'place' }, String(place + 1)),
      nameTag(name),
      make('span', { class: 'hint' }, plural(Number(gifts), 'gift')),
      make('span', { class: 'coins' }, plural(Number(coins), 'coin')),
    ),
  );
  list.replaceChildren(...lines);
  show(byId('ranking-empty'), entries.length === 0);
}

/** Shows it anew in a moment; many calls at once ask once. @param {string} roomId @param {() => boolean} wanted */
export function refreshRanking(roomId, wanted) {
  for (const timer of timers) clearTimeout(timer);
  timers = pausesMs.map((ms) =>
    setTimeout(async () => {
      // The next gift asks again: a failure here is not worth a message.
      const answer = await get(`/v1/rooms/${encodeURIComponent(roomId)}/ranking`).catch(() => undefined);
      if (answer !== undefined && wanted()) showRanking(answer.entries ?? []);
    }, ms),
  );
}
