/** The public API of the reference fleet, as its clients see it: plain fetch, nothing of ours. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about
  readonly body: any;
}

export interface User {
  readonly id: string;
  readonly name: string;
  readonly token: string;
}

export class LiveClient {
  readonly #app: string;

  constructor(app: string) {
    this.#app = app;
  }

  async call(
    method: string,
    path: string,
    options: { readonly user?: User; readonly body?: unknown } = {},
  ): Promise<Answer> {
    const { user, body } = options;
    const answer = await fetch(`${this.#app}${path}`, {
      method,
      headers: {
        ...(user !== undefined && { authorization: `Bearer ${user.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Like `call`, and throws what was answered where that is no success. */
  async ok(
    method: string,
    path: string,
    options: { readonly user?: User; readonly body?: unknown } = {},
  ): Promise<Answer> {
    const answer = await this.call(method, path, options);
    if (answer.status >= 300)
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer;
  }

  async signUp(name = `user-${crypto.randomUUID().slice(0, 8)}`): Promise<User> {
    const { body } = await this.ok('POST', '/v1/accounts', { body: { name, password: 'correct horse battery' } });
    return { id: body.account.id, name, token: body.token };
  }

  async createRoom(host: User, title = 'A room'): Promise<string> {
    return (await this.ok('POST', '/v1/rooms', { user: host, body: { title } })).body.id;
  }

  async coins(user: User): Promise<number> {
    return Number((await this.ok('GET', '/v1/wallet', { user })).body.coins);
  }

  /** The texts of all messages of a room, newest first, page by page. */
  async messages(user: User, room: string): Promise<string[]> {
    const texts: string[] = [];
    let token = '';
    do {
      const { body } = await this.ok(
        'GET',
        `/v1/rooms/${room}/messages?pageSize=100&pageToken=${encodeURIComponent(token)}`,
        { user },
      );
      texts.push(...(body.messages ?? []).map((message: { text: string }) => message.text));
      token = body.nextPageToken ?? '';
    } while (token !== '');
    return texts;
  }
}
