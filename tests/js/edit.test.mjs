// Editing and deleting messages: who may, who hears it, and that nothing is left of what was deleted.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  assertMessage, assertTime, everywhere, inEveryHouse, messagePath, refused, refusedField, room, sessionPath, succeed,
  test, websocket,
} from './harness.mjs';

const gone = (message, { editedAt, deletedAt }) => ({ ...message, content: null, editedAt, deletedAt });

everywhere((house, transport) => {
  test('an edit is heard by the room and keeps all but the content', async (t) => {
    const { session, sessionId, position, ada, grace } = await room(t, house, transport, { grace: 'member' });
    const message = await succeed(grace.socket, 'message:create', { sessionId, content: 'Buenos dias' });
    const messageId = message.id;
    const edited = await succeed(grace.socket, 'message:update', { messageId, content: '  Buenos días  ' });
    assertMessage(edited);
    assertTime(edited.editedAt);
    assert.deepEqual(edited, { ...message, content: 'Buenos días', editedAt: edited.editedAt });
    const again = await grace.patch(messagePath(message), { content: 'Buenas noches' });
    assert.deepEqual(again, { ...edited, content: 'Buenas noches', editedAt: again.editedAt });
    for (const { ear } of [ada, grace]) {
      await ear.hears('message:update', ({ content }) => content === 'Buenas noches');
      const updates = [{ ...edited, position: position + 2 }, { ...again, position: position + 3 }];
      assert.deepEqual(ear.all('message:update'), updates);
    }
    assert.deepEqual(await ada.allMessages(session), [again]);
  });

  test('a deleted message keeps its place and nothing of its content', async (t) => {
    const { session, sessionId, position, ada, grace } = await room(t, house, transport, { grace: 'member' });
    const messages = [];
    for (const content of ['first', 'second', 'third']) {
      messages.push(await succeed(grace.socket, 'message:create', { sessionId, content }));
    }
    const deleted = await succeed(grace.socket, 'message:delete', { messageId: messages[0].id });
    assertMessage(deleted);
    assertTime(deleted.deletedAt);
    assert.deepEqual(deleted, gone(messages[0], deleted));
    await grace.delete(messagePath(messages[1]));
    for (const { ear } of [ada, grace]) {
      const second = await ear.hears('message:delete', ({ id }) => id === messages[1].id);
      assert.deepEqual(ear.all('message:delete')[0], { ...deleted, position: position + 4 });
      assert.deepEqual(second, { ...gone(messages[1], second), position: position + 5 });
    }
    const stored = await ada.allMessages(session);
    assert.deepEqual(stored.map(({ seq, content }) => [seq, content]), [[1, null], [2, null], [3, 'third']]);
    await refused(grace.socket, 'message:update', { messageId: messages[0].id, content: 'back' }, 'conflict');
    await grace.isRefused(409, 'conflict', 'PATCH', messagePath(messages[1]), { content: 'back' });
    assert.equal((await succeed(grace.socket, 'message:create', { sessionId, content: 'fourth' })).seq, 4);
  });

  test('the kept events tell nothing of what was deleted', async (t) => {
    const { session, sessionId, ada, grace } = await room(t, house, transport, { grace: 'member' });
    const secrets = [randomUUID(), `señal-${randomUUID()}`, `🎭 "${randomUUID()}"`, randomUUID()];
    const message = await succeed(ada.socket, 'message:create', { sessionId, content: secrets[0] });
    const messageId = message.id;
    await succeed(ada.socket, 'message:update', { messageId, content: secrets[1] });
    await ada.patch(messagePath(message), { content: secrets[2] });
    const kept = await succeed(grace.socket, 'message:create', { sessionId, content: 'kept', replyTo: messageId });
    const other = await grace.write(session, secrets[3]);
    await succeed(ada.socket, 'message:delete', { messageId });
    await ada.delete(messagePath(other));

    const joined = await succeed(grace.socket, 'session:join', { sessionId, after: 0 });
    const ends = ['/events?after=0&limit=500', '/messages', '/messages?afterSeq=0'];
    const texts = await Promise.all(ends.map(async (end) => (await grace.send('GET', sessionPath(session) + end)).text));
    for (const text of [JSON.stringify(joined), ...texts]) {
      assert.ok(text.includes(messageId) && text.includes('kept'), 'it is the right text');
      const bare = secrets.map((secret) => secret.match(/[0-9a-f-]{36}/)[0]);
      for (const secret of bare) assert.ok(!text.includes(secret), `${secret} is in ${text}`);
    }
    const events = joined.events.filter(({ data }) => data.id === messageId);
    assert.deepEqual(events.map(({ type, data }) => [type, data.content]), [
      ['message:create', null], ['message:update', null], ['message:update', null], ['message:delete', null],
    ]);
    assert.deepEqual(await ada.eventsAfter(session, 0), joined.events);
    assert.equal(kept.replyTo, messageId);
    assert.equal((await grace.allMessages(session))[1].replyTo, messageId, 'a reply still names it');
  });

  test("nobody edits another's message; moderators and owners delete it", async (t) => {
    const roles = { grace: 'member', joan: 'member', mary: 'moderator', vera: 'viewer' };
    const { session, sessionId, ada, grace, joan, mary, vera } = await room(t, house, transport, roles);
    const [message, another] = [await grace.write(session, 'hers'), await grace.write(session, 'hers too')];
    const messageId = message.id;
    for (const person of [joan, mary, ada, vera]) {
      await refused(person.socket, 'message:update', { messageId, content: 'mine' }, 'forbidden');
      await person.isRefused(403, 'forbidden', 'PATCH', messagePath(message), { content: 'mine' });
    }
    for (const person of [joan, vera]) {
      await refused(person.socket, 'message:delete', { messageId }, 'forbidden');
      await person.isRefused(403, 'forbidden', 'DELETE', messagePath(message));
    }
    assert.deepEqual(await ada.allMessages(session), [message, another]);
    const byMary = await succeed(mary.socket, 'message:delete', { messageId });
    assert.deepEqual(byMary, gone(message, byMary));
    await ada.delete(messagePath(another));
    const fence = await succeed(ada.socket, 'message:create', { sessionId, content: 'fence' });
    await joan.ear.hears('message:create', ({ id }) => id === fence.id);
    assert.deepEqual(joan.ear.all('message:update'), []);
    assert.equal(joan.ear.all('message:delete').length, 2);
  });

  test('outsiders change nothing, and learn nothing of a private session', async (t) => {
    const { session, ada } = await room(t, house, transport);
    const message = await ada.write(session, 'ours');
    const messageId = message.id;
    const eve = await house.person('eve');
    const socket = await eve.connect(t, transport);
    for (const code of ['forbidden', 'not_found']) {
      await refused(socket, 'message:update', { messageId, content: 'mine' }, code);
      await refused(socket, 'message:delete', { messageId }, code);
      await ada.patch(sessionPath(session), { visibility: 'private' });
    }
    assert.deepEqual(await ada.allMessages(session), [message]);
  });

  test('a request of the wrong shape is refused with the field that is wrong', async (t) => {
    const { session, ada } = await room(t, house, transport);
    const { id: messageId } = await ada.write(session, 'a');
    const update = (payload, field) => refusedField(ada.socket, 'message:update', payload, field);
    const wrong = ['', '  ', 'nul\u0000', 'a'.repeat(4001), null, 7];
    for (const content of wrong) await update({ messageId, content }, 'content');
    await update({ messageId }, 'content');
    await update({ content: 'a' }, 'messageId');
    await update({ messageId: 'that one', content: 'a' }, 'messageId');
    await update({ messageId, content: 'a', sessionId: session.id }, 'sessionId');
    await refusedField(ada.socket, 'message:delete', {}, 'messageId');
    await refusedField(ada.socket, 'message:delete', { messageId: 7 }, 'messageId');
    await refused(ada.socket, 'message:delete', { messageId: randomUUID() }, 'not_found');
  });
});

inEveryHouse((house) => {
  test('a message belongs to its session', async (t) => {
    const { session, ada } = await room(t, house, websocket);
    const message = await ada.write(session, 'here');
    const other = await ada.createSession();
    for (const wrong of [{ sessionId: other.id }, { id: randomUUID() }, { id: 'x' }]) {
      const path = messagePath({ ...message, ...wrong });
      await ada.isRefused(404, 'not_found', 'PATCH', path, { content: 'there' });
      await ada.isRefused(404, 'not_found', 'DELETE', path);
    }
    assert.deepEqual(await ada.allMessages(session), [message]);
  });

  test('an edit and a deletion at once leave a tombstone', async (t) => {
    const { session, ada } = await room(t, house, websocket);
    for (let round = 0; round < 10; round += 1) {
      const message = await ada.write(session, 'a');
      const change = { content: 'changed meanwhile' };
      const path = messagePath(message);
      const acts = [() => ada.send('PATCH', path, change), () => ada.send('DELETE', path)];
      const answers = await Promise.all((round % 2 ? acts : acts.toReversed()).map((act) => act()));
      for (const { status, text } of answers) assert.ok([200, 204, 409].includes(status), text);
    }
    const { text } = await ada.send('GET', `${sessionPath(session)}/events?after=0&limit=500`);
    assert.ok(!text.includes('changed meanwhile'));
    assert.ok((await ada.allMessages(session)).every(({ content, deletedAt }) => content === null && deletedAt !== null));
  });
});
