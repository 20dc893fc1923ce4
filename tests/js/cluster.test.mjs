// Two nodes are one server: whatever happens on one is heard, and in force, on the other.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Ear, assertRun, flushed, once, refused, sessionPath, succeed, websocket } from './harness.mjs';
import { at, inCluster, presenceSeenBy, trial } from './harness/cluster.mjs';
import { eventually, percentiles } from './harness/patience.mjs';

const by = (person) => ({ user }) => user.id === person.user.id;

inCluster((cluster) => {
  /** A session with ada on node A and these others on node B, everyone in the room. */
  async function apart(t, roles) {
    const { a, b } = cluster;
    const names = Object.keys(roles);
    const [ada, ...others] = await a.people('ada', ...names);
    const { id } = await ada.createSession({ visibility: 'public' });
    for (const [n, person] of others.entries()) {
      await person.becomeMember({ id });
      if (roles[names[n]] !== 'member') await ada.setRole({ id }, person, roles[names[n]]);
    }
    await ada.enter(t, websocket, { id });
    const there = others.map((person) => at(b, person));
    for (const person of there) await person.enter(t, websocket, { id });
    const comings = () => ada.ear.all('session:join').length;
    await ada.ear.until(() => comings() >= there.length, 'everybody coming from the other node');
    const session = await ada.get(sessionPath({ id }));
    const people = Object.fromEntries(there.map((person, n) => [names[n], person]));
    return { session, sessionId: id, position: session.lastPosition, ada, ...people };
  }

  trial('a message is heard on the other node once, in order', async (t) => {
    const { sessionId, position, ada, grace } = await apart(t, { grace: 'member' });
    const count = 50;
    const sentAt = new Map();
    const heardAt = new Map();
    for (const { socket, user } of [ada, grace]) {
      socket.on('message:create', ({ clientMessageId, author }) => {
        if (author.id !== user.id) heardAt.set(clientMessageId, performance.now());
      });
    }
    const write = async ({ socket }) => {
      for (let n = 0; n < count; n += 1) {
        const clientMessageId = randomUUID();
        sentAt.set(clientMessageId, performance.now());
        await succeed(socket, 'message:create', { sessionId, content: `message ${n}`, clientMessageId }, { timeout: 20_000 });
      }
    };
    await Promise.all([write(ada), write(grace)]);
    for (const { ear } of [ada, grace]) {
      await ear.until(() => ear.all('message:create').length >= 2 * count, 'all messages', { timeout: 30_000 });
    }
    await Promise.all([ada, grace].map(({ socket }) => flushed(socket)));
    const [hers, his] = [ada, grace].map(({ ear }) => ear.all('message:create'));
    assertRun(hers.map((message) => message.position), position + 1, position + 2 * count);
    assert.deepEqual(his, hers);
    const took = [...heardAt].map(([key, moment]) => moment - sentAt.get(key));
    t.diagnostic(`from sending to hearing on the other node: ${percentiles(took)}`);
  });

  trial('comings, goings, typing and read markers are seen on the other node', async (t) => {
    const { session, sessionId, ada, grace } = await apart(t, { grace: 'member' });
    const { a, b } = cluster;
    for (const node of [a, b]) {
      const seen = await presenceSeenBy(at(node, ada), session);
      assert.deepEqual(seen, { [ada.user.id]: 1, [grace.user.id]: 1 });
    }
    // A second connection of the same person, on the other node, is counted and not announced.
    const second = await at(a, grace).connect(t, websocket);
    await succeed(second, 'session:join', { sessionId });
    assert.deepEqual(await presenceSeenBy(grace, session), { [ada.user.id]: 1, [grace.user.id]: 2 });

    await succeed(grace.socket, 'typing:start', { sessionId });
    assert.equal((await ada.ear.hears('typing:start', by(grace))).sessionId, sessionId);
    await succeed(grace.socket, 'typing:stop', { sessionId });
    await ada.ear.hears('typing:stop', by(grace));
    await ada.write(session, 'read this');
    const { seq } = await grace.ear.hears('message:create');
    await succeed(grace.socket, 'message:read', { sessionId, seq });
    await ada.ear.hears('message:read', (read) => read.userId === grace.user.id && read.seq === seq);

    await succeed(grace.socket, 'session:leave', { sessionId });
    assert.deepEqual(await presenceSeenBy(ada, session), { [ada.user.id]: 1, [grace.user.id]: 1 });
    await succeed(second, 'session:leave', { sessionId });
    await ada.ear.hears('session:leave', by(grace));
    assert.equal(ada.ear.all('session:leave').length, 1, 'told of once, with the last connection');
    assert.equal(ada.ear.all('session:join').length, 1);
    assert.deepEqual(await presenceSeenBy(grace, session), { [ada.user.id]: 1 });
    const joined = await succeed(grace.socket, 'session:join', { sessionId });
    assert.equal(joined.presenceCount, 2);
    await ada.ear.until(() => ada.ear.all('session:join').length === 2, 'the second coming');
  });

  trial('invitations and notifications reach a person on the other node', async (t) => {
    const { a, b } = cluster;
    const [ada, elsewhere] = await a.people('ada', 'grace');
    const grace = at(b, elsewhere);
    const session = await ada.createSession({ visibility: 'private' });
    await ada.enter(t, websocket, session);
    const socket = await grace.connect(t, websocket);
    const ear = new Ear(socket);
    await flushed(socket);

    const invitation = await ada.invite(session, grace);
    const heard = await ear.hears('invitation:create');
    assert.equal(heard.id, invitation.id);
    const notified = await ear.hears('notification:create', ({ type }) => type === 'invitation');
    assert.equal((await grace.get('/api/notifications?unread=true')).items[0].id, notified.id);

    await succeed(socket, 'invitation:accept', { invitationId: invitation.id });
    const accepted = await ada.ear.hears('invitation:accept');
    assert.equal(accepted.membership.user.id, grace.user.id);
    await ada.ear.hears('notification:create', ({ type }) => type === 'invitation_accepted');
    await flushed(ada.socket);
    assert.equal(ada.ear.all('invitation:accept').length, 1);
    assert.equal(ear.all('invitation:create').length, 1);
    assert.equal(ear.all('notification:create').length, 1);
  });

  trial('who is removed hears and says nothing more on the other node', async (t) => {
    const { session, sessionId, ada, grace, mary } = await apart(t, { grace: 'member', mary: 'member' });
    const began = performance.now();
    await ada.remove(session, grace);
    const answered = performance.now();
    await ada.write(session, 'among ourselves');
    await grace.ear.hears('member:remove', ({ userId }) => userId === grace.user.id);
    const silent = performance.now();
    await mary.ear.hears('message:create');
    await flushed(grace.socket);
    const heard = grace.ear.of(session).map(({ event }) => event);
    assert.equal(heard.at(-1), 'member:remove', `the last of ${heard.join(', ')}`);
    assert.deepEqual(grace.ear.all('message:create'), []);
    await refused(grace.socket, 'message:create', { sessionId, content: 'still here?' }, 'forbidden');
    await refused(grace.socket, 'typing:start', { sessionId }, 'not_joined');
    const told = (silent - answered).toFixed(1);
    t.diagnostic(`answered after ${(answered - began).toFixed(1)} ms, told on the other node ${told} ms after the answer`);
  });

  trial('a role change is in force on the other node', async (t) => {
    const { session, sessionId, ada, grace } = await apart(t, { grace: 'member' });
    const delays = [];
    for (let n = 0; n < 10; n += 1) {
      await ada.setRole(session, grace, 'viewer');
      await refused(grace.socket, 'message:create', { sessionId, content: 'as a viewer' }, 'forbidden');
      await grace.isRefused(403, 'forbidden', 'POST', `${sessionPath(session)}/messages`, { content: 'as a viewer' });
      const isViewer = ({ role }) => role === 'viewer';
      const shown = await eventually('the role being shown', () => grace.listed(session), isViewer, { every: 5 });
      delays.push(shown.ms);
      await ada.setRole(session, grace, 'member');
      await succeed(grace.socket, 'message:create', { sessionId, content: 'as a member' });
    }
    t.diagnostic(`shown in the list of sessions on the other node: ${percentiles(delays)}`);
  });

  trial('the end of a login ends its connections on the other node', async (t) => {
    const { a, b } = cluster;
    const ada = await a.person('ada');
    const device = at(b, await ada.elsewhere());
    const [kept, lost] = [await at(b, ada).connect(t, websocket), await device.connect(t, websocket)];
    await device.get('/api/users/me');
    const { items } = await ada.get('/api/auth/logins');
    const other = items.find(({ current }) => !current);
    const ended = once(lost, 'disconnect', { timeout: 15_000 });
    const began = performance.now();
    await ada.delete(`/api/auth/logins/${other.id}`);
    assert.equal(await ended, 'io server disconnect');
    const cutAfter = performance.now() - began;
    const refusedNow = () => device.send('GET', '/api/users/me');
    const { ms } = await eventually('the token being refused', refusedNow, ({ status }) => status === 401, { timeout: 15_000 });
    await at(b, ada).get('/api/users/me');
    await flushed(kept);
    t.diagnostic(`the connection ended after ${cutAfter.toFixed(0)} ms, the token was refused ${ms.toFixed(0)} ms later`);
  });

  trial('a cursor from one node resumes on the other', async (t) => {
    const { session, sessionId, ada, grace } = await apart(t, { grace: 'member' });
    const first = await ada.write(session, 'first');
    const { position } = await ada.ear.hears('message:create');
    const missed = [];
    for (const content of ['second', 'third']) missed.push(await grace.write(session, content));
    const socket = await at(cluster.b, ada).connect(t, websocket);
    const joined = await succeed(socket, 'session:join', { sessionId, after: position });
    assert.equal(joined.recovered, true);
    assert.deepEqual(joined.events.map(({ data }) => data), missed);
    assertRun(joined.events.map((event) => event.position), position + 1, joined.position);
    const again = await at(cluster.b, ada).eventsAfter(session, position - 1);
    assert.deepEqual(again.map(({ data }) => data.id), [first, ...missed].map(({ id }) => id));
  });

  trial('a repeated send has effect once, whichever node takes it', async (t) => {
    const { session, sessionId, ada, grace } = await apart(t, { grace: 'member' });
    const clientMessageId = randomUUID();
    const body = { content: 'once', clientMessageId };
    const message = await ada.write(session, 'once', { clientMessageId });
    const elsewhere = at(cluster.b, ada);
    assert.deepEqual(await elsewhere.write(session, 'once', { clientMessageId }, 200), message);
    const socket = await elsewhere.connect(t, websocket);
    assert.deepEqual(await succeed(socket, 'message:create', { sessionId, ...body }), message);

    const key = { 'idempotency-key': randomUUID() };
    const keyed = { content: 'with a key' };
    const path = `${sessionPath(session)}/messages`;
    const answer = await ada.send('POST', path, keyed, key);
    assert.equal(answer.status, 201);
    const replayed = await elsewhere.send('POST', path, keyed, key);
    assert.deepEqual([replayed.status, replayed.text], [answer.status, answer.text]);
    assert.equal(replayed.headers.get('idempotency-replayed'), 'true');
    const mismatched = await elsewhere.send('POST', path, { content: 'another' }, key);
    assert.deepEqual([mismatched.status, JSON.parse(mismatched.text).code], [422, 'idempotency_mismatch']);

    const told = [message.id, JSON.parse(answer.text).id];
    for (const { ear, socket: listener } of [ada, grace]) {
      await ear.until(() => ear.all('message:create').length >= 2, 'both messages');
      await flushed(listener);
      assert.deepEqual(ear.all('message:create').map(({ id }) => id), told);
    }
  });

  trial('both nodes at once give a repeated message one place', async (t) => {
    const { session, sessionId, ada, grace } = await apart(t, { grace: 'member' });
    const elsewhere = await at(cluster.b, ada).connect(t, websocket);
    const keys = Array.from({ length: 30 }, () => randomUUID());
    for (const clientMessageId of keys) {
      const payload = { sessionId, content: 'at once', clientMessageId };
      const [one, other] = await Promise.all([ada.socket, elsewhere].map((socket) => succeed(socket, 'message:create', payload)));
      assert.deepEqual(one, other);
    }
    await grace.ear.until(() => grace.ear.all('message:create').length >= keys.length, 'all messages');
    await flushed(grace.socket);
    assert.deepEqual(grace.ear.all('message:create').map((message) => message.clientMessageId), keys);
    assert.equal((await ada.allMessages(session)).length, keys.length);
  });
});
