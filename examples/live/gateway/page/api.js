/** The public API: calls with the tab's token, and failures in words. */

const sessionKey = 'live-session';
const timeoutMs = 12_000;

/** A failure that can be shown as it is. `retryable`: the same request may succeed in a moment. */
export class ApiError extends Error {
  /** @param {string} message @param {{ status: number, code: string, reason: string }} facts */
  constructor(message, { status, code, reason }) {
    super(message);
    this.status = status;
    this.code = code;
    this.reason = reason;
    this.retryable = status === 0 || code === 'unavailable' || code === 'deadline_exceeded';
  }
}

/** Who is signed in, in this tab only. @returns {{ id: string, name: string, token: string } | undefined} */
export function session() {
  const text = sessionStorage.getItem(sessionKey);
  return text === null ? undefined : JSON.parse(text);
}

/** @param {{ id: string, name: string, token: string } | undefined} value */
export function setSession(value) {
  if (value === undefined) sessionStorage.removeItem(sessionKey);
  else sessionStorage.setItem(sessionKey, JSON.stringify(value));
  dispatchEvent(new Event('session'));
}

/** @param {string} path */
export function get(path) {
  return call('GET', path, undefined);
}

/** @param {string} path @param {unknown} body */
export function post(path, body) {
  return call('POST', path, body);
}

/** The same request again while the failure is one that passes: only for requests that may be repeated. @param {() => Promise<any>} request */
export async function persist(request, tries = 4) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof ApiError) || !error.retryable || attempt === tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2 ** attempt * 150 * (0.5 + Math.random())));
    }
  }
}

/** @param {string} method @param {string} path @param {unknown} body */
async function call(method, path, body) {
  const token = session()?.token;
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch {
    const facts = { status: 0, code: 'unavailable', reason: 'UNREACHABLE' };
    throw new ApiError('The server cannot be reached. Check your connection and try again.', facts);
  }
  const answered = await answer.json().catch(() => undefined);
  if (answer.ok) return answered ?? {};
  const error = failure(answer.status, answered);
  if (error.status === 401 && token !== undefined && error.reason !== 'WRONG_CREDENTIALS') setSession(undefined);
  throw error;
}

/** @param {number} status @param {any} body */
function failure(status, body) {
  const facts = { status, code: String(body?.code ?? ''), reason: String(body?.reason ?? '') };
  return new ApiError(wordsFor(facts, body), facts);
}

/** @type {Readonly<Record<string, string | ((metadata: Record<string, string>) => string)>>} */
const words = {
  NAME_TAKEN: 'That name is taken. Choose another one, or sign in if it is yours.',
  INVALID_NAME: 'A name has 2 to 32 letters, digits, “_”, “-” or “.”.',
  INVALID_PASSWORD: 'A password has 8 to 128 characters.',
  WRONG_CREDENTIALS: 'The name or the password is wrong.',
  TOKEN_EXPIRED: 'Your session has ended. Sign in again.',
  INVALID_TOKEN: 'Your session has ended. Sign in again.',
  MISSING_TOKEN: 'Sign in first.',
  ROOM_CLOSED: 'This room is closed: it takes no messages and no gifts.',
  ROOM_NOT_FOUND: 'This room does not exist.',
  NOT_THE_HOST: 'Only the host may do that.',
  OWN_ROOM: 'This is your own room: gifts come from your guests.',
  NOT_ENOUGH_COINS: ({ needed = '', left = '' }) =>
    `That takes ${Number(needed).toLocaleString()} coins, and you have ${Number(left).toLocaleString()}.`,
  INVALID_TITLE: 'A room needs a title of 1 to 80 characters.',
  INVALID_TEXT: 'A message has 1 to 500 characters.',
  BULKHEAD_FULL: 'Many people sign in right now. Try again in a few seconds.',
  RATE_LIMITED: 'Too many tries from where you are. Try again in a minute.',
};

/** @param {{ status: number, code: string, reason: string }} facts @param {any} body */
function wordsFor({ status, code, reason }, body) {
  const known = words[reason];
  if (known !== undefined) return typeof known === 'string' ? known : known(body?.metadata ?? {});
  if (code === 'deadline_exceeded') return 'That took too long. Try again.';
  if (code === 'resource_exhausted') return 'There is too much going on right now. Try again in a moment.';
  if (code === 'unavailable') return 'A part of the service is not reachable right now. Try again in a moment.';
  if (status < 500 && typeof body?.message === 'string') return sentence(body.message);
  const id = body?.metadata?.errorId;
  return `Something went wrong on our side${id === undefined ? '' : ` (error ${id})`}. Try again.`;
}

/** @param {string} text */
function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
