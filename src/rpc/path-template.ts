/** A variable of a path template: which field it fills, and how its text is put together from the route's parameters. */
export interface PathVariable {
  /** `id`, `shelf.name` */
  readonly fieldPath: string;
  /** Literal texts and names of the route's parameters in turn, joined by '/'. */
  readonly parts: readonly PathPart[];
}

export type PathPart = { readonly literal: string } | { readonly param: string };

/** A path template in the form of a route of the HTTP router. */
export interface PathTemplate {
  /** `/v1/rooms/:id:close` */
  readonly route: string;
  readonly variables: readonly PathVariable[];
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/;
const literalText = /^[A-Za-z0-9\-._~!$&'()+,;=@%]+$/;

/**
 * Reads a path template of google.api.http (the grammar stands in google/api/http.proto). `{id}` becomes `:id`,
 * `{name=rooms/*}` becomes `rooms/:name`, `{path=**}` a `*path`, a verb at the end a suffix. Throws a TypeError that says
 * what is wrong with a bad one, or what the router cannot match: a verb after `**`, and anything after `**`.
 */
export function parsePathTemplate(template: string): PathTemplate {
  const refuse = (why: string): never => {
    throw new TypeError(`the path template "${template}" is not valid: ${why}`);
  };
  if (!template.startsWith('/')) refuse('it must start with "/"');
  if (template === '/') return { route: '/', variables: [] };
  const { path, verb } = splitVerb(template);
  const names = new Set<string>();
  const nameFor = (wanted: string): string => {
    let name = wanted;
    for (let n = 2; names.has(name); n++) name = `${wanted}_${n}`;
    names.add(name);
    return name;
  };
  const route: string[] = [];
  const variables: PathVariable[] = [];
  let open = true;
  const segment = (text: string, wanted: string): PathPart => {
    if (!open) refuse('"**" must be its last segment');
    if (text === '*' || text === '**') {
      const param = nameFor(wanted);
      open = text === '*';
      route.push(open ? `:${param}` : `*${param}`);
      return { param };
    }
    if (!literalText.test(text)) refuse(`"${text}" is not a segment`);
    route.push(text);
    return { literal: text };
  };
  for (const text of splitSegments(path)) {
    const variable = /^\{([^=}]*)(?:=([^}]*))?\}$/.exec(text);
    if (variable === null) {
      segment(text, '_');
      continue;
    }
    const [, fieldPath = '', pattern = '*'] = variable;
    if (!identifier.test(fieldPath)) refuse(`"${fieldPath}" is not the name of a field`);
    const parts = pattern.split('/').map((part) => segment(part, fieldPath.replaceAll('.', '_')));
    variables.push({ fieldPath, parts });
  }
  if (verb !== '') {
    if (!open) refuse('the router cannot match a verb after "**"');
    route[route.length - 1] += `:${verb}`;
  }
  return { route: `/${route.join('/')}`, variables };
}

/** The text of a variable. In one of several segments a slash of the client's stays encoded, as the template asks. */
export function variableText(variable: PathVariable, params: Readonly<Record<string, string>>): string {
  const { parts } = variable;
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && 'param' in only) return params[only.param] ?? '';
  return parts
    .map((part) => ('literal' in part ? part.literal : (params[part.param] ?? '').replaceAll('/', '%2F')))
    .join('/');
}

/** The verb is what follows the last colon after the last slash and outside of braces. */
function splitVerb(template: string): { path: string; verb: string } {
  const colon = template.lastIndexOf(':');
  if (colon < template.lastIndexOf('/') || colon < template.lastIndexOf('}')) return { path: template, verb: '' };
  return { path: template.slice(0, colon), verb: template.slice(colon + 1) };
}

/** Splits at the slashes outside of braces. */
function splitSegments(path: string): string[] {
  const segments = [''];
  let inBraces = false;
  for (const char of path.slice(1)) {
    if (char === '{') inBraces = true;
    else if (char === '}') inBraces = false;
    if (char === '/' && !inBraces) segments.push('');
    else segments[segments.length - 1] += char;
  }
  return segments;
}
