// Resuming amid everything that can happen: each event once, in order; and what a client makes of them is the truth.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import {
  Ear, assertRun, busily, connected, cut, drop, inEveryHouse, messagePath, room, sessionPath, succeed, test, websocket,
  within,
} from './harness.mjs';

/** What a client shows of a session: read afresh, or kept up by events. */
class View {
  static async read(person, session) {
    const view = new View();
    view.session = await person.get(sessionPath(session));
    view.messages = new Map((await person.allMessages(session)).map((message) => [message.seq, message]));
    view.members = new Map((await person.members(session)).map((member) => [member.user.id, member]));
    return view;
  }

  copy() {
    return Object.assign(new View(), structuredClone({ ...this }));
  }

  apply({ type, position, data }) {
    assert.equal(position, this.session.lastPosition + 1);
    this.session.lastPosition = position;
    const doings = {
      'message:create': () => {
        assert.equal(data.seq, this.session.lastSeq + 1);
        this.messages.set(data.seq, data);
        Object.assign(this.session, { lastSeq: data.seq, lastMessageAt: data.createdAt });
        this.session.unreadCount += 1;
      },
      'message:update': () => this.messages.set(data.seq, data),
      'message:delete': () => this.messages.set(data.seq, data),
      'session:update': () => {
        // The event knows what came before it.
        const { memberCount, lastSeq, lastPosition, lastMessageAt } = this.session;
        const { memberCount: members, lastSeq: seq, lastPosition: place, lastMessageAt: at } = data;
        assert.deepEqual({ members, seq, place, at }, {
          members: memberCount, seq: lastSeq, place: lastPosition, at: lastMessageAt,
        });
        assert.ok(!('role' in data) && !('unreadCount' in data), 'the event is for everybody');
        Object.assign(this.session, data);
      },
      'member:update': () => this.members.set(data.user.id, data),
      'member:remove': () => this.members.delete(data.userId),
      'invitation:accept': () => this.members.set(data.membership.user.id, data.membership),
    };
    doings[type]();
    this.session.memberCount = this.members.size;
  }

  /** In an order that does not depend on how it came to be. */
  plain() {
    const members = [...this.members.values()].toSorted((a, b) => (a.user.id < b.user.id ? -1 : 1));
    return { session: this.session, messages: [...this.messages.values()].toSorted((a, b) => a.seq - b.seq), members };
  }
}

/** Everything that lasts, done over and over by several people at once, until `stop`. */
function bustle({ session, ada, grace, mary, joan }, paul) {
  const path = sessionPath(session);
  const writes = {
    async edits() {
      const [first, second] = [await grace.write(session, 'first'), await grace.write(session, 'second')];
      await grace.patch(messagePath(first), { content: 'first, edited' });
      await mary.delete(messagePath(second));
    },
    async sends() {
      const payload = { sessionId: session.id, content: 'sent', replyTo: null };
      const { id: messageId } = await succeed(grace.socket, 'message:create', payload);
      if (randomInt(3) === 0) await succeed(grace.socket, 'message:update', { messageId, content: 'sent, edited' });
      if (randomInt(3) === 0) await succeed(grace.socket, 'message:delete', { messageId });
    },
    renames: (n) => ada.patch(path, { name: `Ensayo ${n}`, description: `número ${n}` }),
    roles: (n) => ada.setRole(session, mary, n % 2 ? 'moderator' : 'owner'),
    async comings() {
      await joan.post(`${path}/leave`, undefined, 204);
      await joan.becomeMember(session);
    },
    async invitations() {
      const { id } = await ada.invite(session, paul, 'viewer');
      await paul.post(`/api/invitations/${id}/accept`, undefined, 200);
      await ada.remove(session, paul);
    },
  };
  const doing = [...Object.values(writes), writes.sends, writes.sends].map((act) => busily(act));
  return { stop: () => Promise.all(doing.map((one) => one.stop())) };
}

inEveryHouse((house) => {
  test('forty drops amid everything lose nothing and repeat nothing', async (t) => {
    const people = { grace: 'member', mary: 'moderator', joan: 'member', vera: 'viewer' };
    const there = await room(t, house, websocket, people);
    const { session, sessionId, ada, vera } = there;
    for (let n = 0; n < 10; n += 1) await ada.write(session, `before ${n}`);
    const stale = await View.read(vera, session);
    const from = stale.session.lastPosition;
    await drop(vera.socket);

    const seen = [];
    const counts = { drops: 0, unanswered: 0, replayed: 0, live: 0 };
    /** One stay: joins after what was seen, hears some, and is cut off, perhaps before the answer came. */
    const stay = async (enough) => {
      const socket = await connected(vera.socket.connect());
      socket.offAny();
      const ear = new Ear(socket);
      let early;
      const payload = { sessionId, after: seen.at(-1)?.position ?? from };
      const joining = new Promise((resolve) => {
        socket.emit('session:join', payload, (answer) => {
          early = ear.of(session).length;
          resolve(answer);
        });
      });
      const lose = randomInt(2) ? cut : drop;
      if (enough === undefined) {
        for (let ticks = randomInt(20); ticks > 0; ticks -= 1) await new Promise(setImmediate);
        await lose(socket);
        counts.unanswered += 1;
        return;
      }
      const { ok, data: joined } = await within(10_000, joining, 'the answer to a join');
      assert.ok(ok);
      await ear.until(() => ear.lasting().length >= enough, `${enough} live events`);
      await lose(socket);
      assert.equal(early, 0, 'the answer comes before what follows it');
      assert.deepEqual([joined.recovered, joined.more], [true, false]);
      const live = ear.lasting().map(({ event: type, data: { position, ...data } }) => ({ type, position, data }));
      seen.push(...joined.events, ...live);
      counts.replayed += joined.events.length;
      counts.live += live.length;
    };

    const busy = bustle(there, await house.person('paul'));
    try {
      for (; counts.drops < 40; counts.drops += 1) await stay(randomInt(4) ? randomInt(15) : undefined);
    } finally {
      await busy.stop();
    }
    await stay(0);

    const { lastPosition } = await vera.get(sessionPath(session));
    assertRun(seen.map(({ position }) => position), from + 1, lastPosition);
    const log = await vera.eventsAfter(session, from);
    const names = (events) => events.map(({ type, position, data }) => [type, position, data.id]);
    assert.deepEqual(names(seen), names(log), 'what was seen is what is kept');
    const kinds = [...new Set(seen.map(({ type }) => type))].toSorted();
    assert.deepEqual(kinds, [
      'invitation:accept', 'member:remove', 'member:update', 'message:create', 'message:delete', 'message:update',
      'session:update',
    ]);

    const fresh = (await View.read(vera, session)).plain();
    for (const events of [seen, log]) {
      const kept = stale.copy();
      events.forEach((event) => kept.apply(event));
      assert.deepEqual(kept.plain(), fresh);
    }
    t.diagnostic(`${house}: ${JSON.stringify({ ...counts, events: seen.length })}`);
  });

  test('who was away when the session was deleted hears of it on coming back', async (t) => {
    const { session, sessionId, position, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    await drop(grace.socket);
    await ada.write(session, 'the last word');
    await ada.delete(sessionPath(session));
    await connected(grace.socket.connect());
    const joined = await succeed(grace.socket, 'session:join', { sessionId, after: position });
    assert.equal(joined.recovered, true);
    assert.deepEqual(joined.events.map(({ type }) => type), ['message:create', 'session:delete']);
    assert.deepEqual(await grace.eventsAfter(session, position), joined.events);
  });
});
