// What a person is told wherever they are: live on each of their connections, and kept until read.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  Ear, assertNotification, assertTime, everywhere, inEveryHouse, messagePath, room, sessionPath, succeed, test, websocket,
} from './harness.mjs';

const at = (...people) => people.map(({ user }) => `<@${user.id}>`).join(' ');

/** Ada mentions somebody five times; gives the messages' ids, the newest first. */
async function mentioned({ session, ada }, person) {
  const ids = [];
  for (let n = 0; n < 5; n += 1) ids.unshift((await ada.write(session, `${n} ${at(person)}`)).id);
  return ids;
}

everywhere((house, transport) => {
  test('who is mentioned hears it once on each connection, in the room or not', async (t) => {
    const { session, sessionId, ada, grace } = await room(t, house, transport, { grace: 'member' });
    const elsewhere = new Ear(await grace.connect(t, transport));
    const content = `¿Vienen, ${at(grace, grace)}?`;
    const message = await succeed(ada.socket, 'message:create', { sessionId, content });
    for (const ear of [grace.ear, elsewhere]) {
      const notification = await ear.hears('notification:create');
      assertNotification(notification, 'mention', session);
      assert.deepEqual([notification.data.messageId, notification.data.by.id], [message.id, ada.user.id]);
      assert.equal(notification.data.by.displayName, 'ada');
      assert.deepEqual((await grace.get('/api/notifications')).items, [notification]);
    }
    // The fence: the next one is the second.
    const next = await ada.write(session, at(grace));
    for (const ear of [grace.ear, elsewhere]) {
      await ear.hears('notification:create', ({ data }) => data.messageId === next.id);
      assert.equal(ear.all('notification:create').length, 2);
    }
  });

  test('who is removed is notified, and so is everybody whose session is deleted', async (t) => {
    const { session, ada, grace, joan } = await room(t, house, transport, { grace: 'member', joan: 'member' });
    await ada.remove(session, joan);
    const removed = await joan.ear.hears('notification:create');
    assertNotification(removed, 'member_removed', session);
    assert.equal(removed.data.by.id, ada.user.id);
    await ada.delete(sessionPath(session));
    const deleted = await grace.ear.hears('notification:create');
    assertNotification(deleted, 'session_deleted', session);
    assert.equal(deleted.data.by.id, ada.user.id);
    assert.deepEqual((await ada.get('/api/notifications')).items, [], 'nobody is told what they did themselves');
    assert.deepEqual((await joan.get('/api/notifications')).items, [removed]);
  });
});

inEveryHouse((house) => {
  test('notifications are unread until they are read, one by one or all', async (t) => {
    const there = await room(t, house, websocket, { grace: 'member' });
    const { grace } = there;
    const ids = await mentioned(there, grace);
    const { items, nextCursor, unreadCount } = await grace.get('/api/notifications');
    assert.deepEqual([items.length, nextCursor, unreadCount], [5, null, 5]);
    assert.deepEqual(items.map(({ data }) => data.messageId), ids, 'newest first');

    for (let times = 0; times < 2; times += 1) await grace.post(`/api/notifications/${items[1].id}/read`, undefined, 204);
    const unread = await grace.get('/api/notifications?unread=true');
    assert.deepEqual(unread.items, items.toSpliced(1, 1));
    assert.equal(unread.unreadCount, 4);
    const all = await grace.get('/api/notifications');
    assertTime(all.items[1].readAt);
    assert.deepEqual({ ...all.items[1], readAt: null }, items[1]);

    await grace.post('/api/notifications/read-all', undefined, 204);
    const none = await grace.get('/api/notifications?unread=true');
    assert.deepEqual([none.items, none.unreadCount], [[], 0]);
    assert.ok((await grace.get('/api/notifications')).items.every(({ readAt }) => readAt !== null));
  });

  test('notifications are listed page by page', async (t) => {
    const there = await room(t, house, websocket, { grace: 'member' });
    const { grace } = there;
    const ids = await mentioned(there, grace);
    const listed = [];
    let cursor = '';
    do {
      const page = await grace.get(`/api/notifications?limit=2${cursor}`);
      assert.ok(page.items.length <= 2);
      assert.equal(page.unreadCount, 5);
      listed.push(...page.items.map(({ data }) => data.messageId));
      cursor = page.nextCursor && `&cursor=${encodeURIComponent(page.nextCursor)}`;
    } while (cursor);
    assert.deepEqual(listed, ids);
  });

  test("nobody reads another's notifications", async (t) => {
    const { session, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    await ada.write(session, at(grace));
    const { items: [{ id }] } = await grace.get('/api/notifications');
    await ada.isRefused(404, 'not_found', 'POST', `/api/notifications/${id}/read`);
    await ada.post('/api/notifications/read-all', undefined, 204);
    await grace.isRefused(404, 'not_found', 'POST', `/api/notifications/${randomUUID()}/read`);
    await grace.isRefused(404, 'not_found', 'POST', '/api/notifications/that-one/read');
    assert.equal((await grace.get('/api/notifications')).unreadCount, 1);
  });

  test('outsiders are not told of what they may not see, nor is anybody by an edit of no new mention', async (t) => {
    const { session, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    const eve = await house.person('eve');
    const message = await ada.write(session, `${at(eve, grace)} <@nobody> <@${randomUUID()}> <@`);
    await ada.patch(messagePath(message), { content: `${at(grace)} still` });
    await ada.invite(session, eve);
    const { items } = await eve.get('/api/notifications');
    assert.deepEqual(items.map(({ type }) => type), ['invitation']);
    assert.equal((await grace.get('/api/notifications')).unreadCount, 1);
  });
});
