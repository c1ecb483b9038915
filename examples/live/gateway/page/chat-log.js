/** The lines of a room's chat: messages and gifts, oldest first, each once. */
import { get } from './api.js';
import { busy, byId, make, nameTag, plural, show, timeOf } from './dom.js';
import { pictureOf } from './gifts.js';

const list = byId('log');
const scroll = byId('log-scroll');
const newest = byId('newest');
const earlier = /** @type {HTMLButtonElement} */ (byId('earlier'));
const firstPage = 30;
/** Older lines leave the page as new ones come. */
const maxLines = 500;

export class ChatLog {
  /** @type {Set<string>} */
  #seen = new Set();
  #roomId = '';
  /** Undefined: not asked yet. @type {string | undefined} */
  #token;

  constructor() {
    newest.addEventListener('click', () => this.#toEnd());
    scroll.addEventListener('scroll', () => {
      if (isAtEnd()) show(newest, false);
    });
    // A phone that is turned, or a keyboard that opens, must not hide the newest line. The position moves with the size
    // then, before the size is told: such a move is not the reader's.
    let pinned = true;
    let size = '';
    const sizeNow = () => `${scroll.clientWidth} ${scroll.clientHeight}`;
    scroll.addEventListener('scroll', () => {
      if (size === sizeNow()) pinned = isAtEnd();
    });
    new ResizeObserver(() => {
      size = sizeNow();
      if (pinned) this.#toEnd();
    }).observe(scroll);
    earlier.addEventListener('click', () => {
      busy(earlier, () => this.#loadEarlier()).catch(() => show(earlier, true));
    });
  }

  /** Empties it for a room. @param {string} roomId */
  clear(roomId) {
    this.#roomId = roomId;
    this.#seen.clear();
    this.#token = undefined;
    list.replaceChildren();
    show(earlier, false);
    show(newest, false);
    show(byId('log-empty'), false);
  }

  /** Tells that the latest messages are in. @param {number} count */
  settle(count) {
    if (count >= firstPage && this.#token === undefined) show(earlier, true);
    show(byId('log-empty'), list.childElementCount === 0);
  }

  /** @param {any} message */
  addMessage(message) {
    this.#add(`message-${message.id}`, () => messageLine(message));
  }

  /** @param {string} eventId @param {any} gift @param {string} time */
  addGift(eventId, gift, time) {
    this.#add(`gift-${eventId}`, () => giftLine(gift, time));
  }

  /** @param {string} key @param {() => HTMLElement} line */
  #add(key, line) {
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const follow = isAtEnd();
    list.append(line());
    while (list.childElementCount > maxLines) list.firstElementChild?.remove();
    show(byId('log-empty'), false);
    if (follow) this.#toEnd();
    else show(newest, true);
  }

  #toEnd() {
    scroll.scrollTop = scroll.scrollHeight;
    show(newest, false);
  }

  async #loadEarlier() {
    const page = (/** @type {string} */ token) =>
      get(
        `/v1/rooms/${encodeURIComponent(this.#roomId)}/messages?pageSize=${firstPage}&pageToken=${encodeURIComponent(token)}`,
      );
    this.#token ??= (await page('')).nextPageToken ?? '';
    const roomId = this.#roomId;
    const { messages = [], nextPageToken = '' } = this.#token === '' ? {} : await page(this.#token);
    if (roomId !== this.#roomId) return;
    this.#token = nextPageToken;
    const height = scroll.scrollHeight;
    for (const message of messages) {
      const key = `message-${message.id}`;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      list.prepend(messageLine(message));
    }
    scroll.scrollTop += scroll.scrollHeight - height;
    show(earlier, nextPageToken !== '');
  }
}

function isAtEnd() {
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
}

/** @param {any} message */
function messageLine({ authorName, text, createTime }) {
  const author = nameTag(authorName);
  return make('li', {}, author, make('span', { class: 'text' }, text), when(createTime));
}

/** @param {any} gift @param {string} time */
function giftLine({ senderName, gift, count, coins }, time) {
  const author = nameTag(senderName);
  const text = make('span', { class: 'text' }, `sent ${count} × ${gift} (${plural(Number(coins), 'coin')})`);
  return make('li', { class: 'gift' }, pictureOf(gift), author, text, when(time));
}

/** @param {string} time */
function when(time) {
  return make('time', { datetime: time ?? '' }, timeOf(time));
}
