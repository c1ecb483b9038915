/** The page: lists the operations of /openapi.json, fills in requests, shows answers. */
import { curlOf, exampleOf, groupOperations, requestOf, resolve } from './document.js';

const $ = (id) => document.getElementById(id);
const base = new URL('.', document.baseURI).href;
const tokenKey = 'flotilla.explorer.token';
/** Ends what the shown operation has running, when another is shown. */
let shown = new AbortController();

/** Makes an element: `element('p', { class: 'note' }, 'text', child)`. Text is always text, never markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(key, value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** Descriptions are plain text with `code` and empty lines between paragraphs. */
function prose(text, attributes) {
  return (text ?? '').split('\n\n').map((paragraph) => {
    const parts = paragraph.split('`').map((part, i) => (i % 2 === 1 ? element('code', {}, part) : part));
    return element('p', attributes, ...parts);
  });
}

async function main() {
  const api = await (await fetch(new URL('openapi.json', base))).json();
  document.title = `${api.info.title} explorer`;
  $('title').textContent = api.info.title;
  $('about').replaceChildren(...prose(api.info.description)[0].childNodes);
  const token = $('token');
  token.value = sessionStorage.getItem(tokenKey) ?? '';
  token.addEventListener('input', () => sessionStorage.setItem(tokenKey, token.value));
  const groups = groupOperations(api);
  const show = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const operation = groups.flatMap((group) => group.operations).find((one) => one.operationId === id);
    list(groups, $('filter').value, id);
    if (operation !== undefined) present(api, operation);
  };
  $('filter').addEventListener('input', show);
  addEventListener('hashchange', show);
  show();
}

function list(groups, filter, current) {
  const wanted = filter.trim().toLowerCase();
  const fits = ({ path, method, summary }) => `${method} ${path} ${summary ?? ''}`.toLowerCase().includes(wanted);
  const sections = groups.map(({ name, operations }) => {
    const links = operations
      .filter(fits)
      .map(({ operationId, method, path, summary }) =>
        element(
          'li',
          {},
          element(
            'a',
            { href: `#${operationId}`, title: summary, 'aria-current': operationId === current && 'page' },
            element('span', { class: 'method' }, method),
            path,
          ),
        ),
      );
    return links.length === 0
      ? undefined
      : element('section', {}, element('h2', {}, name), element('ul', {}, ...links));
  });
  const shown = sections.filter((section) => section !== undefined);
  $('operations').replaceChildren(
    ...(shown.length > 0 ? shown : [element('p', { class: 'hint' }, 'Nothing matches.')]),
  );
}

function present(api, operation) {
  shown.abort();
  shown = new AbortController();
  const form = element('form', { submit: (event) => event.preventDefault() });
  const inputs = new Map();
  for (const parameter of operation.parameters ?? []) form.append(parameterField(api, parameter, inputs));
  const body = bodyField(api, operation, form);
  const output = element('div', { 'aria-live': 'polite' });
  const request = () =>
    requestOf(operation, {
      values: Object.fromEntries([...inputs].map(([name, input]) => [name, input.value])),
      body: body?.value,
      token: $('token').value.trim(),
      base,
    });
  const send = element('button', { type: 'submit' }, 'Send');
  const curl = element(
    'button',
    { type: 'button', class: 'plain', click: () => attempt(output, () => showCurl(output, request())) },
    'As curl',
  );
  form.addEventListener('submit', () => attempt(output, () => transmit(api, output, send, request())));
  form.append(element('div', { class: 'actions' }, send, curl));
  $('operation').replaceChildren(
    element('h2', {}, element('span', { class: 'method' }, operation.method), ` ${operation.path}`),
    ...prose(operation.description),
    element('p', { class: 'note access' }, accessNote(operation)),
    form,
    output,
  );
  $('operation').focus({ preventScroll: true });
}

function accessNote({ security = [] }) {
  if (security.length === 0) return 'No token needed.';
  return security.some((way) => Object.keys(way).length === 0) ? 'A token is optional.' : 'Needs a token.';
}

function parameterField(api, parameter, inputs) {
  const schema = resolve(api, parameter.schema) ?? {};
  const id = `parameter-${parameter.name}`;
  const input =
    schema.enum === undefined
      ? element('input', {
          id,
          required: parameter.required,
          placeholder: schema.type === 'array' ? 'a, b, c' : schema.format,
        })
      : element(
          'select',
          { id },
          element('option', { value: '' }, ''),
          ...schema.enum.map((value) => element('option', {}, value)),
        );
  inputs.set(parameter.name, input);
  const label = element('label', { for: id }, `${parameter.name}${parameter.required ? '' : ' (optional)'}`);
  return element(
    'div',
    { class: 'field' },
    label,
    input,
    ...(parameter.description ? prose(parameter.description, { class: 'note' }) : []),
  );
}

function bodyField(api, operation, form) {
  const schema = operation.requestBody?.content?.['application/json']?.schema;
  if (schema === undefined) return undefined;
  const area = element('textarea', { id: 'body', spellcheck: 'false' });
  area.value = JSON.stringify(exampleOf(api, schema) ?? {}, undefined, 2);
  form.append(element('div', { class: 'field' }, element('label', { for: 'body' }, 'Body'), area));
  return area;
}

/** Runs what may fail because of the input, and says so where the answer would stand. */
function attempt(output, work) {
  const fail = (error) => output.replaceChildren(element('p', { class: 'bad', role: 'alert' }, error.message));
  try {
    work()?.catch?.(fail);
  } catch (error) {
    fail(error);
  }
}

function showCurl(output, request) {
  output.replaceChildren(element('h3', {}, 'curl'), element('pre', {}, curlOf(request)));
}

async function transmit(api, output, send, { url, init }) {
  const stop = new AbortController();
  const started = performance.now();
  send.disabled = true;
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.any([stop.signal, shown.signal]) });
    const status = element('div', { class: 'status' });
    const text = element('pre', { tabindex: '0' });
    status.append(
      element('span', { class: answer.ok ? 'good' : 'bad' }, `${answer.status} ${answer.statusText}`),
      element('span', {}, `${Math.round(performance.now() - started)} ms`),
      traceLink(api, answer.headers.get('traceparent')) ?? '',
    );
    output.replaceChildren(element('h3', {}, 'Answer'), status, text);
    if (answer.headers.get('content-type')?.startsWith('text/event-stream'))
      await followEvents(answer, status, text, stop);
    else showBody(await answer.text(), status, text);
  } finally {
    send.disabled = false;
  }
}

/** Shows the answer; one that brings a token can hand it to the field for tokens. */
function showBody(body, status, text) {
  const value = parsed(body);
  text.textContent = value === undefined ? body || '(no body)' : JSON.stringify(value, undefined, 2);
  if (typeof value?.token !== 'string') return;
  const take = () => {
    $('token').value = value.token;
    $('token').dispatchEvent(new Event('input'));
  };
  status.append(element('button', { type: 'button', class: 'plain', click: take }, 'Use this token'));
}

/** Shows events as they come, until the server ends or the reader stops them. */
async function followEvents(answer, status, text, stop) {
  const button = element('button', { type: 'button', class: 'plain', click: () => stop.abort() }, 'Stop');
  status.append(button);
  try {
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      text.textContent = (text.textContent + chunk).slice(-100_000);
      text.scrollTop = text.scrollHeight;
    }
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
  } finally {
    button.remove();
  }
}

function traceLink(api, traceparent) {
  const traceId = traceparent?.split('-')[1];
  if (traceId === undefined) return undefined;
  const template = api['x-flotilla-trace-url'];
  if (template === undefined) return element('span', {}, `trace ${traceId}`);
  const link = { href: template.replace('{traceId}', traceId), target: '_blank', rel: 'noreferrer' };
  return element('a', link, `trace ${traceId}`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

main().catch((error) => {
  $('operation').replaceChildren(
    element('p', { class: 'bad', role: 'alert' }, `openapi.json cannot be read: ${error.message}`),
  );
});
