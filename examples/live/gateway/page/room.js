/** One room: its chat, gifts and ranking, kept up to date by its events. */
import { ApiError, get, post, session } from './api.js';
import { ChatLog } from './chat-log.js';
import { busy, byId, show } from './dom.js';
import { setUpGifts, showGifts } from './gifts.js';
import { refreshRanking, showRanking } from './ranking.js';
import { follow } from './stream.js';

const toggle = /** @type {HTMLButtonElement} */ (byId('room-toggle'));
const form = /** @type {HTMLFormElement} */ (byId('post-form'));
const text = /** @type {HTMLInputElement} */ (byId('post-text'));
const log = new ChatLog();

/** @type {{ id: string, room?: any, hostName?: string, leave: () => void } | undefined} */
let current;
/** @type {(error: unknown) => void} */
let fail = () => {};

/** @param {{ fail: (error: unknown) => void, coins: () => void }} app */
export function setUpRoom(app) {
  fail = app.fail;
  setUpGifts({ ...app, room: () => current?.room });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const id = current?.id;
    const value = text.value.trim();
    if (id === undefined || value === '') return;
    busy(/** @type {HTMLButtonElement} */ (byId('post-send')), async () => {
      const message = await post(`/v1/rooms/${encodeURIComponent(id)}/messages`, { text: value });
      text.value = '';
      if (current?.id === id) log.addMessage(message);
    })
      .catch(fail)
      .finally(() => text.focus());
  });
  toggle.addEventListener('click', () => {
    const { id, room } = current ?? {};
    if (id === undefined || room === undefined) return;
    const verb = isOpen(room) ? 'close' : 'open';
    busy(toggle, async () => showRoom(await post(`/v1/rooms/${encodeURIComponent(id)}:${verb}`, {}))).catch(fail);
  });
  addEventListener('session', () => {
    if (current?.room !== undefined) showRoom(current.room);
  });
}

/** @param {string} id */
export function enterRoom(id) {
  leaveRoom();
  log.clear(id);
  showRanking([]);
  byId('room-title').textContent = '…';
  byId('room-host').textContent = '…';
  byId('room-state').textContent = '';
  for (const part of ['room-by', 'room-body', 'live']) show(byId(part), true);
  for (const part of ['missing', 'post-form', 'post-hint', 'room-toggle']) show(byId(part), false);
  showGifts(undefined);
  showLive(undefined);
  const coins = () => dispatchEvent(new Event('coins'));
  const entered = { id, leave: () => {} };
  current = entered;
  /** Events that come while the page is being loaded wait for it. @type {(() => void)[] | undefined} */
  let waiting = [];
  const load = async () => {
    const loaded = await get(`/v1/rooms/${encodeURIComponent(id)}/home`);
    if (current !== entered) return;
    showHome(loaded);
    const events = waiting ?? [];
    waiting = undefined;
    for (const event of events) event();
  };
  const failed = (/** @type {unknown} */ error) => {
    if (current !== entered) return;
    if (error instanceof ApiError && error.status === 404) showNothing(error.message);
    else fail(error);
  };
  entered.leave = follow(id, {
    state: showLive,
    // From `ready` on nothing is missed, so what is loaded now and the events that follow are all there is.
    ready: () => load().catch(failed),
    event: (kind, data) => {
      const apply = () => {
        if (kind === 'message') log.addMessage(data.message);
        if (kind === 'room') showRoom(data.room);
        if (kind === 'gift') {
          log.addGift(data.id, data.gift, data.time);
          refreshRanking(id, () => current === entered);
          if (session()?.id === current?.room?.hostId) coins();
        }
      };
      if (waiting === undefined) apply();
      else waiting.push(apply);
    },
  });
  // What is wrong with the room itself (there is none, say) is told here; a stream cannot say it.
  load().catch(failed);
}

export function leaveRoom() {
  current?.leave();
  current = undefined;
}

/** There is no such room. @param {string} why */
function showNothing(why) {
  leaveRoom();
  document.title = 'Live rooms';
  byId('room-title').textContent = why;
  for (const part of ['room-by', 'room-body', 'live']) show(byId(part), false);
}

/** @param {any} home */
function showHome({ room, host, messages, ranking, missing }) {
  if (current !== undefined) current.hostName = host?.name ?? current.hostName;
  showRoom(room);
  for (const message of (messages ?? []).toReversed()) log.addMessage(message);
  log.settle((messages ?? []).length);
  if (ranking !== undefined) showRanking(ranking);
  const parts = (missing ?? []).join(', ');
  byId('missing').textContent = `Not available right now: ${parts}. It will come back.`;
  show(byId('missing'), parts !== '');
}

/** @param {any} room */
function showRoom(room) {
  if (current === undefined || room === undefined) return;
  current.room = room;
  const open = isOpen(room);
  const me = session();
  byId('room-title').textContent = room.title;
  document.title = `${room.title} · Live rooms`;
  byId('room-host').textContent = room.hostId === me?.id ? 'you' : (current.hostName ?? 'somebody');
  byId('room-state').textContent = open ? 'open' : 'closed';
  byId('room-state').className = open ? 'badge open' : 'badge';
  toggle.textContent = open ? 'Close room' : 'Open room';
  show(toggle, room.hostId === me?.id);
  show(form, open && me !== undefined);
  const hint = byId('post-hint');
  hint.textContent = open ? 'Sign in to chat and to send gifts.' : 'This room is closed. You can still read.';
  show(hint, !open || me === undefined);
  showGifts(room);
}

/** @param {boolean | undefined} live */
function showLive(live) {
  const status = byId('live');
  status.textContent = live === undefined ? 'Connecting…' : live ? 'Live' : 'Reconnecting…';
  status.dataset.live = String(live === true);
}

/** @param {any} room */
function isOpen(room) {
  return room.state === 'ROOM_STATE_OPEN';
}
