// Who is seen to be there.

import assert from 'node:assert/strict';
import {
  Ear, assertPresence, assertUser, connected, drop, everywhere, inEveryHouse, overEveryTransportAtOnce, room, sessionPath,
  succeed, test, websocket,
} from './harness.mjs';

const graceMs = 3000;
const ids = (entries) => entries.map(({ user }) => user.id);

everywhere((house, transport) => {
  test('who joins finds themselves present', async (t) => {
    const ada = await house.person('ada');
    const session = await ada.createSession();
    const socket = await ada.connect(t, transport);
    const joined = await succeed(socket, 'session:join', { sessionId: session.id });
    assert.equal(joined.presenceCount, 1);
    assert.deepEqual(joined.presence.map((one) => [one.user.id, one.connections]), [[ada.user.id, 1]]);
  });

  test('the room hears a person come and, after an explicit leave, go', async (t) => {
    const [ada, grace] = await house.people('ada', 'grace');
    const session = await ada.createSession();
    await grace.becomeMember(session);
    const [hers, his] = await Promise.all([ada.connect(t, transport), grace.connect(t, transport)]);
    const ear = new Ear(hers);
    const ownEar = new Ear(his);
    await succeed(hers, 'session:join', { sessionId: session.id });

    const joined = await succeed(his, 'session:join', { sessionId: session.id });
    assert.equal(joined.presenceCount, 2);
    const { sessionId, ...presence } = await ear.hears('session:join');
    assert.equal(sessionId, session.id);
    assertPresence(presence);
    assert.equal(presence.user.id, grace.user.id);
    assert.equal(presence.connections, 1);

    await succeed(his, 'session:leave', { sessionId: session.id });
    const left = await ear.hears('session:leave');
    assert.deepEqual(Object.keys(left).sort(), ['sessionId', 'user']);
    assertUser(left.user);
    assert.equal(left.user.id, grace.user.id);
    assert.deepEqual(ownEar.all('session:join'), [], 'the joiner does not hear their own coming');
  });

  test("a person's second connection is counted and not announced", async (t) => {
    const [ada, grace] = await house.people('ada', 'grace');
    const session = await ada.createSession();
    await grace.becomeMember(session);
    const listener = await ada.connect(t, transport);
    const ear = new Ear(listener);
    await succeed(listener, 'session:join', { sessionId: session.id });
    const [first, second] = await Promise.all([grace.connect(t, transport), grace.connect(t, transport)]);
    await succeed(first, 'session:join', { sessionId: session.id });
    const joined = await succeed(second, 'session:join', { sessionId: session.id });
    assert.equal(joined.presenceCount, 2);
    assert.equal(joined.presence.find((one) => one.user.id === grace.user.id).connections, 2);

    // The fence: with both gone, a third coming is heard, and it is the second one that is.
    await succeed(second, 'session:leave', { sessionId: session.id });
    await succeed(first, 'session:leave', { sessionId: session.id });
    await ear.hears('session:leave');
    await succeed(first, 'session:join', { sessionId: session.id });
    await ear.until(() => ear.all('session:join').length >= 2, 'the second coming');
    assert.equal(ear.all('session:join').length, 2);
    assert.equal(ear.all('session:leave').length, 1);
  });
});

inEveryHouse((house) => {
  const body = (transport) => {
    const rejoin = async ({ socket }, sessionId) =>
      succeed(await connected(socket.connect()), 'session:join', { sessionId });

    test('a lost connection that comes back in time is not announced', async (t) => {
      const people = { grace: 'member', mary: 'member' };
      const { session, sessionId, ada, grace, mary } = await room(t, house, transport, people);
      const comings = ada.ear.all('session:join').length;
      await drop(grace.socket);
      const joined = await rejoin(grace, sessionId);
      assert.equal(joined.presenceCount, 3);
      // The fence: mary is lost later than grace was. When she is gone, grace's time would be over too.
      await drop(mary.socket);
      await ada.ear.hears('session:leave', ({ user }) => user.id === mary.user.id);
      assert.deepEqual(ids(ada.ear.all('session:leave')), [mary.user.id]);
      assert.equal(ada.ear.all('session:join').length, comings);
      const { items } = await ada.get(`${sessionPath(session)}/presence`);
      assert.deepEqual(items.map(({ user, connections }) => [user.id, connections]), [[ada.user.id, 1], [grace.user.id, 1]]);
    });

    test('a lost connection is gone when its time is over, and is told of once', async (t) => {
      const { session, sessionId, ada, grace } = await room(t, house, transport, { grace: 'member' });
      const lost = performance.now();
      await drop(grace.socket);
      const during = await ada.get(`${sessionPath(session)}/presence`);
      assert.equal(during.presenceCount, 2, 'still there meanwhile');
      const left = await ada.ear.hears('session:leave');
      const lasted = performance.now() - lost;
      t.diagnostic(`${house}: gone after ${lasted.toFixed(0)} ms`);
      assert.ok(lasted > graceMs - 100 && lasted < graceMs + 4000, `gone after ${lasted} ms`);
      assert.deepEqual(Object.keys(left).sort(), ['sessionId', 'user']);
      assert.equal((await ada.get(`${sessionPath(session)}/presence`)).presenceCount, 1);
      // The fence: coming back is a new coming, and going at once is the second going.
      await rejoin(grace, sessionId);
      await ada.ear.until(() => ada.ear.all('session:join').length === 2, 'the second coming');
      const leaving = performance.now();
      await succeed(grace.socket, 'session:leave', { sessionId });
      await ada.ear.until(() => ada.ear.all('session:leave').length === 2, 'the second going');
      assert.ok(performance.now() - leaving < graceMs - 500, 'an explicit leave waits for nothing');
    });

    test('three tabs are one coming and one going', async (t) => {
      const { session, sessionId, ada, grace, mary } = await room(t, house, transport, { grace: 'member', mary: 'member' });
      const more = await Promise.all([grace.connect(t, transport), grace.connect(t, transport)]);
      for (const socket of more) await succeed(socket, 'session:join', { sessionId });
      const { items } = await ada.get(`${sessionPath(session)}/presence`);
      assert.equal(items.find(({ user }) => user.id === grace.user.id).connections, 3);
      await Promise.all([grace.socket, ...more].map(drop));
      await ada.ear.hears('session:leave');
      await drop(mary.socket);
      await ada.ear.hears('session:leave', ({ user }) => user.id === mary.user.id);
      assert.deepEqual(ids(ada.ear.all('session:leave')), [grace.user.id, mary.user.id]);
      assert.deepEqual(ids(ada.ear.all('session:join')).toSorted(), [grace.user.id, mary.user.id].toSorted());
    });
  };
  overEveryTransportAtOnce(body);
});

inEveryHouse((house) => {
  test('a connection that joins again is the same one', async (t) => {
    const { sessionId, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    const joined = await succeed(grace.socket, 'session:join', { sessionId });
    assert.deepEqual(joined.presence.map(({ connections }) => connections), [1, 1]);
    await succeed(grace.socket, 'session:leave', { sessionId });
    await ada.ear.hears('session:leave');
    assert.equal(ada.ear.all('session:join').length, 1);
  });

  test('who is present is listed for members, by the time of their coming', async (t) => {
    const { session, sessionId, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    const path = `${sessionPath(session)}/presence`;
    const first = await ada.get(path);
    assert.deepEqual(Object.keys(first).sort(), ['items', 'nextCursor', 'presenceCount']);
    first.items.forEach(assertPresence);
    assert.deepEqual(ids(first.items), [ada.user.id, grace.user.id]);
    assert.deepEqual([first.nextCursor, first.presenceCount], [null, 2]);
    await succeed(await ada.connect(t, websocket), 'session:join', { sessionId });
    const second = await ada.get(path);
    assert.deepEqual(second.items[0], { ...first.items[0], connections: 2 }, 'since when stays');

    const eve = await house.person('eve');
    await eve.isRefused(403, 'forbidden', 'GET', path);
    await ada.patch(sessionPath(session), { visibility: 'private' });
    await eve.isRefused(404, 'not_found', 'GET', path);
    await ada.isRefusedField('limit', 'GET', `${path}?limit=0`);
    await ada.isRefusedField('cursor', 'GET', `${path}?cursor=that-one`);
  });
});
