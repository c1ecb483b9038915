/** Where the reader is: the part of the address behind `#`, as path segments and parameters. */
export interface Place {
  readonly path: readonly string[];
  readonly params: URLSearchParams;
}

/** Values of the parameters of an address; those that are undefined, empty or false are left out. */
export type Params = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Reads `#/traces/4bf9?service=room`. The address lives behind `#` because the console is served as plain files, below
 * any path, by servers that know nothing of its views. Never throws: what is malformed is taken literally.
 */
export function parsePlace(hash: string): Place {
  const text = hash.replace(/^#?\/?/, '');
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  return {
    path: path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decode),
    params: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)),
  };
}

/** The inverse of {@link parsePlace}: `formatPlace(['traces', '4bf9'], { service: 'room' })`. */
export function formatPlace(path: readonly string[], params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === '' || value === false) continue;
    search.set(name, value === true ? '1' : String(value));
  }
  const query = search.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
}

/** The parameters as a record, to change some and format the rest as it was. */
export function paramsOf(place: Place): Record<string, string> {
  return Object.fromEntries(place.params);
}

/** A number of a parameter; undefined if there is none or it is not finite and at least `min`. */
export function numberParam(params: URLSearchParams, name: string, min = 0): number | undefined {
  const text = params.get(name);
  if (text === null || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= min ? value : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
