import { type GetHeader, isLaneName, wireNames } from '../../call/index.ts';

/** Which lanes strangers may enter, and how. */
export interface LaneRules {
  /**
   * The lanes that are open to anybody who names them; `all`: every one. A name that is not open is as none. Default: none.
   */
  readonly lanes?: 'all' | readonly string[];
  /** The lane of calls that name none: of a gateway that runs in a lane itself. Default: '', the baseline. */
  readonly lane?: string;
  /** `<lane>.` before this host chooses a lane. Default: `localhost`. */
  readonly laneHost?: string;
}

/** The cookie that chooses a lane; the header of a call has the same name. */
export const laneCookie = wireNames.lane;

/**
 * The rules that the environment gives: `FLOTILLA_LANES` open, closed, or names with commas between them (closed);
 * `FLOTILLA_LANE` the lane of this process. `flotilla up` opens them.
 */
export function laneRules(env: Readonly<Record<string, string | undefined>>): LaneRules {
  const { FLOTILLA_LANES: open = 'closed', FLOTILLA_LANE: lane = '' } = env;
  if (open === 'open') return { lanes: 'all', lane };
  const names = open.split(',').map((name) => name.trim());
  return { lanes: open === 'closed' ? [] : names.filter((name) => name !== ''), lane };
}

/**
 * Reads the lane of a call from outside: `said`, what its headers say as those of any call, else the cookie, else the
 * host. Throws a TypeError for rules with a name that no lane can have.
 */
export function chooseLane(rules: LaneRules): (said: string, get: GetHeader) => string {
  const { lanes = [], lane: own = '' } = rules;
  const named = lanes === 'all' ? [own] : [own, ...lanes];
  const wrong = named.find((name) => name !== '' && !isLaneName(name));
  if (wrong !== undefined)
    throw new TypeError(`lanes: "${wrong}" is no name of a lane: lower-case letters, digits and dashes`);
  if (lanes !== 'all' && lanes.length === 0) return () => own;
  const isOpen = openLanes(rules);
  const suffix = suffixOf(rules);
  return (said, get) => {
    const chosen = said || ofCookie(get('cookie')) || ofHost(get('host'), suffix);
    return isOpen(chosen) ? chosen : own;
  };
}

/** Whether a call from outside names what no lane can be called, where all lanes are open: most likely it is misspelt. */
export function namesNoLane(rules: LaneRules, get: GetHeader): boolean {
  if (rules.lanes !== 'all') return false;
  const said = get(wireNames.lane) || ofCookie(get('cookie')) || ofHost(get('host'), suffixOf(rules));
  return said !== '' && !isLaneName(said);
}

/** Whether strangers may enter lanes from here: not from a gateway that is in one itself. */
export function hasOpenLanes({ lanes = [], lane = '' }: LaneRules): boolean {
  return lane === '' && lanes.length > 0;
}

/** The lane that a host names, `blue` of `blue.localhost:8080`, if it is open; else ''. */
export function laneOfHost(rules: LaneRules, host: string): string {
  const lane = ofHost(host, suffixOf(rules));
  return openLanes(rules)(lane) ? lane : '';
}

function openLanes({ lanes = [] }: LaneRules): (name: string) => boolean {
  if (lanes === 'all') return isLaneName;
  const open = new Set(lanes);
  return (name) => open.has(name);
}

function suffixOf({ laneHost = 'localhost' }: LaneRules): string {
  return `.${laneHost.toLowerCase()}`;
}

function ofCookie(header: string | undefined): string {
  if (header === undefined || !header.includes(laneCookie)) return '';
  for (const pair of header.split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === laneCookie) return value ?? '';
  }
  return '';
}

/** `blue` of `blue.localhost:8080`. */
function ofHost(header: string | undefined, suffix: string): string {
  if (header === undefined || header.length <= suffix.length) return '';
  const host = header.replace(/:\d*$/, '').toLowerCase();
  return host.endsWith(suffix) ? host.slice(0, -suffix.length) : '';
}
