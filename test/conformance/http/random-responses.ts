import { plainFields, type Random, randomBody } from './random-requests.ts';

const lines = [
  '200 OK',
  '200 OK',
  '200 OK',
  '200',
  '404 Not Found',
  '204 No Content',
  '304 Not Modified',
  '100 Continue',
  '103 Early Hints',
  '101 Switching Protocols',
  '500 caf\xe9',
  '999 ',
];
const framingFields = [
  'Connection: close',
  'Connection: keep-alive',
  'Connection: Upgrade\r\nUpgrade: websocket',
  'Content-Length: 3',
  'Transfer-Encoding: gzip, chunked',
  'Set-Cookie: a=b\r\nSet-Cookie: c=d',
];

/** A response that most probably is valid, or several of them behind each other. */
export function randomResponses(random: Random): string {
  let text = '';
  do {
    text += randomResponse(random);
  } while (random.isOneIn(3));
  return text;
}

function randomResponse(random: Random): string {
  const line = random.pick(lines);
  const fields: string[] = [];
  for (let count = random.below(4); count > 0; count--) fields.push(random.pick(plainFields));
  if (random.isOneIn(3)) fields.push(random.pick(framingFields));
  if (line.startsWith('101') && !random.isOneIn(5)) fields.push('Connection: upgrade', 'Upgrade: websocket');
  let [field, body] = /^(?:1|204|304)/.test(line) && !random.isOneIn(8) ? ['', ''] : randomBody(random);
  if (field === '' && random.isOneIn(2)) [field, body] = ['Content-Length: 0', ''];
  if (field !== '') fields.push(field);
  return [`HTTP/1.${random.isOneIn(6) ? 0 : 1} ${line}`, ...fields, '', body].join('\r\n');
}
