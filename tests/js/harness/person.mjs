// Somebody with an account: speaks REST with their own token, and opens sockets.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Ear, connected, open, succeed } from './socket.mjs';

export const sessionPath = (session) => `/api/sessions/${session.id}`;
export const memberPath = (session, person) => `${sessionPath(session)}/members/${person.user.id}`;
export const messagePath = ({ sessionId, id }) => `/api/sessions/${sessionId}/messages/${id}`;

export class Person {
  constructor(house, email, password, { accessToken: token, refreshToken, user }) {
    Object.assign(this, { house, email, password, token, refreshToken, user });
  }

  static async register(house, displayName, { email = `${displayName}-${randomUUID()}@example.org` } = {}) {
    const password = `password of ${displayName}`;
    const tokens = await call(house, 'POST', '/api/auth/register', { body: { email, password, displayName }, status: 201 });
    return new Person(house, email, password, tokens);
  }

  /** One more login of the same person, with the refresh token in the body. */
  login() {
    const { email, password } = this;
    const body = { email, password, includeRefreshToken: true };
    return call(this.house, 'POST', '/api/auth/login', { body, status: 200 });
  }

  /** The same person on another device: with a login of its own. */
  async elsewhere() {
    return new Person(this.house, this.email, this.password, await this.login());
  }

  get(path) {
    return this.#call('GET', path, undefined, 200);
  }

  post(path, body, status = 201) {
    return this.#call('POST', path, body, status);
  }

  patch(path, body, status = 200) {
    return this.#call('PATCH', path, body, status);
  }

  put(path, body, status = 204) {
    return this.#call('PUT', path, body, status);
  }

  delete(path, status = 204) {
    return this.#call('DELETE', path, undefined, status);
  }

  #call(method, path, body, status) {
    return call(this.house, method, path, { body, status, token: this.token });
  }

  /** A request and its whole answer, whatever it is: `{status, headers, text}`. */
  send(method, path, body, headers = {}) {
    return send(this.house, method, path, { body, headers, token: this.token });
  }

  /** A request that must be refused with this status and code, as a problem; gives the problem. */
  async isRefused(status, code, method, path, body) {
    const answer = await this.send(method, path, body);
    assertStatus(answer, status, method, path);
    assert.match(answer.headers.get('content-type'), /^application\/problem\+json\b/);
    const problem = JSON.parse(answer.text);
    assert.deepEqual([problem.status, problem.code], [status, code], answer.text);
    return problem;
  }

  /** The same, for an input that is wrong in one field. */
  async isRefusedField(field, method, path, body) {
    const problem = await this.isRefused(422, 'validation_failed', method, path, body);
    assert.ok(problem.errors?.some((fault) => fault.field === field), `${field} is named in ${JSON.stringify(problem)}`);
  }

  /** A session of one's own. Public unless told otherwise, so that others join without an invitation. */
  createSession({ name = 'Ensayo general', visibility = 'public' } = {}) {
    return this.post('/api/sessions', { name, visibility });
  }

  /** Becomes a member of a public session. */
  becomeMember(session) {
    return this.post(`/api/sessions/${session.id}/join`, undefined, 200);
  }

  setRole(session, person, role) {
    return this.patch(memberPath(session, person), { role });
  }

  /** Removes somebody from a session; of oneself it is leaving. */
  remove(session, person) {
    return this.delete(memberPath(session, person));
  }

  invite(session, { email }, role = 'member') {
    return this.post('/api/invitations', { sessionId: session.id, email, role });
  }

  write(session, content, more = {}, status = 201) {
    return this.post(`/api/sessions/${session.id}/messages`, { content, ...more }, status);
  }

  /** The session as `GET /api/sessions` shows it to this person. */
  async listed(session) {
    const { items } = await this.get('/api/sessions?limit=100');
    return items.find((one) => one.id === session.id);
  }

  async members(session) {
    return (await this.get(`${sessionPath(session)}/members?limit=100`)).items;
  }

  /** Every message of a session, oldest first, page by page. */
  async allMessages(session) {
    const messages = [];
    let cursor = '';
    do {
      const path = `/api/sessions/${session.id}/messages?afterSeq=0&limit=100${cursor}`;
      const page = await this.get(path);
      messages.push(...page.items);
      cursor = page.nextCursor && `&cursor=${encodeURIComponent(page.nextCursor)}`;
    } while (cursor);
    return messages;
  }

  /** Every event after a position, page by page. */
  async eventsAfter(session, position, limit = 100) {
    const events = [];
    let page;
    do {
      page = await this.get(`/api/sessions/${session.id}/events?after=${position}&limit=${limit}`);
      assert.ok(page.items.length <= limit, `a page of ${limit} held ${page.items.length} events`);
      assert.equal(page.recovered, true, `nothing after ${position} was lost`);
      assert.ok(!page.more || page.position > position, 'a page with more to come moves on');
      events.push(...page.items);
      position = page.position;
    } while (page.more);
    return events;
  }

  /** A connected socket, closed when the test ends. */
  connect(t, transport, options = {}) {
    return connected(this.open(t, transport, options));
  }

  /** Connects, listens, and joins the room: `socket`, `ear` and `joined` are this person's from then on. */
  async enter(t, transport, session) {
    this.socket = await this.connect(t, transport);
    this.ear = new Ear(this.socket);
    this.joined = await succeed(this.socket, 'session:join', { sessionId: session.id });
    return this;
  }

  /** A socket that is only beginning to connect. */
  open(t, transport, options = {}) {
    return open(t, this.house, { token: this.token, ...transport.options, ...options });
  }
}

async function call(house, method, path, { status, ...request }) {
  const answer = await send(house, method, path, request);
  assertStatus(answer, status, method, path);
  return answer.text === '' ? undefined : JSON.parse(answer.text);
}

async function send(house, method, path, { body, headers: more, token }) {
  const headers = { accept: 'application/json', ...more };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(house.url + path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function assertStatus({ status, text }, expected, method, path) {
  assert.equal(status, expected, `${method} ${path} answered ${status}: ${text.slice(0, 500)}`);
}
