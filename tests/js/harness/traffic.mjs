// Clients that write without a pause while something goes wrong, and the reckoning afterwards.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Follower, insist, persistent } from './follower.mjs';
import { eventually } from './patience.mjs';
import { assertRun } from './shape.mjs';
import { once, request } from './socket.mjs';

/** Between two messages of a lane: many lanes, none of them greedy, on a machine that also runs the servers. */
const breathMs = 15;

export class Traffic {
  /** The acknowledged messages: `{message, lane, sentAt, at}`. */
  acknowledged = [];
  /** The tries that were refused or failed: `{lane, code, at, ms}`, with a code of the catalogue, or `lost`. */
  refusals = [];
  /** The answers of REST that were no success, whole. */
  problems = [];
  followers = [];
  sockets = [];
  #t;
  #session;
  #sentAt = new Map();
  #lanes = [];
  #going = true;

  constructor(t, session) {
    this.#t = t;
    this.#session = session;
    t.after(() => (this.#going = false));
  }

  /** Somebody who listens, through the node or the balancer that serves them. */
  async follow(person, options) {
    const follower = await Follower.of(this.#t, person, this.#session, options);
    this.followers.push(follower);
    return follower;
  }

  /** Somebody who writes over a socket of their own. */
  async writeBySocket(person, lanes = 2) {
    const socket = insist(this.#t, person.open(this.#t, { options: persistent }));
    this.sockets.push(socket);
    await eventually('connecting', () => socket.connected);
    const send = async (payload) => {
      if (!socket.connected) await once(socket, 'connect', { timeout: 40_000 });
      const answer = await request(socket, 'message:create', payload, { timeout: 25_000 });
      return answer.ok ? { message: answer.data } : { code: answer.error.code };
    };
    for (let n = 0; n < lanes; n += 1) this.#start({ person, by: 'socket', node: person.house }, send);
  }

  /** Somebody who writes over REST. */
  writeByRest(person, lanes = 1) {
    const send = async ({ sessionId, ...body }) => {
      const answer = await person.send('POST', `/api/sessions/${sessionId}/messages`, body);
      if ([200, 201].includes(answer.status)) return { message: JSON.parse(answer.text) };
      this.problems.push({ ...answer, node: person.house });
      return { code: JSON.parse(answer.text).code };
    };
    for (let n = 0; n < lanes; n += 1) this.#start({ person, by: 'REST', node: person.house }, send);
  }

  #start(lane, send) {
    const run = async () => {
      for (let n = 0; this.#going; n += 1) {
        await this.#deliver(lane, send, `${lane.person.user.displayName} ${n}`);
        await pause(breathMs);
      }
    };
    const running = run();
    running.catch(() => {}); // told by `stop`
    this.#lanes.push({ ...lane, running });
  }

  /** Sends one message, again and again under the same name, until it is acknowledged. */
  async #deliver(lane, send, content) {
    const payload = { sessionId: this.#session.id, content, clientMessageId: randomUUID() };
    const sentAt = performance.now();
    this.#sentAt.set(payload.clientMessageId, sentAt);
    for (;;) {
      const triedAt = performance.now();
      const { message, code } = await send(payload).catch(() => ({ code: 'lost' }));
      if (message) {
        this.acknowledged.push({ message, lane, sentAt, at: performance.now() });
        return;
      }
      const at = performance.now();
      this.refusals.push({ lane, code, at, ms: at - triedAt });
      assert.ok(['unavailable', 'lost'].includes(code), `a message was refused with ${code}`);
      // What the outage swallowed while the traffic stopped stays unacknowledged.
      if (!this.#going) return;
      await pause(100);
    }
  }

  /** Waits until each lane was acknowledged this many messages that it sent after `since`. */
  flows(count = 5, since = performance.now()) {
    const enough = ({ person, by }) => {
      const own = this.acknowledged.filter((one) => one.sentAt > since && one.lane.person === person && one.lane.by === by);
      return own.length >= count;
    };
    return eventually('messages flowing on every lane', () => this.#lanes.every(enough), Boolean, { timeout: 60_000 });
  }

  /** When the first message was acknowledged after this moment. */
  firstAfter(moment) {
    return Math.min(...this.acknowledged.filter(({ at }) => at > moment).map(({ at }) => at));
  }

  async stop() {
    this.#going = false;
    await Promise.all(this.#lanes.map(({ running }) => running));
  }

  /** Stops, and checks that nothing was lost or repeated: in the store, in the log, and in every follower's ears. */
  async reckon(witness) {
    await this.stop();
    const session = this.#session;
    const log = await witness.eventsAfter(session, 0, 500);
    assertRun(log.map(({ position }) => position), 1, log.length);
    const stored = await witness.allMessages(session);
    assertRun(stored.map(({ seq }) => seq), 1, stored.length);
    const told = log.filter(({ type }) => type === 'message:create').map(({ data }) => data.id);
    assert.deepEqual(told, stored.map(({ id }) => id));
    const byKey = new Map(stored.map((message) => [message.clientMessageId, message]));
    assert.equal(byKey.size, stored.length, 'no clientMessageId twice');
    for (const { message } of this.acknowledged) assert.deepEqual(byKey.get(message.clientMessageId), message);
    for (const follower of this.followers) {
      await follower.reaches(log.length);
      follower.assertHeard(log);
    }
    return log;
  }

  /** How long messages of one node took to the live followers of another, from the sending on; those sent in a span. */
  crossings(from = 0, until = Infinity) {
    const durations = [];
    for (const { message, lane, sentAt } of this.acknowledged) {
      if (sentAt < from || sentAt > until) continue;
      for (const { person, byMessage } of this.#heard()) {
        const heardAt = byMessage.get(message.id);
        if (person.house !== lane.node && heardAt) durations.push(heardAt - sentAt);
      }
    }
    return durations;
  }

  #heard() {
    return this.followers.map(({ person, events, heardAt }) => {
      const live = events.filter(({ position }) => heardAt.has(position));
      return { person, byMessage: new Map(live.map(({ data, position }) => [data.id, heardAt.get(position)])) };
    });
  }
}
