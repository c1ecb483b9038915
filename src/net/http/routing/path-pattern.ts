/**
 * One segment of a route's path. `suffix` is the literal text after a parameter within the segment: `:close` in
 * `:id:close`, `.json` in `:name.json`; '' if there is none.
 */
export type Segment =
  | { readonly kind: 'static'; readonly text: string }
  | { readonly kind: 'param'; readonly name: string; readonly suffix: string }
  | { readonly kind: 'rest'; readonly name: string };

/** The characters that may begin a suffix: none of them can be part of a parameter's name. */
type SuffixStart = ':' | '.' | '-' | '~' | '@';

/** The parameters that a path names: `PathParams<'/v1/rooms/:id:close'>` is `{ readonly id: string }`. */
export type PathParams<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in ParamNames<Path>]: string };

/** The same names as a union; any string for a path that is not known to the compiler. */
export type PathParamNames<Path extends string> = string extends Path ? string : ParamNames<Path>;

type ParamNames<Path extends string> = Path extends `${infer Head}/${infer Tail}`
  ? ParamName<Head> | ParamNames<Tail>
  : ParamName<Path>;

type ParamName<Text extends string> = Text extends `:${infer Name}`
  ? UpToSuffix<Name>
  : Text extends `*${infer Name}`
    ? Name
    : never;

type UpToSuffix<Text extends string> = Text extends `${infer Name}${SuffixStart}${string}` ? UpToSuffix<Name> : Text;

const staticText = /^[A-Za-z0-9\-._~!$&'()+,;=:@]+$/;
const paramText = /^:([A-Za-z_][A-Za-z0-9_]*)((?:[:.\-~@][A-Za-z0-9\-._~!$&'()+,;=:@]*)?)$/;
const restText = /^\*([A-Za-z_][A-Za-z0-9_]*)$/;

/**
 * Reads a route's path. Throws a TypeError that says what is wrong with a bad one:
 * it starts with '/', has no empty segment, no name twice, and `*rest` only at its end.
 */
export function parsePattern(path: string): readonly Segment[] {
  if (!path.startsWith('/')) throw bad(path, 'it must start with "/"');
  if (path === '/') return [];
  const texts = path.slice(1).split('/');
  const segments = texts.map((text, index) => parseSegment(path, text, index === texts.length - 1));
  const names = segments.flatMap((segment) => (segment.kind === 'static' ? [] : [segment.name]));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw bad(path, `the parameter "${twice}" stands twice; give each a name of its own`);
  return segments;
}

function parseSegment(path: string, text: string, isLast: boolean): Segment {
  if (text === '') throw bad(path, 'it has an empty segment; a path neither ends in "/" nor has "//"');
  if (text.startsWith(':')) {
    const match = paramText.exec(text);
    if (match === null) {
      throw bad(
        path,
        `"${text}" is not a parameter; write ":name", or ":name" and a suffix that starts with : . - ~ or @`,
      );
    }
    return { kind: 'param', name: nameOf(path, match[1]!), suffix: match[2]! };
  }
  if (text.startsWith('*')) {
    const match = restText.exec(text);
    if (match === null) throw bad(path, `"${text}" is not a rest parameter; write "*name"`);
    if (!isLast) throw bad(path, `"${text}" must be the last segment`);
    return { kind: 'rest', name: nameOf(path, match[1]!) };
  }
  if (!staticText.test(text)) {
    throw bad(path, `"${text}" has a character that a path may not have; write static text plain, not percent-encoded`);
  }
  return { kind: 'static', text };
}

/** Assigned to an object `__proto__` would be its prototype. */
function nameOf(path: string, name: string): string {
  if (name === '__proto__') throw bad(path, 'a parameter cannot be named __proto__');
  return name;
}

function bad(path: string, why: string): TypeError {
  return new TypeError(`the route path "${path}" is not valid: ${why}`);
}
