// Writing messages: who may, what is stored, who hears it, and how often.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Ear, assertMessage, everywhere, refused, refusedField, succeed, test } from './harness.mjs';

everywhere((house, transport) => {
  /** A session of ada's in which grace is a member; both have joined, and both ears are open. */
  async function room(t) {
    const [ada, grace] = await house.people('ada', 'grace');
    const session = await ada.createSession();
    await grace.becomeMember(session);
    const sockets = await Promise.all([ada.connect(t, transport), grace.connect(t, transport)]);
    const ears = sockets.map((socket) => new Ear(socket));
    const joins = await Promise.all(sockets.map((socket) => succeed(socket, 'session:join', { sessionId: session.id })));
    return { ada, grace, session, sessionId: session.id, socket: sockets[0], ears, position: joins[0].position };
  }

  const hear = (ears, content) =>
    Promise.all(ears.map((ear) => ear.hears('message:create', (message) => message.content === content)));

  test('a message is acknowledged, and heard by its sender and the others', async (t) => {
    const { ada, sessionId, socket, ears, position } = await room(t);
    const message = await succeed(socket, 'message:create', { sessionId, content: 'Buenos días' });
    assertMessage(message);
    assert.equal(message.sessionId, sessionId);
    assert.equal(message.seq, 1);
    assert.equal(message.author.id, ada.user.id);
    assert.equal(message.content, 'Buenos días');
    for (const absent of ['clientMessageId', 'replyTo', 'editedAt', 'deletedAt']) assert.equal(message[absent], null);
    for (const heard of await hear(ears, 'Buenos días')) {
      assert.deepEqual(heard, { ...message, position: position + 1 });
    }
  });

  test('a message posted over REST reaches the sockets', async (t) => {
    const { grace, session, ears, position } = await room(t);
    const message = await grace.write(session, 'over REST');
    assertMessage(message);
    for (const heard of await hear(ears, 'over REST')) {
      assert.deepEqual(heard, { ...message, position: position + 1 });
    }
  });

  test('text is trimmed and otherwise kept as it came', async (t) => {
    const { ada, session, sessionId, socket } = await room(t);
    const kept = ['a\n\tb', 'e\u0301 é', '👩‍👩‍👧', 'שלום', '\u202e', '<b>&amp;</b>', '\\u0000', "'; DROP TABLE message; --"];
    for (const content of kept) {
      assert.equal((await succeed(socket, 'message:create', { sessionId, content })).content, content);
    }
    const trimmed = await succeed(socket, 'message:create', { sessionId, content: '  \n around \t ' });
    assert.equal(trimmed.content, 'around');
    const stored = await ada.allMessages(session);
    assert.deepEqual(stored.map((message) => message.content), [...kept, 'around']);
  });

  test('4,000 characters fit, however many bytes they take', async (t) => {
    const { sessionId, socket } = await room(t);
    for (const character of ['a', 'ñ', '🎭']) {
      const content = character.repeat(4000);
      assert.equal((await succeed(socket, 'message:create', { sessionId, content })).content, content);
    }
  });

  test('content that is none is refused, and nothing is written', async (t) => {
    const { ada, session, sessionId, socket, ears, position } = await room(t);
    const wrong = ['', '   ', '\n\t\u00a0', 'nul\u0000byte', 'a'.repeat(4001), '🎭'.repeat(4001), null, 7, ['a'], { a: 1 }];
    for (const content of wrong) {
      await refusedField(socket, 'message:create', { sessionId, content }, 'content');
    }
    await refusedField(socket, 'message:create', { sessionId }, 'content');
    await refusedField(socket, 'message:create', { sessionId, content: 'a', colour: 'red' }, 'colour');
    await refusedField(socket, 'message:create', { content: 'a' }, 'sessionId');
    await refused(socket, 'message:create', { sessionId, content: Buffer.from('a') }, 'validation_failed');

    // The fence: the next message is the first, in the log and in every ear.
    const first = await succeed(socket, 'message:create', { sessionId, content: 'first' });
    assert.equal(first.seq, 1);
    await hear(ears, 'first');
    for (const ear of ears) assert.deepEqual(ear.lasting().map((entry) => entry.data.position), [position + 1]);
    assert.equal((await ada.allMessages(session)).length, 1);
  });

  test('a repeated clientMessageId gives the first message and emits nothing', async (t) => {
    const { ada, session, sessionId, socket, ears } = await room(t);
    const clientMessageId = randomUUID();
    const first = await succeed(socket, 'message:create', { sessionId, content: 'once', clientMessageId });
    assert.equal(first.clientMessageId, clientMessageId);
    const again = await succeed(socket, 'message:create', { sessionId, content: 'once', clientMessageId });
    assert.deepEqual(again, first);
    const overRest = await ada.write(session, 'once', { clientMessageId }, 200);
    assert.deepEqual(overRest, first);

    await succeed(socket, 'message:create', { sessionId, content: 'fence' });
    await hear(ears, 'fence');
    for (const ear of ears) {
      assert.deepEqual(ear.all('message:create').map((message) => message.content), ['once', 'fence']);
    }
    assert.equal((await ada.allMessages(session)).length, 2);
  });

  test('a clientMessageId sent many times at once is one message', async (t) => {
    const { sessionId, socket, ears } = await room(t);
    const payload = { sessionId, content: 'once', clientMessageId: randomUUID() };
    const answers = await Promise.all(Array.from({ length: 20 }, () => succeed(socket, 'message:create', payload)));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    await succeed(socket, 'message:create', { sessionId, content: 'fence' });
    await hear(ears, 'fence');
    for (const ear of ears) assert.equal(ear.all('message:create').length, 2);
  });

  test('a clientMessageId belongs to its author', async (t) => {
    const { grace, session, sessionId, socket } = await room(t);
    const clientMessageId = randomUUID();
    const hers = await succeed(socket, 'message:create', { sessionId, content: 'hers', clientMessageId });
    const his = await grace.write(session, 'his', { clientMessageId });
    assert.notEqual(his.id, hers.id);
    assert.equal(his.content, 'his');
  });

  test('clientMessageId and replyTo are looked at', async (t) => {
    const { ada, sessionId, socket } = await room(t);
    const other = await ada.createSession();
    const elsewhere = await ada.write(other, 'elsewhere');
    const long = { sessionId, content: 'a', clientMessageId: 'c'.repeat(65) };
    await refusedField(socket, 'message:create', long, 'clientMessageId');
    await refusedField(socket, 'message:create', { sessionId, content: 'a', replyTo: elsewhere.id }, 'replyTo');
    await refusedField(socket, 'message:create', { sessionId, content: 'a', replyTo: 'that one' }, 'replyTo');
    const first = await succeed(socket, 'message:create', { sessionId, content: 'a' });
    const reply = await succeed(socket, 'message:create', { sessionId, content: 'b', replyTo: first.id });
    assert.equal(reply.replyTo, first.id);
    assert.equal(reply.seq, 2);
  });

  test('a member writes without having joined the room', async (t) => {
    const { grace, sessionId, ears } = await room(t);
    const socket = await grace.connect(t, transport);
    await succeed(socket, 'message:create', { sessionId, content: 'from the corridor' });
    await hear(ears, 'from the corridor');
  });

  test('viewers and outsiders do not write', async (t) => {
    const { ada, session, sessionId, ears } = await room(t);
    const [vera, eve] = await house.people('vera', 'eve');
    await vera.becomeMember(session);
    await ada.patch(`/api/sessions/${sessionId}/members/${vera.user.id}`, { role: 'viewer' });
    const closed = await ada.createSession({ visibility: 'private' });
    const [viewer, outsider] = await Promise.all([vera.connect(t, transport), eve.connect(t, transport)]);
    await succeed(viewer, 'session:join', { sessionId });

    await refused(viewer, 'message:create', { sessionId, content: 'a' }, 'forbidden');
    await refused(outsider, 'message:create', { sessionId, content: 'a' }, 'forbidden');
    await refused(outsider, 'message:create', { sessionId: closed.id, content: 'a' }, 'not_found');

    const first = await ada.write(session, 'fence');
    assert.equal(first.seq, 1);
    await hear(ears, 'fence');
    for (const ear of ears) assert.equal(ear.all('message:create').length, 1);
    assert.deepEqual(await ada.allMessages(closed), []);
  });
});
