/**
 * The times of HTTP (RFC 9110, section 5.6.7), in milliseconds since 1970, which here are always whole seconds. Strict: the
 * three forms as the grammar has them, letter by letter, and only times that exist.
 */

/** The time that a header names, or undefined if it names none. `nowMs` says which century a year of two digits is in. */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  // The first form is what everybody sends; the other two are for clients of the last century.
  return imfFixdate(text) ?? rfc850Date(text, nowMs) ?? asctimeDate(text);
}

/** As `Sun, 06 Nov 1994 08:49:37 GMT`, rounded down to the second. The year must be 0 to 9999. */
export function formatHttpDate(timeMs: number): string {
  return new Date(timeMs).toUTCString();
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const longDays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function imfFixdate(text: string): number | undefined {
  const match = /^([A-Z][a-z]{2}), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT$/.exec(text);
  if (match === null) return undefined;
  const [, day, date, month, year, time] = match;
  return timeOf(days.indexOf(day!), Number(year), months.indexOf(month!), Number(date), time!);
}

function rfc850Date(text: string, nowMs: number): number | undefined {
  const match = /^([A-Z][a-z]{5,8}), (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d:\d\d:\d\d) GMT$/.exec(text);
  if (match === null) return undefined;
  const [, day, date, month, year, time] = match;
  const century = Math.floor(new Date(nowMs).getUTCFullYear() / 100) * 100;
  const at = (start: number) => timeOf(undefined, start + Number(year), months.indexOf(month!), Number(date), time!);
  let guess = century;
  // Of a time that seems to lie more than fifty years ahead the century before is meant.
  if ((at(guess) ?? 0) > new Date(nowMs).setUTCFullYear(new Date(nowMs).getUTCFullYear() + 50)) guess -= 100;
  return timeOf(longDays.indexOf(day!), guess + Number(year), months.indexOf(month!), Number(date), time!);
}

function asctimeDate(text: string): number | undefined {
  const match = /^([A-Z][a-z]{2}) ([A-Z][a-z]{2}) (\d\d| \d) (\d\d:\d\d:\d\d) (\d{4})$/.exec(text);
  if (match === null) return undefined;
  const [, day, month, date, time, year] = match;
  return timeOf(days.indexOf(day!), Number(year), months.indexOf(month!), Number(date), time!);
}

/** Undefined for a day that the month has not, an hour that the day has not, or another day of the week. */
function timeOf(
  weekday: number | undefined,
  year: number,
  month: number,
  date: number,
  time: string,
): number | undefined {
  const hour = Number(time.slice(0, 2));
  const minute = Number(time.slice(3, 5));
  const second = Number(time.slice(6));
  if (month < 0 || date < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const day = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for those of the last century.
  day.setUTCFullYear(year, month, date);
  if (day.getUTCMonth() !== month || (weekday !== undefined && day.getUTCDay() !== weekday)) return undefined;
  // A leap second, 60, is the first second after it: this scale has no other.
  return day.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
}
