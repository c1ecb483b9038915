/** The gifts that can be sent. */
import { get, persist, post, session } from './api.js';
import { busy, byId, icon, make, plural } from './dom.js';

const drawn = new Set(['rose', 'cake', 'fireworks', 'rocket']);
const group = byId('gifts');
const count = /** @type {HTMLSelectElement} */ (byId('gift-count'));
const note = byId('gift-note');

/** The picture of a gift; a parcel for one that this page does not know. @param {string} kind */
export function pictureOf(kind) {
  return icon(drawn.has(kind) ? kind : 'present');
}

/** @param {{ fail: (error: unknown) => void, coins: (left?: string) => void, room: () => any }} app */
export function setUpGifts({ fail, coins, room }) {
  const draw = (/** @type {{ name: string, coins: string }[]} */ kinds) => {
    group.replaceChildren(...kinds.map((kind) => button(kind, () => send(kind).catch(fail))));
    label(kinds);
  };
  const label = (/** @type {{ name: string, coins: string }[]} */ kinds) => {
    for (const [i, kind] of kinds.entries()) {
      const total = Number(kind.coins) * Number(count.value);
      const element = group.children[i];
      element?.setAttribute('aria-label', `Send ${count.value} × ${kind.name} for ${plural(total, 'coin')}`);
      const price = element?.querySelector('.price');
      if (price) price.textContent = total.toLocaleString();
    }
  };
  const send = async (/** @type {{ name: string, coins: string }} */ kind) => {
    const { id } = room() ?? {};
    if (id === undefined) return;
    const request = { gift: kind.name, count: Number(count.value), requestKey: newKey() };
    // The key makes it safe to ask again: the coins move once.
    const sent = await persist(() => post(`/v1/rooms/${encodeURIComponent(id)}/gifts`, request));
    coins(sent.coinsLeft ?? '0');
    note.textContent = `You sent ${request.count} × ${kind.name}.`;
  };
  persist(() => get('/v1/gifts'), 8)
    .then(({ giftKinds = [] }) => {
      draw(giftKinds);
      count.addEventListener('change', () => label(giftKinds));
      showGifts(room());
    })
    .catch(fail);
}

/** Offers the gifts where they can be sent, and says why where not. @param {any} room Undefined: not known yet. */
export function showGifts(room) {
  const why = room === undefined ? '' : obstacle(room);
  for (const element of group.querySelectorAll('button')) element.disabled = room === undefined || why !== '';
  // What was sent last may stand there, in the room that it was sent in.
  if (room === undefined || why !== '' || !note.textContent?.startsWith('You sent')) note.textContent = why;
}

/** @param {any} room */
function obstacle(room) {
  const me = session();
  if (me === undefined) return 'Sign in to send gifts.';
  if (room.hostId === me.id) return 'This is your room: gifts come from your guests.';
  return room.state === 'ROOM_STATE_OPEN' ? '' : 'This room is closed.';
}

/** @param {{ name: string, coins: string }} kind @param {() => Promise<void>} send */
function button(kind, send) {
  const element = /** @type {HTMLButtonElement} */ (
    make(
      'button',
      { type: 'button', class: 'gift-button' },
      pictureOf(kind.name),
      make('span', {}, kind.name),
      make('span', { class: 'coins' }, icon('coin'), make('span', { class: 'price' })),
    )
  );
  element.addEventListener('click', () => busy(element, send));
  return element;
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
