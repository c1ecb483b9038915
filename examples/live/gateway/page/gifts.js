/** The gifts that can be sent. */
import { get, persist, post, session } from './api.js';
import { busy, byId, make, plural } from './dom.js';

/** @type {Readonly<Record<string, string>>} */
const emojis = { rose: '🌹', cake: '🍰', fireworks: '🎆', rocket: '🚀' };
const group = byId('gifts');
const count = /** @type {HTMLSelectElement} */ (byId('gift-count'));
const note = byId('gift-note');

/** @param {string} kind */
export function emojiOf(kind) {
  return emojis[kind] ?? '🎁';
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
      element?.setAttribute('aria-label', `Send ${count.value} ${kind.name} for ${plural(total, 'coin')}`);
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
    note.textContent = `You sent ${request.count} ${kind.name} ${emojiOf(kind.name)}`;
  };
  persist(() => get('/v1/gifts'), 8)
    .then(({ giftKinds = [] }) => {
      draw(giftKinds);
      count.addEventListener('change', () => label(giftKinds));
      showGifts(room());
    })
    .catch(fail);
}

/** Offers the gifts where they can be sent, and says why where not. @param {any} room */
export function showGifts(room) {
  const me = session();
  const why =
    me === undefined
      ? 'Sign in to send gifts.'
      : room?.hostId === me.id
        ? 'This is your room: gifts come from your guests.'
        : room?.state === 'ROOM_STATE_OPEN'
          ? ''
          : 'This room is closed.';
  for (const element of group.querySelectorAll('button')) element.disabled = why !== '';
  if (why !== '' || !note.textContent?.startsWith('You sent')) note.textContent = why;
}

/** @param {{ name: string, coins: string }} kind @param {() => Promise<void>} send */
function button(kind, send) {
  const element = /** @type {HTMLButtonElement} */ (
    make(
      'button',
      { type: 'button', class: 'gift-button' },
      make('span', { class: 'emoji', 'aria-hidden': 'true' }, emojiOf(kind.name)),
      make('span', {}, kind.name),
      make('span', { class: 'coins' }, '🪙 ', make('span', { class: 'price' })),
    )
  );
  element.addEventListener('click', () => busy(element, send));
  return element;
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
