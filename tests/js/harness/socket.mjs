// Sockets, and waiting for them. Every wait has a deadline; nothing sleeps.

import assert from 'node:assert/strict';
import { io } from 'socket.io-client';

/** What a promise gives, unless it takes too long. */
export async function within(timeout, promise, what) {
  let late;
  const deadline = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error(`${what} took more than ${timeout} ms`)), timeout);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(late);
  }
}

/** Begins to connect. No automatic reconnection unless a test is about it. */
export function open(t, house, { token, auth = { token }, ...options }) {
  const socket = io(house.url, { auth, multiplex: false, reconnection: false, ...options });
  t.after(() => socket.disconnect());
  return socket;
}

/** Resolves with the socket once it is connected, and fails with the server's code when it is refused. */
export function connected(socket) {
  if (socket.connected) return Promise.resolve(socket);
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => settle(reject, new Error('not connected within 10 s')), 10_000);
    const accepted = () => settle(resolve, socket);
    const refused = (error) => settle(reject, new Error(`connection refused: ${error.message}`, { cause: error }));
    const settle = (end, value) => {
      clearTimeout(deadline);
      socket.off('connect', accepted).off('connect_error', refused);
      end(value);
    };
    socket.once('connect', accepted).once('connect_error', refused);
  });
}

/** The first argument of the next `event`; works on a socket, a manager and an engine alike. */
export function once(emitter, event, { timeout = 10_000 } = {}) {
  return new Promise((resolve, reject) => {
    const heard = (argument) => {
      clearTimeout(deadline);
      resolve(argument);
    };
    const deadline = setTimeout(() => {
      emitter.off(event, heard);
      reject(new Error(`no ${event} within ${timeout} ms`));
    }, timeout);
    emitter.once(event, heard);
  });
}

/** Waits until the engine speaks over this transport. */
export async function settled(socket, transport) {
  if (socket.io.engine.transport.name === transport.settlesOn) return;
  await once(socket.io.engine, 'upgrade');
  assert.equal(socket.io.engine.transport.name, transport.settlesOn);
}

/** Loses the connection as a network would: the socket does not say goodbye. */
export async function drop(socket) {
  const gone = once(socket, 'disconnect');
  socket.io.engine.close();
  await gone;
}

/** Loses a websocket without so much as a close frame. */
export async function cut(socket) {
  const gone = once(socket, 'disconnect');
  socket.io.engine.transport.ws.terminate();
  await gone;
}

/** Resolves when all that the server sent to this connection before has come: an answer comes after it. */
export async function flushed(socket) {
  await refused(socket, 'session:explode', {}, 'unknown_event');
}

/** Sends a request and gives the whole acknowledgement. */
export function request(socket, event, payload, { timeout = 5000 } = {}) {
  return socket.timeout(timeout).emitWithAck(event, payload);
}

/** Sends a request that must succeed, and gives its data. */
export async function succeed(socket, event, payload, options) {
  const answer = await request(socket, event, payload, options);
  assert.deepEqual(Object.keys(answer).sort(), ['data', 'ok'], `${event} answered ${JSON.stringify(answer)}`);
  assert.equal(answer.ok, true);
  return answer.data;
}

/** Sends a request that must be refused with this code, and gives the error. */
export async function refused(socket, event, payload, code) {
  return refusal(await request(socket, event, payload), code);
}

/** Checks that an acknowledgement is a refusal with this code, and gives the error. */
export function refusal(answer, code) {
  const said = JSON.stringify(answer);
  assert.deepEqual(Object.keys(answer).sort(), ['error', 'ok'], said);
  assert.equal(answer.ok, false, said);
  assert.equal(answer.error.code, code, said);
  assert.equal(typeof answer.error.message, 'string', said);
  return answer.error;
}

/** The same, for an input that is wrong in one field. */
export async function refusedField(socket, event, payload, field) {
  const error = await refused(socket, event, payload, 'validation_failed');
  const fields = error.errors?.map((fault) => fault.field);
  assert.ok(fields?.includes(field), `${field} is named among ${JSON.stringify(error)}`);
}

/** What is for a person wherever they are, and is no part of a room. */
const personal = new Set(['invitation:create', 'notification:create']);

/** The session of which an event tells: named in it, in its membership, or the event's own subject. */
const sessionOf = (data) => data.sessionId ?? data.membership?.sessionId ?? data.id;

/** Whatever a connection hears, in order, from the moment of listening. */
export class Ear {
  #heard = [];
  #waiting = new Set();

  constructor(socket) {
    socket.onAny((event, data) => {
      this.#heard.push({ event, data, at: performance.now() });
      this.#waiting.forEach((look) => look());
    });
  }

  /** What was heard under this name. */
  all(event) {
    return this.#heard.filter((entry) => entry.event === event).map((entry) => entry.data);
  }

  /** The durable events: whatever carried a position. */
  lasting() {
    return this.#heard.filter((entry) => entry.data?.position !== undefined);
  }

  /** What was heard of a session's room, lasting or passing. */
  of(session) {
    return this.#heard.filter(({ event, data }) => !personal.has(event) && sessionOf(data) === session.id);
  }

  /** Waits until something heard under this name fits, and gives it. */
  async hears(event, fits = () => true) {
    await this.until(() => this.all(event).some(fits), `a fitting ${event}`);
    return this.all(event).find(fits);
  }

  /** Waits until `enough()`. */
  until(enough, what, { timeout = 15_000 } = {}) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!enough()) return;
        clearTimeout(deadline);
        this.#waiting.delete(look);
        resolve();
      };
      const deadline = setTimeout(() => {
        this.#waiting.delete(look);
        const last = JSON.stringify(this.#heard.slice(-3));
        reject(new Error(`${what} was not heard within ${timeout} ms; ${this.#heard.length} events, the last: ${last}`));
      }, timeout);
      this.#waiting.add(look);
      look();
    });
  }
}
