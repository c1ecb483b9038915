/** The list of rooms, and making one. */
import { ApiError, get, post, session } from './api.js';
import { busy, byId, make, show, timeOf } from './dom.js';

const pageSize = 24;
const rooms = byId('rooms');
const more = /** @type {HTMLButtonElement} */ (byId('rooms-more'));
const createForm = /** @type {HTMLFormElement} */ (byId('create-form'));
const title = /** @type {HTMLInputElement} */ (byId('create-title'));

/** @type {Map<string, Promise<string>>} */
const names = new Map();

let nextPageToken = '';
/** Answers of an earlier visit are not shown in a later one. */
let visit = 0;

/** @param {(error: unknown) => void} fail */
export function setUpLobby(fail) {
  more.addEventListener('click', () => busy(more, () => load(false)).catch(fail));
  createForm.addEventListener('submit', (event) => {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement} */ (createForm.querySelector('button'));
    busy(button, async () => {
      const room = await post('/v1/rooms', { title: title.value });
      title.value = '';
      location.hash = `#/rooms/${room.id}`;
    }).catch(fail);
  });
  const showCreate = () => show(createForm, session() !== undefined);
  addEventListener('session', showCreate);
  showCreate();
}

/** Shows the first page of rooms. */
export async function enterLobby() {
  nextPageToken = '';
  visit++;
  await load(true);
}

/** @param {boolean} fresh */
async function load(fresh) {
  const mine = visit;
  rooms.setAttribute('aria-busy', 'true');
  try {
    const page = await get(`/v1/rooms?pageSize=${pageSize}&pageToken=${encodeURIComponent(nextPageToken)}`);
    if (mine !== visit) return;
    if (fresh) rooms.replaceChildren();
    for (const room of page.rooms ?? []) rooms.append(card(room));
    nextPageToken = page.nextPageToken ?? '';
    show(more, nextPageToken !== '');
    show(byId('rooms-empty'), rooms.childElementCount === 0);
  } catch (error) {
    if (mine === visit)
      throw error instanceof ApiError ? error : new Error('The rooms could not be shown.', { cause: error });
  } finally {
    if (mine === visit) rooms.removeAttribute('aria-busy');
  }
}

/** @param {{ id: string, title: string, state: string, hostId: string, createTime: string }} room */
function card(room) {
  const open = room.state === 'ROOM_STATE_OPEN';
  const link = make('a', { href: `#/rooms/${encodeURIComponent(room.id)}` }, room.title);
  const state = make('span', { class: open ? 'badge open' : 'badge' }, open ? 'open' : 'closed');
  const host = make('span');
  nameOf(room.hostId).then((name) => {
    host.textContent = name === '' ? '' : ` by ${name}`;
  });
  return make(
    'li',
    { class: 'card' },
    link,
    make(
      'div',
      { class: 'hint facts' },
      state,
      host,
      make('time', { datetime: room.createTime }, timeOf(room.createTime)),
    ),
  );
}

/** The name of an account, asked for once; empty where it cannot be had. @param {string} id */
function nameOf(id) {
  let name = names.get(id);
  if (name === undefined) {
    name = get(`/v1/accounts/${encodeURIComponent(id)}`).then(
      (account) => account.name ?? '',
      () => {
        names.delete(id);
        return '';
      },
    );
    names.set(id, name);
  }
  return name;
}
