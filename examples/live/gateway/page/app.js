/** The page: who is signed in, which view is shown, and what went wrong. */
import { ApiError, get, persist, post, session, setSession } from './api.js';
import { busy, byId, show } from './dom.js';
import { enterLobby, setUpLobby } from './lobby.js';
import { enterRoom, leaveRoom, setUpRoom } from './room.js';

const joinForm = /** @type {HTMLFormElement} */ (byId('join-form'));
const joinError = byId('join-error');
/** @type {ReturnType<typeof setTimeout> | undefined} */
let alertTimer;

/** Says in words what went wrong. @param {unknown} error */
function fail(error) {
  if (!(error instanceof ApiError)) console.error(error);
  byId('alert-text').textContent = error instanceof Error ? error.message : String(error);
  show(byId('alert'), true);
  clearTimeout(alertTimer);
  alertTimer = setTimeout(() => show(byId('alert'), false), 8_000);
}

/** Shows the coins, asking for them where they are not given. @param {string} [left] */
function showCoins(left) {
  const me = session();
  if (me === undefined) return;
  const draw = (/** @type {string} */ coins) => {
    byId('my-coins').textContent = Number(coins).toLocaleString();
  };
  if (left !== undefined) draw(left);
  else
    persist(() => get('/v1/wallet'))
      .then(({ coins = '0' }) => draw(coins))
      .catch(fail);
}

function showSession() {
  const me = session();
  show(byId('me'), me !== undefined);
  show(byId('join'), me === undefined);
  byId('my-name').textContent = me?.name ?? '';
  showCoins();
}

/** @param {SubmitEvent} event */
function join(event) {
  event.preventDefault();
  const button = /** @type {HTMLButtonElement} */ (event.submitter ?? joinForm.querySelector('button'));
  const data = new FormData(joinForm);
  const credentials = { name: String(data.get('name')).trim(), password: String(data.get('password')) };
  joinError.textContent = '';
  busy(button, async () => {
    const { account, token } = await post(button.value === 'sign-in' ? '/v1/sessions' : '/v1/accounts', credentials);
    joinForm.reset();
    setSession({ id: account.id, name: account.name, token });
    byId('main').focus();
  }).catch((error) => {
    joinError.textContent = error instanceof Error ? error.message : String(error);
    byId('join-name').focus();
  });
}

function route() {
  const roomId = /^#\/rooms\/([^/]+)$/.exec(location.hash)?.[1];
  show(byId('room'), roomId !== undefined);
  show(byId('lobby'), roomId === undefined);
  show(byId('alert'), false);
  if (roomId !== undefined) {
    enterRoom(decoded(roomId));
    byId('room-title').focus();
    return;
  }
  leaveRoom();
  document.title = 'Live rooms';
  enterLobby().catch(fail);
}

/** What is no encoded text is taken as it is: a room of that name is not found, which is then said. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

setUpLobby(fail);
setUpRoom({ fail, coins: showCoins });
joinForm.addEventListener('submit', join);
byId('sign-out').addEventListener('click', () => setSession(undefined));
byId('alert-close').addEventListener('click', () => show(byId('alert'), false));
addEventListener('session', showSession);
addEventListener('coins', () => showCoins());
addEventListener('hashchange', route);
showSession();
route();
byId('starting').remove();
