// Entering and leaving a room, and the answers to requests that make no sense.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Ear, assertJoin, everywhere, refused, refusedField, request, succeed, test } from './harness.mjs';

const nowhere = '0190b0a0-0000-7000-8000-000000000000';

everywhere((house, transport) => {
  async function room(t) {
    const ada = await house.person('ada');
    const session = await ada.createSession();
    return { ada, session, socket: await ada.connect(t, transport) };
  }

  test('a join is acknowledged with the session, who is present, and the position', async (t) => {
    const { ada, session, socket } = await room(t);
    await ada.write(session, 'one');
    const joined = await succeed(socket, 'session:join', { sessionId: session.id });
    assertJoin(joined);
    assert.equal(joined.session.id, session.id);
    assert.equal(joined.session.role, 'owner');
    assert.equal(joined.session.lastSeq, 1);
    assert.equal(joined.session.lastPosition, 1);
    assert.equal(joined.position, 1);
    assert.deepEqual(joined.events, [], 'who asks for no past gets none');
    assert.equal(joined.more, false);
  });

  test('a join may be repeated, and each event is still heard once', async (t) => {
    const { ada, session, socket } = await room(t);
    const ear = new Ear(socket);
    await succeed(socket, 'session:join', { sessionId: session.id });
    await succeed(socket, 'session:join', { sessionId: session.id });
    await ada.write(session, 'one');
    await ada.write(session, 'two');
    await ear.hears('message:create', (message) => message.content === 'two');
    assert.deepEqual(ear.all('message:create').map((message) => message.content), ['one', 'two']);
  });

  test('a private session does not exist for an outsider', async (t) => {
    const [ada, eve] = await house.people('ada', 'eve');
    const session = await ada.createSession({ visibility: 'private' });
    const socket = await eve.connect(t, transport);
    await refused(socket, 'session:join', { sessionId: session.id }, 'not_found');
    await refused(socket, 'session:join', { sessionId: session.id, after: 0 }, 'not_found');
    await refused(socket, 'session:join', { sessionId: nowhere }, 'not_found');
  });

  test('a public session is forbidden to who is no member', async (t) => {
    const { session } = await room(t);
    const eve = await house.person('eve');
    const socket = await eve.connect(t, transport);
    await refused(socket, 'session:join', { sessionId: session.id }, 'forbidden');
    await eve.becomeMember(session);
    await succeed(socket, 'session:join', { sessionId: session.id });
  });

  test('a refused join leaves one outside', async (t) => {
    const { ada, session, socket } = await room(t);
    const eve = await house.person('eve');
    const outside = await eve.connect(t, transport);
    const ear = new Ear(outside);
    await refused(outside, 'session:join', { sessionId: session.id }, 'forbidden');

    const witness = new Ear(socket);
    await succeed(socket, 'session:join', { sessionId: session.id });
    await ada.write(session, 'unheard');
    await witness.hears('message:create');
    // The fence: what was on its way outside would have come before what follows a proper join.
    await eve.becomeMember(session);
    await succeed(outside, 'session:join', { sessionId: session.id });
    await ada.write(session, 'heard');
    await ear.hears('message:create', (message) => message.content === 'heard');
    assert.deepEqual(ear.lasting().map((entry) => entry.data.content), ['heard']);
  });

  test('a join of the wrong shape is refused with the field that is wrong', async (t) => {
    const { session, socket } = await room(t);
    const sessionId = session.id;
    await refusedField(socket, 'session:join', {}, 'sessionId');
    await refusedField(socket, 'session:join', { after: 0 }, 'sessionId');
    await refusedField(socket, 'session:join', { sessionId: null }, 'sessionId');
    await refusedField(socket, 'session:join', { sessionId: 7 }, 'sessionId');
    await refusedField(socket, 'session:join', { sessionId: [sessionId] }, 'sessionId');
    await refusedField(socket, 'session:join', { sessionId, afterwards: 0 }, 'afterwards');
    await refusedField(socket, 'session:join', { sessionId, after: '0' }, 'after');
    await refusedField(socket, 'session:join', { sessionId, after: -1 }, 'after');
    await refusedField(socket, 'session:join', { sessionId, after: 0.5 }, 'after');
  });

  test('a session id that is no UUID is refused', async (t) => {
    const { socket } = await room(t);
    for (const sessionId of ['', 'room', `${nowhere}0`, "' OR 1=1 --", '../../etc', '\u0000']) {
      await refusedField(socket, 'session:join', { sessionId }, 'sessionId');
    }
  });

  test('a payload that is no object is refused', async (t) => {
    const { session, socket } = await room(t);
    for (const payload of [null, 'join', 7, true, [], [session.id], Buffer.from('join')]) {
      await refused(socket, 'session:join', payload, 'validation_failed');
    }
    const answer = await socket.timeout(5000).emitWithAck('session:join');
    assert.equal(answer.error?.code, 'validation_failed', 'no payload at all');
  });

  test('an unknown event is answered', async (t) => {
    const { socket } = await room(t);
    for (const event of ['session:explode', 'message', '', 'presence:diff', randomUUID()]) {
      await refused(socket, event, {}, 'unknown_event');
    }
  });

  test('events without an acknowledgement function harm nothing', async (t) => {
    const { session, socket } = await room(t);
    const ear = new Ear(socket);
    socket.emit('session:join', { sessionId: session.id });
    socket.emit('session:join', { sessionId: nowhere });
    socket.emit('session:join');
    socket.emit('session:explode', {});
    socket.emit('message:create', { sessionId: session.id, content: '' });
    socket.emit('message:create', { sessionId: session.id, content: 'quiet' });
    const heard = await ear.hears('message:create');
    assert.equal(heard.content, 'quiet');
    const answer = await request(socket, 'session:join', { sessionId: session.id });
    assert.ok(answer.ok);
    assert.ok(socket.connected);
  });

  test('who leaves a session hears no more of it', async (t) => {
    const { ada, session, socket } = await room(t);
    const leaver = await ada.connect(t, transport);
    const witness = new Ear(socket);
    const ear = new Ear(leaver);
    await succeed(socket, 'session:join', { sessionId: session.id });
    await succeed(leaver, 'session:join', { sessionId: session.id });
    await ada.write(session, 'before');
    await ear.hears('message:create');

    assert.deepEqual(await succeed(leaver, 'session:leave', { sessionId: session.id }), {});
    await ada.write(session, 'away');
    await witness.hears('message:create', (message) => message.content === 'away');
    // The fence: the room has delivered; after another join only what follows may come.
    await succeed(leaver, 'session:join', { sessionId: session.id });
    await ada.write(session, 'after');
    await ear.hears('message:create', (message) => message.content === 'after');
    assert.deepEqual(ear.lasting().map((entry) => entry.data.content), ['before', 'after']);
  });

  test('who leaves one session still hears the other', async (t) => {
    const { ada, session, socket } = await room(t);
    const other = await ada.createSession({ name: 'Camerino' });
    const ear = new Ear(socket);
    await succeed(socket, 'session:join', { sessionId: session.id });
    await succeed(socket, 'session:join', { sessionId: other.id });
    await succeed(socket, 'session:leave', { sessionId: session.id });
    await ada.write(other, 'still here');
    await ear.hears('message:create', (message) => message.sessionId === other.id);
  });
});
