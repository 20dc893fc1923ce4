// SIGKILL amid the writing: what was acknowledged is there exactly once, and the numbering has no gap.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { House, assertRun, onEveryDatabase, succeed, test, transports } from './harness.mjs';

onEveryDatabase((database) => {
  /** Four people with five connections each, spread over the transport settings. */
  async function crowd(t, house) {
    const people = await house.people('ada', 'grace', 'joan', 'mary');
    const session = await people[0].createSession();
    for (const person of people.slice(1)) await person.becomeMember(session);
    const seats = Array.from({ length: 20 }, (_, n) => ({ person: people[n % 4], transport: transports[n % 3] }));
    const sockets = await Promise.all(seats.map(({ person, transport }) => person.connect(t, transport)));
    return { people, session, sockets };
  }

  test('an acknowledged message outlives the server, once', async (t) => {
    const house = await House.for(t, database);
    const { people, session, sockets } = await crowd(t, house);
    const [ada] = people;
    const acknowledged = [];
    const unanswered = [];
    let enough;
    const busy = new Promise((resolve) => (enough = resolve));

    const write = async (socket, author) => {
      while (socket.connected) {
        const payload = { sessionId: session.id, content: 'written', clientMessageId: randomUUID() };
        try {
          acknowledged.push(await succeed(socket, 'message:create', payload, { timeout: 20_000 }));
        } catch (error) {
          // Only the crash may keep an answer back.
          if (socket.connected) throw error;
          unanswered.push({ author, payload });
        }
        if (acknowledged.length >= 400) enough();
      }
    };
    // Three lanes each: the server always holds messages that it has not acknowledged.
    const lanes = sockets.flatMap((socket, n) => [1, 2, 3].map(() => write(socket, people[n % 4])));
    const writing = Promise.all(lanes);
    await Promise.race([busy, writing]);
    await house.kill();
    await writing;
    assert.ok(acknowledged.length >= 400);
    assert.ok(unanswered.length > 0, 'the crash came amid the writing');

    await house.start();
    const stored = await ada.allMessages(session);
    assertRun(stored.map((message) => message.seq), 1, stored.length);
    const byKey = new Map(stored.map((message) => [message.clientMessageId, message]));
    assert.equal(byKey.size, stored.length, 'no clientMessageId twice');
    for (const message of acknowledged) assert.deepEqual(byKey.get(message.clientMessageId), message);

    // The log tells the same story: each message is one event, and no position is missing.
    const events = await ada.eventsAfter(session, 0);
    assertRun(events.map((event) => event.position), 1, events.length);
    const told = events.filter((event) => event.type === 'message:create').map((event) => event.data.id);
    assert.deepEqual(told, stored.map((message) => message.id));

    // Sending again what stayed unanswered stores what was lost, and only that.
    for (const { author, payload: { content, clientMessageId } } of unanswered) {
      await author.write(session, content, { clientMessageId }, byKey.has(clientMessageId) ? 200 : 201);
    }
    const complete = await ada.allMessages(session);
    assert.equal(complete.length, new Set([...byKey.keys(), ...unanswered.map((one) => one.payload.clientMessageId)]).size);
    assertRun(complete.map((message) => message.seq), 1, complete.length);
  });
});
