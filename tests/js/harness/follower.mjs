// A client that must not miss anything of a session: it joins with its cursor, and again after every loss.

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Ear, request } from './socket.mjs';
import { eventually } from './patience.mjs';

/** How an application would set the official client up that wants to be back soon. */
export const persistent = {
  transports: ['websocket'],
  reconnection: true,
  reconnectionDelay: 50,
  reconnectionDelayMax: 500,
  timeout: 5000,
};

/** Keeps a socket trying even when its handshake was refused, as with a server that cannot look its token up. */
export function insist(t, socket) {
  let over = false;
  t.after(() => (over = true));
  socket.on('connect_error', async () => {
    if (socket.active || over) return;
    await pause(200);
    if (!over) socket.connect();
  });
  return socket;
}

export class Follower {
  /** The durable events, in the order in which they were heard. */
  events = [];
  /** When a position was heard, for those that came live. */
  heardAt = new Map();
  /** What must not be. */
  faults = [];
  /** When it last began to follow. */
  followedAt;
  /** Why the connection was lost, each time. */
  losses = [];
  #held;
  #stay = 0;

  constructor(t, person, session, options = {}) {
    this.person = person;
    this.session = session;
    this.position = session.lastPosition;
    this.start = session.lastPosition;
    this.socket = insist(t, person.open(t, { options: persistent }, { autoConnect: false, ...options }));
    this.ear = new Ear(this.socket);
    this.socket.on('connect', () => this.#resume());
    this.socket.on('session:lagged', () => this.#resume());
    this.socket.on('disconnect', (reason) => {
      this.#stay += 1;
      this.losses.push(reason);
    });
    this.socket.onAny((type, data) => {
      if (data?.position === undefined) return;
      const { position, ...rest } = data;
      const event = { type, position, data: rest };
      if (this.#held) this.#held.push(event);
      else this.#take(event, performance.now());
    });
  }

  /** Connects and joins, and gives itself once it follows. */
  static async of(t, person, session, options) {
    const follower = new Follower(t, person, session, options);
    follower.socket.connect();
    await eventually('following', () => follower.follows);
    return follower;
  }

  /** Whether it has joined and hears live events. */
  get follows() {
    return this.socket.connected && this.#held === undefined;
  }

  #take(event, at) {
    if (event.position !== this.position + 1) this.faults.push(`${event.position} came after ${this.position}`);
    this.position = event.position;
    this.events.push(event);
    if (at) this.heardAt.set(event.position, at);
  }

  /** Joins with the cursor; again, as long as the server cannot just now. */
  async #resume() {
    this.#stay += 1;
    const stay = this.#stay;
    const isOver = () => stay !== this.#stay || !this.socket.connected;
    while (!isOver()) {
      this.#held = [];
      try {
        if (await this.#join(isOver)) return;
      } catch (error) {
        if (!isOver()) this.faults.push(error.message);
      }
      await pause(100);
    }
  }

  async #join(isOver) {
    const { id: sessionId } = this.session;
    const answer = await request(this.socket, 'session:join', { sessionId, after: this.position }, { timeout: 20_000 });
    if (isOver()) return false;
    if (!answer.ok) {
      if (answer.error.code !== 'unavailable') this.faults.push(`joining was refused: ${JSON.stringify(answer.error)}`);
      return false;
    }
    const { position, recovered, events, more } = answer.data;
    if (!recovered) this.faults.push(`nothing is kept after ${this.position}`);
    const missed = more ? [...events, ...(await this.#page(events.at(-1).position, position))] : events;
    if (isOver()) return false;
    missed.forEach((event) => this.#take(event));
    const held = this.#held;
    this.#held = undefined;
    held.forEach((event) => this.#take(event));
    this.followedAt = performance.now();
    return true;
  }

  async #page(after, until) {
    const events = [];
    while (after < until) {
      const page = await this.person.get(`/api/sessions/${this.session.id}/events?after=${after}&limit=500`);
      events.push(...page.items.filter(({ position }) => position <= until));
      after = page.position;
    }
    return events;
  }

  /** Waits until this position was heard. */
  reaches(position, options) {
    return eventually(`hearing position ${position}`, () => this.position, (heard) => heard >= position, options);
  }

  /** Checks that it heard exactly these events, in this order, since it came. */
  assertHeard(log) {
    const who = this.person.user.displayName;
    assert.deepEqual(this.faults, [], `what ${who} heard`);
    const plain = ({ type, position, data }) => `${position} ${type} ${data.id ?? ''}`;
    const expected = log.filter(({ position }) => position > this.start);
    assert.deepEqual(this.events.map(plain), expected.map(plain), `what ${who} heard`);
  }
}
