// Who is in a session and as what: rights are live, and who loses them hears and says no more.

import assert from 'node:assert/strict';
import {
  Ear, assertMembership, assertNotification, assertRun, everywhere, flushed, inEveryHouse, memberPath, refusal, refused,
  request, room, sessionPath, spread, succeed, test, transports, typeBusily,
  websocket, writeBusily,
} from './harness.mjs';

everywhere((house, transport) => {
  test('a change of role is heard by the room, and its person is notified', async (t) => {
    const { session, position, ada, grace } = await room(t, house, transport, { grace: 'member' });
    const membership = await ada.setRole(session, grace, 'moderator');
    assertMembership(membership);
    assert.deepEqual([membership.user.id, membership.role], [grace.user.id, 'moderator']);
    for (const { ear } of [ada, grace]) {
      assert.deepEqual(await ear.hears('member:update'), { ...membership, position: position + 1 });
    }
    const notification = await grace.ear.hears('notification:create');
    assertNotification(notification, 'role_changed', session);
    assert.deepEqual([notification.data.role, notification.data.by.id], ['moderator', ada.user.id]);
    assert.deepEqual((await grace.get('/api/notifications')).items, [notification]);
    assert.equal((await grace.get(sessionPath(session))).role, 'moderator');
  });

  test('a member lowered to viewer says no more, and hears on', async (t) => {
    const { session, sessionId, ada, grace } = await room(t, house, transport, { grace: 'member' });
    const message = await succeed(grace.socket, 'message:create', { sessionId, content: 'as a member' });
    await succeed(grace.socket, 'typing:start', { sessionId });
    await ada.setRole(session, grace, 'viewer');
    await refused(grace.socket, 'message:create', { sessionId, content: 'as a viewer' }, 'forbidden');
    await refused(grace.socket, 'message:update', { messageId: message.id, content: 'changed' }, 'forbidden');
    await refused(grace.socket, 'typing:start', { sessionId }, 'forbidden');
    await grace.isRefused(403, 'forbidden', 'POST', `${sessionPath(session)}/messages`, { content: 'over REST' });
    await ada.write(session, 'heard');
    await grace.ear.hears('message:create', ({ content }) => content === 'heard');
    assert.deepEqual((await ada.allMessages(session)).map(({ content }) => content), ['as a member', 'heard']);
  });

  test('who is removed from a private session finds it no more', async (t) => {
    const { session, sessionId, ada, grace } = await room(t, house, transport, { grace: 'member' });
    await ada.patch(sessionPath(session), { visibility: 'private' });
    await ada.remove(session, grace);
    await grace.ear.hears('member:remove');
    await refused(grace.socket, 'message:create', { sessionId, content: 'a' }, 'not_found');
    await refused(grace.socket, 'session:join', { sessionId, after: 0 }, 'not_found');
    await grace.isRefused(404, 'not_found', 'GET', sessionPath(session));
    await grace.isRefused(404, 'not_found', 'GET', `${sessionPath(session)}/events?after=0`);
  });

  for (const [how, leave] of [
    ['leaves', (ada, grace, session) => grace.post(`${sessionPath(session)}/leave`, undefined, 204)],
    ['is removed', (ada, grace, session) => ada.remove(session, grace)],
  ]) {
    test(`who ${how} is gone from every tab, and is seen to go at once`, async (t) => {
      const { session, sessionId, position, ada, grace } = await room(t, house, transport, { grace: 'member' });
      const tab = await grace.connect(t, transport);
      const ears = [grace.ear, new Ear(tab)];
      await succeed(tab, 'session:join', { sessionId });
      await leave(ada, grace, session);
      const removal = { sessionId, userId: grace.user.id, position: position + 1 };
      assert.deepEqual(await ada.ear.hears('member:remove'), removal);
      await ada.ear.hears('session:leave', ({ user }) => user.id === grace.user.id);

      const message = await ada.write(session, 'unheard');
      await ada.ear.hears('message:create', ({ id }) => id === message.id);
      await Promise.all([grace.socket, tab].map(flushed));
      for (const ear of ears) {
        const { event, data } = ear.of(session).at(-1);
        assert.deepEqual([event, data], ['member:remove', removal]);
      }
      for (const socket of [grace.socket, tab]) await refused(socket, 'typing:start', { sessionId }, 'not_joined');
      assert.equal((await ada.get(`${sessionPath(session)}/presence`)).presenceCount, 1);
    });
  }

  test('who comes back hears the room once it is joined again', async (t) => {
    const { session, sessionId, ada, grace } = await room(t, house, transport, { grace: 'member' });
    await ada.remove(session, grace);
    await grace.ear.hears('member:remove');
    await grace.becomeMember(session);
    const unheard = await ada.write(session, 'unheard');
    await ada.ear.hears('message:create', ({ id }) => id === unheard.id);
    await flushed(grace.socket);
    assert.equal(grace.ear.of(session).at(-1).event, 'member:remove');
    await succeed(grace.socket, 'session:join', { sessionId });
    const heard = await ada.write(session, 'heard');
    await grace.ear.hears('message:create', ({ id }) => id === heard.id);
    assert.equal(grace.ear.all('message:create').length, 1);
  });

  test('a deleted session ends for everybody', async (t) => {
    const { session, sessionId, position, ada, grace } = await room(t, house, transport, { grace: 'member' });
    await ada.delete(sessionPath(session));
    for (const person of [ada, grace]) {
      assert.deepEqual(await person.ear.hears('session:delete'), { sessionId, position: position + 1 });
      await refused(person.socket, 'message:create', { sessionId, content: 'a' }, 'not_found');
      await refused(person.socket, 'session:join', { sessionId }, 'not_found');
      await flushed(person.socket);
      assert.equal(person.ear.of(session).at(-1).event, 'session:delete');
    }
  });
});

inEveryHouse((house) => {
  test('a role that is none is refused', async (t) => {
    const { session, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    for (const role of ['admin', 'Owner', '', null, 7]) {
      await ada.isRefusedField('role', 'PATCH', memberPath(session, grace), { role });
    }
  });

  test('the last owner stays', async (t) => {
    const { session, position, ada } = await room(t, house, websocket, { grace: 'moderator' });
    await ada.isRefused(409, 'conflict', 'PATCH', memberPath(session, ada), { role: 'member' });
    await ada.isRefused(409, 'conflict', 'DELETE', memberPath(session, ada));
    await ada.isRefused(409, 'conflict', 'POST', `${sessionPath(session)}/leave`);
    const { role, lastPosition } = await ada.get(sessionPath(session));
    assert.deepEqual([role, lastPosition], ['owner', position]);
  });

  test('of two owners who go at once one stays', async (t) => {
    const { session, ada, grace } = await room(t, house, websocket, { grace: 'owner' });
    const leave = (person) => person.send('POST', `${sessionPath(session)}/leave`);
    const statuses = (await Promise.all([ada, grace].map(leave))).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [204, 409]);
  });

  test('ownership is handed on', async (t) => {
    const { session, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    await ada.setRole(session, grace, 'owner');
    await ada.setRole(session, ada, 'member');
    const roles = new Map((await ada.members(session)).map(({ user, role }) => [user.id, role]));
    assert.deepEqual([roles.get(ada.user.id), roles.get(grace.user.id)], ['member', 'owner']);
    await ada.isRefused(403, 'forbidden', 'PATCH', sessionPath(session), { name: 'Mine' });
    await grace.patch(sessionPath(session), { name: 'Hers' });
    await ada.post(`${sessionPath(session)}/leave`, undefined, 204);
  });

  test("a moderator's rights end at other moderators and owners", async (t) => {
    const people = { grace: 'moderator', mary: 'moderator', joan: 'member', vera: 'viewer' };
    const { session, ada, grace, mary, joan, vera } = await room(t, house, websocket, people);
    for (const person of [ada, mary]) {
      await grace.isRefused(403, 'forbidden', 'DELETE', memberPath(session, person));
      await grace.isRefused(403, 'forbidden', 'PATCH', memberPath(session, person), { role: 'viewer' });
    }
    await grace.isRefused(403, 'forbidden', 'PATCH', memberPath(session, joan), { role: 'moderator' });
    await grace.isRefused(403, 'forbidden', 'PATCH', memberPath(session, grace), { role: 'owner' });
    await grace.isRefused(403, 'forbidden', 'PATCH', sessionPath(session), { name: 'Hers' });
    await grace.isRefused(403, 'forbidden', 'DELETE', sessionPath(session));
    await joan.isRefused(403, 'forbidden', 'DELETE', memberPath(session, vera));
    await grace.remove(session, joan);
    await grace.remove(session, vera);
    await grace.isRefused(404, 'not_found', 'DELETE', memberPath(session, vera));
    assert.equal((await ada.members(session)).length, 3);
  });

  test('outsiders learn and change nothing', async (t) => {
    const { session, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    const eve = await house.person('eve');
    await eve.isRefused(403, 'forbidden', 'GET', `${sessionPath(session)}/members`);
    await eve.isRefused(403, 'forbidden', 'DELETE', memberPath(session, grace));
    await ada.patch(sessionPath(session), { visibility: 'private' });
    await eve.isRefused(404, 'not_found', 'GET', `${sessionPath(session)}/members`);
    await eve.isRefused(404, 'not_found', 'DELETE', memberPath(session, grace));
    await eve.isRefused(404, 'not_found', 'PATCH', memberPath(session, grace), { role: 'viewer' });
  });

  test('amid the writing, member:remove is the last thing that the removed hear', async (t) => {
    const { session, sessionId, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    const delays = [];
    const writing = writeBusily(ada.socket, session);
    const typing = typeBusily(grace.socket, session);
    const began = performance.now();
    try {
      for (let round = 0; round < 5; round += 1) {
        const eve = await house.person('eve');
        await eve.becomeMember(session);
        const tabs = await Promise.all(transports.map(async (transport) => {
          const socket = await eve.connect(t, transport);
          const ear = new Ear(socket);
          await succeed(socket, 'session:join', { sessionId });
          await ear.until(() => ear.all('message:create').length >= 5, 'live messages');
          return { socket, ear };
        }));
        await ada.remove(session, eve);
        const answered = performance.now();
        const removal = await grace.ear.hears('member:remove', ({ userId }) => userId === eve.user.id);
        await grace.ear.hears('message:create', ({ position }) => position > removal.position + 50);
        for (const { socket, ear } of tabs) {
          await ear.hears('member:remove');
          await flushed(socket);
          const { event, data, at } = ear.of(session).at(-1);
          assert.deepEqual([event, data], ['member:remove', removal]);
          const positions = ear.lasting().map((entry) => entry.data.position);
          assertRun(positions, positions[0], removal.position);
          delays.push(at - answered);
          await refused(socket, 'message:create', { sessionId, content: 'a' }, 'forbidden');
          await refused(socket, 'session:join', { sessionId }, 'forbidden');
          socket.disconnect();
        }
        await eve.isRefused(403, 'forbidden', 'GET', `${sessionPath(session)}/events?after=0`);
      }
    } finally {
      await typing.stop();
      const written = await writing.stop();
      const rate = (1000 * written.length) / (performance.now() - began);
      t.diagnostic(`${house}: last event after the DELETE's answer: ${spread(delays)}, at ${rate.toFixed(0)} messages/s`);
    }
  });

  test('who joins while being removed hears nothing beyond the removal', async (t) => {
    const { session, sessionId, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    const eve = await house.person('eve');
    const counts = { admitted: 0, refused: 0 };
    const seat = async () => {
      const socket = await eve.connect(t, websocket);
      return { socket, ear: new Ear(socket) };
    };
    const writing = writeBusily(ada.socket, session, 4);
    try {
      for (let round = 0; round < 10; round += 1) {
        await eve.becomeMember(session);
        const seats = await Promise.all(Array.from({ length: 12 }, seat));
        const removals = grace.ear.all('member:remove').length;
        const removing = ada.remove(session, eve);
        // One after the other, so that some join before the removal, some after it, and one perhaps amid it.
        for (const one of seats) one.joined = await request(one.socket, 'session:join', { sessionId, after: 0 });
        await removing;
        await grace.ear.until(() => grace.ear.all('member:remove').length > removals, 'the removal');
        const { position } = grace.ear.all('member:remove').at(-1);
        await grace.ear.hears('message:create', (message) => message.position > position + 20);
        for (const { socket, ear, joined } of seats) {
          await flushed(socket);
          const heard = ear.of(session);
          if (joined.ok) {
            assert.ok(joined.data.position < position, `joined at ${joined.data.position}, removed at ${position}`);
            assert.deepEqual([heard.at(-1).event, heard.at(-1).data.position], ['member:remove', position]);
            assertRun(ear.lasting().map((entry) => entry.data.position), joined.data.position + 1, position);
          } else {
            refusal(joined, 'forbidden');
            assert.deepEqual(heard, []);
          }
          counts[joined.ok ? 'admitted' : 'refused'] += 1;
          socket.disconnect();
        }
      }
    } finally {
      await writing.stop();
    }
    t.diagnostic(`${house}: ${JSON.stringify(counts)}`);
  });

  for (const [how, lose, type] of [
    ['lowered', (ada, grace, session) => ada.setRole(session, grace, 'viewer'), 'member:update'],
    ['removed', (ada, grace, session) => ada.remove(session, grace), 'member:remove'],
  ]) {
    test(`nothing comes after from who is ${how} amid their own writing`, async (t) => {
      const { session, sessionId, ada, grace } = await room(t, house, websocket, { grace: 'member' });
      const payload = { sessionId, content: 'written' };
      const untilRefused = async () => {
        let answer;
        do answer = await request(grace.socket, 'message:create', payload, { timeout: 15_000 });
        while (answer.ok);
        refusal(answer, 'forbidden');
      };
      const writing = Promise.all(Array.from({ length: 8 }, untilRefused));
      await ada.ear.until(() => ada.ear.all('message:create').length >= 50, 'the writing');
      await Promise.all([writing, lose(ada, grace, session)]);
      assert.equal((await ada.eventsAfter(session, 0)).at(-1).type, type);
    });
  }
});
