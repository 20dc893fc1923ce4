// Order: what one socket sends without waiting is stored and heard in that order, whoever else is writing.

import assert from 'node:assert/strict';
import { Ear, assertRun, everywhere, succeed, test } from './harness.mjs';

everywhere((house, transport) => {
  async function room(t) {
    const [ada, grace] = await house.people('ada', 'grace');
    const session = await ada.createSession();
    await grace.becomeMember(session);
    const sockets = await Promise.all([ada.connect(t, transport), grace.connect(t, transport)]);
    const ears = sockets.map((socket) => new Ear(socket));
    const joins = await Promise.all(sockets.map((socket) => succeed(socket, 'session:join', { sessionId: session.id })));
    return { ada, session, sockets, ears, position: joins[0].position };
  }

  /** Sends messages named after their writer and number, all at once. */
  function pipeline(socket, session, writer, count) {
    const payloads = Array.from({ length: count }, (_, n) => ({ sessionId: session.id, content: `${writer} ${n}` }));
    return Promise.all(payloads.map((payload) => succeed(socket, 'message:create', payload, { timeout: 30_000 })));
  }

  test('500 messages sent without waiting keep their order', async (t) => {
    const { ada, session, sockets, ears, position } = await room(t);
    const acknowledged = await pipeline(sockets[0], session, 'ada', 500);
    const sent = acknowledged.map((_, n) => `ada ${n}`);
    assertRun(acknowledged.map((message) => message.seq), 1, 500);
    assert.deepEqual(acknowledged.map((message) => message.content), sent);
    for (const ear of ears) {
      await ear.until(() => ear.all('message:create').length >= 500, '500 messages');
      const heard = ear.all('message:create');
      assertRun(heard.map((message) => message.position), position + 1, position + 500);
      assert.deepEqual(heard.map((message) => message.content), sent);
    }
    assert.deepEqual((await ada.allMessages(session)).map((message) => message.content), sent);
  });

  test('two writers at once share one numbering, each in their own order', async (t) => {
    const { session, sockets, ears, position } = await room(t);
    const both = await Promise.all([pipeline(sockets[0], session, 'ada', 100), pipeline(sockets[1], session, 'grace', 100)]);
    for (const acknowledged of both) {
      const seqs = acknowledged.map((message) => message.seq);
      assert.deepEqual(seqs, seqs.toSorted((a, b) => a - b), 'a writer overtakes nobody of their own');
    }
    assertRun(both.flat().map((message) => message.seq).sort((a, b) => a - b), 1, 200);
    for (const ear of ears) {
      await ear.until(() => ear.all('message:create').length >= 200, '200 messages');
      assertRun(ear.all('message:create').map((message) => message.position), position + 1, position + 200);
      assertRun(ear.all('message:create').map((message) => message.seq), 1, 200);
    }
  });
});
