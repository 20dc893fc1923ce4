// GraphQL subscriptions as the official client makes them, and what they heard.

import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { eventually } from './patience.mjs';

export const PROTOCOL = 'graphql-transport-ws';

export const socketUrl = (house) => `${house.url.replace(/^http/, 'ws')}/graphql`;

export const EVENTS = `subscription Events($id: ID!, $after: Int) {
  sessionEvents(sessionId: $id, after: $after) {
    sessionId type position data
    message { id seq content clientMessageId author { id displayName } createdAt editedAt deletedAt }
    session { id name }
    membership { sessionId role user { id } }
    invitation { status }
    removedUserId
  }
}`;

/** The official client as somebody, closed when the test ends; it does not try again unless a test is about it. */
export function subscriber(t, person, options = {}) {
  const client = createClient({
    url: socketUrl(person.house),
    webSocketImpl: WebSocket,
    connectionParams: () => ({ token: person.token }),
    retryAttempts: 0,
    ...options,
  });
  t.after(() => client.dispose());
  return client;
}

/** One operation: its values, and how it ended. */
export class Heard {
  values = [];
  ended = false;
  error = undefined;

  constructor(client, query, variables) {
    this.query = query;
    this.stop = client.subscribe({ query, variables }, {
      next: (value) => {
        assert.equal(value.errors, undefined, JSON.stringify(value.errors));
        this.values.push(value.data);
      },
      error: (error) => {
        this.error = error;
        this.ended = true;
      },
      complete: () => (this.ended = true),
    });
  }

  /** What one field of the values held. */
  of(field) {
    return this.values.map((value) => value[field]);
  }

  get positions() {
    return this.of('sessionEvents').map(({ position }) => position);
  }

  has(count) {
    return eventually(`${count} values`, () => this.values.length, (length) => length >= count);
  }

  /** Waits until an event with this position was heard; an end before that is told at once. */
  async reaches(position) {
    const last = () => {
      assert.ok(!this.ended, `it ended at ${this.positions.at(-1)} with ${describe(this.error)}`);
      return this.positions.at(-1) ?? 0;
    };
    await eventually(`the event ${position}`, last, (at) => at >= position);
  }

  /** Waits for the end by an error message, and gives its first error. */
  async fails(code) {
    await eventually('the end of a subscription', () => this.ended);
    assert.ok(Array.isArray(this.error), `it ended with ${describe(this.error)}`);
    assert.equal(this.error[0].extensions.code, code, JSON.stringify(this.error));
    return this.error[0];
  }

  /** Waits for the end with the connection, and checks its close code and its reason. */
  async closes(code, reason) {
    await eventually('the end of a connection', () => this.ended);
    assert.deepEqual([this.error?.code, this.error?.reason], [code, reason], describe(this.error));
  }
}

const describe = (error) => (error?.code ? `close ${error.code} ${error.reason}` : JSON.stringify(error) ?? `${error}`);

/** Asks something; what was subscribed to before on this connection hears by the time of the answer. */
export async function ask(client, query = '{ __typename }', variables = undefined) {
  const answers = [];
  for await (const answer of client.iterate({ query, variables })) answers.push(answer);
  assert.equal(answers.length, 1);
  assert.equal(answers[0].errors, undefined, JSON.stringify(answers[0].errors));
  return answers[0].data;
}

/** A bare websocket that speaks the protocol by hand. */
export class Raw {
  messages = [];

  constructor(t, house, { protocols = PROTOCOL, ...options } = {}) {
    this.socket = new WebSocket(socketUrl(house), protocols, options);
    t.after(() => this.socket.terminate());
    this.socket.on('message', (text) => this.messages.push(JSON.parse(text)));
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve([code, `${reason}`]));
      this.socket.on('error', (error) => resolve([0, error.message]));
    });
    this.opened = new Promise((resolve, reject) => this.socket.on('open', resolve).on('error', reject));
    this.opened.catch(() => undefined);
  }

  async send(...messages) {
    await this.opened;
    messages.forEach((message) => this.socket.send(typeof message === 'string' ? message : JSON.stringify(message)));
  }

  init(person) {
    return this.send({ type: 'connection_init', payload: { token: person.token } });
  }

  /** Waits for a message that fits. */
  async hears(fits) {
    await eventually(`a message that fits ${fits}`, () => this.messages.some(fits));
    return this.messages.find(fits);
  }
}
