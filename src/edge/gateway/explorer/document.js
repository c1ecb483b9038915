/** Reads an OpenAPI document. Pure: no page, no network. */

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

/** All operations with their path and method, grouped by their first tag in the order of the document. */
export function groupOperations(document) {
  const groups = new Map((document.tags ?? []).map((tag) => [tag.name, { ...tag, operations: [] }]));
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of methods) {
      if (item[method] === undefined) continue;
      const name = item[method].tags?.[0] ?? 'other';
      if (!groups.has(name)) groups.set(name, { name, operations: [] });
      groups.get(name).operations.push({ path, method, ...item[method] });
    }
  }
  return [...groups.values()].filter((group) => group.operations.length > 0);
}

/** What a `$ref` points at; the value itself where it is none. */
export function resolve(document, value) {
  let found = value;
  for (let depth = 0; found?.$ref !== undefined && depth < 8; depth++) {
    found = found.$ref
      .slice(2)
      .split('/')
      .reduce((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
  }
  return found;
}

/** A value to begin with that fits the schema: required and plain fields, nothing that only the server sets. */
export function exampleOf(document, schema, depth = 0) {
  const { readOnly } = schema ?? {};
  const type = resolve(document, schema);
  if (type === undefined || readOnly || depth > 5) return undefined;
  if (type.examples?.length > 0) return type.examples[0];
  if (type.enum !== undefined) return type.enum.find((value) => !value.endsWith('_UNSPECIFIED')) ?? type.enum[0];
  const kind = Array.isArray(type.type) ? type.type[0] : type.type;
  if (kind === 'object') return objectExample(document, type, depth);
  if (kind === 'array') return [exampleOf(document, type.items, depth + 1)].filter((item) => item !== undefined);
  if (kind === 'string') return stringExample(type);
  if (kind === 'integer' || kind === 'number') return 1;
  return kind === 'boolean' ? false : undefined;
}

function objectExample(document, type, depth) {
  const entries = Object.entries(type.properties ?? {}).filter(([, property]) => !property.readOnly);
  const values = entries.map(([name, property]) => [name, exampleOf(document, property, depth + 1)]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

function stringExample({ format }) {
  if (format === 'date-time') return new Date().toISOString();
  return format === 'int64' || format === 'uint64' ? '1' : '';
}

/**
 * The request that a filled form means: its URL and what `fetch` takes. `values` is by parameter name; empty ones are left out
 * of the query. Throws an Error that names a path parameter without a value, and one for a body that is not JSON.
 */
export function requestOf(operation, { values, body, token, base }) {
  let path = operation.path;
  const query = new URLSearchParams();
  for (const parameter of operation.parameters ?? []) {
    const value = values[parameter.name] ?? '';
    if (parameter.in === 'path') {
      if (value === '') throw new Error(`${parameter.name} is empty: the path needs it`);
      path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    } else if (value !== '') {
      const parts = parameter.schema?.type === 'array' ? value.split(',') : [value];
      for (const part of parts) query.append(parameter.name, part.trim());
    }
  }
  const search = query.size > 0 ? `?${query}` : '';
  const headers = {};
  if (token !== '') headers.authorization = `Bearer ${token}`;
  if (operation.requestBody !== undefined) {
    headers['content-type'] = 'application/json';
    try {
      JSON.parse(body);
    } catch (error) {
      throw new Error(`the body is not JSON: ${error.message}`);
    }
  }
  return {
    url: new URL(`${path}${search}`.replace(/^\//, ''), base).href,
    init: { method: operation.method.toUpperCase(), headers, ...(operation.requestBody !== undefined && { body }) },
  };
}

/** The same request for a terminal. The token is left out, so that it does not end up in a shell's history. */
export function curlOf({ url, init }) {
  const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const headers = Object.entries(init.headers).map(([name, value]) =>
    name === 'authorization' ? ' -H "authorization: Bearer $TOKEN"' : ` -H ${quote(`${name}: ${value}`)}`,
  );
  const body = init.body === undefined ? '' : ` --data ${quote(init.body)}`;
  return `curl -i -X ${init.method} ${quote(url)}${headers.join('')}${body}`;
}
