// How far a person has read: a marker that only moves on.

import assert from 'node:assert/strict';
import { everywhere, refused, refusedField, room, sessionPath, succeed, test } from './harness.mjs';
import { eventually } from './harness/patience.mjs';

const unread = async (person, session) => (await person.listed(session)).unreadCount;

everywhere((house, transport) => {
  /** Ada has written five messages; grace has read none. */
  async function unreadRoom(t) {
    const there = await room(t, house, transport, { grace: 'member' });
    for (let n = 0; n < 5; n += 1) await there.ada.write(there.session, `message ${n}`);
    return there;
  }

  test('reading moves the marker, and the room hears it in passing', async (t) => {
    const { session, sessionId, position, ada, grace } = await unreadRoom(t);
    assert.equal(await unread(grace, session), 5);
    assert.deepEqual(await succeed(grace.socket, 'message:read', { sessionId, seq: 3 }), {});
    const read = { sessionId, userId: grace.user.id, seq: 3 };
    for (const { ear } of [ada, grace]) {
      assert.deepEqual(await ear.hears('message:read', ({ userId }) => userId === grace.user.id), read);
    }
    assert.equal(await unread(grace, session), 2);
    assert.equal((await ada.get(sessionPath(session))).lastPosition, position + 5, 'a marker is no lasting event');
  });

  test('the marker never goes back, and not beyond the last message', async (t) => {
    const { session, sessionId, ada, grace } = await unreadRoom(t);
    await grace.put(`${sessionPath(session)}/read`, { seq: 4 });
    await succeed(grace.socket, 'message:read', { sessionId, seq: 2 });
    await grace.put(`${sessionPath(session)}/read`, { seq: 0 });
    assert.equal(await unread(grace, session), 1);
    await succeed(grace.socket, 'message:read', { sessionId, seq: 1_000_000 });
    await ada.ear.hears('message:read', ({ seq }) => seq === 5);
    const heard = ada.ear.all('message:read').filter(({ userId }) => userId === grace.user.id);
    assert.deepEqual(heard.map(({ seq }) => seq), [4, 5]);
    await ada.write(session, 'one more');
    assert.equal(await unread(grace, session), 1, 'beyond the last one was the last one');
  });

  test('posting moves the marker of who posts, and no other', async (t) => {
    const { session, sessionId, ada, grace } = await unreadRoom(t);
    assert.equal(await unread(ada, session), 0);
    await succeed(grace.socket, 'message:create', { sessionId, content: 'all seen' });
    assert.equal(await unread(grace, session), 0);
    // What others do may show in a list up to two seconds later.
    await eventually("another's message is unread", () => unread(ada, session), (count) => count === 1);
    const joined = await succeed(ada.socket, 'session:join', { sessionId });
    assert.equal(joined.session.unreadCount, 1);
    const corridor = await ada.connect(t, transport);
    await succeed(corridor, 'message:read', { sessionId, seq: 6 });
    assert.equal(await unread(ada, session), 0, 'reading needs no joined room');
  });

  test('who may not read has no marker', async (t) => {
    const { session, sessionId, ada, grace } = await unreadRoom(t);
    const eve = await house.person('eve');
    const socket = await eve.connect(t, transport);
    for (const [status, code] of [[403, 'forbidden'], [404, 'not_found']]) {
      await refused(socket, 'message:read', { sessionId, seq: 1 }, code);
      await eve.isRefused(status, code, 'PUT', `${sessionPath(session)}/read`, { seq: 1 });
      await ada.patch(sessionPath(session), { visibility: 'private' });
    }
    for (const seq of [-1, 0.5, '1', null]) {
      await refusedField(grace.socket, 'message:read', { sessionId, seq }, 'seq');
      await grace.isRefusedField('seq', 'PUT', `${sessionPath(session)}/read`, { seq });
    }
  });
});
