// SIGTERM: the server ends well, its clients come back by themselves, and what was acknowledged is there.

import assert from 'node:assert/strict';
import {
  Ear, House, assertRun, onEveryDatabase, once, overEveryTransport, settled, succeed, test,
} from './harness.mjs';

const eager = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 };

onEveryDatabase((database) => overEveryTransport((transport) => {
  async function room(t) {
    const house = await House.for(t, database);
    const ada = await house.person('ada');
    const session = await ada.createSession();
    return { house, ada, session };
  }

  test('clients see a transport close, come back by themselves, and resume', async (t) => {
    const { house, ada, session } = await room(t);
    const sockets = await Promise.all([1, 2, 3].map(() => ada.connect(t, transport, eager)));
    const ears = sockets.map((socket) => new Ear(socket));
    for (const socket of sockets) {
      await settled(socket, transport);
      await succeed(socket, 'session:join', { sessionId: session.id });
    }
    const message = await succeed(sockets[0], 'message:create', { sessionId: session.id, content: 'kept' });
    const [{ position }] = await Promise.all(ears.map((ear) => ear.hears('message:create')));

    const reasons = Promise.all(sockets.map((socket) => once(socket, 'disconnect')));
    await house.stop();
    for (const said of await reasons) assert.equal(said, 'transport close');

    await house.start();
    // Not `connected`: an attempt made while nobody listened may still fail, and that is no refusal.
    await Promise.all(sockets.map((socket) => socket.connected || once(socket, 'connect')));
    assert.deepEqual(await ada.allMessages(session), [message]);
    const joined = await succeed(sockets[0], 'session:join', { sessionId: session.id, after: position - 1 });
    assert.equal(joined.recovered, true);
    assert.deepEqual(joined.events, [{ type: 'message:create', position, data: message }]);
  });

  test('what is acknowledged while the server drains is there afterwards', async (t) => {
    const { house, ada, session } = await room(t);
    const socket = await ada.connect(t, transport);
    const acknowledged = [];
    let enough;
    const busy = new Promise((resolve) => (enough = resolve));
    const write = async (lane) => {
      for (let n = 0; socket.connected; n += 1) {
        const payload = { sessionId: session.id, content: `${lane} ${n}` };
        const answer = await socket.timeout(5000).emitWithAck('message:create', payload).catch(() => undefined);
        // A draining server may refuse; it may not promise and forget.
        if (answer?.ok) acknowledged.push(answer.data);
        if (acknowledged.length >= 50) enough();
      }
    };
    const reason = once(socket, 'disconnect', { timeout: 30_000 });
    const writing = Promise.all([1, 2, 3, 4].map(write));
    await Promise.race([busy, reason]);
    await house.stop();
    assert.notEqual(await reason, 'io server disconnect');
    await writing;

    await house.start();
    const stored = await ada.allMessages(session);
    assertRun(stored.map((message) => message.seq), 1, stored.length);
    const byId = new Map(stored.map((message) => [message.id, message]));
    for (const message of acknowledged) assert.deepEqual(byId.get(message.id), message);
  });

  test('a node that stops is seen to stop, serves on, and lets its clients go a few at a time', async (t) => {
    const house = await House.for(t, database, { DRAIN_DELAY_MS: '2000' });
    const ada = await house.person('ada');
    const session = await ada.createSession();
    const sockets = await Promise.all(Array.from({ length: 30 }, () => ada.connect(t, transport)));
    await Promise.all(sockets.map((socket) => settled(socket, transport)));
    const hints = sockets.map((socket) => once(socket, 'server:draining', { timeout: 15_000 }));
    const ends = sockets.map(async (socket) => {
      const reason = await once(socket, 'disconnect', { timeout: 15_000 });
      return { reason, at: performance.now() };
    });

    const stopped = house.stop();
    while ((await fetch(`${house.url}/health/ready`)).status !== 503);
    const late = await ada.connect(t, transport);
    await succeed(late, 'message:create', { sessionId: session.id, content: 'still here' });

    const waits = (await Promise.all(hints)).map(({ reconnectInMs }) => reconnectInMs);
    assert.ok(waits.every((wait) => Number.isInteger(wait) && wait >= 0 && wait < 2000), `${waits}`);
    assert.ok(new Set(waits).size > 1, `they are spread: ${waits}`);
    const gone = await Promise.all(ends);
    for (const { reason } of gone) assert.equal(reason, 'transport close');
    if (transport.settlesOn === 'websocket') {
      const times = gone.map(({ at }) => at);
      const spread = Math.max(...times) - Math.min(...times);
      assert.ok(spread > 500, `all were closed within ${spread.toFixed(0)} ms`);
    }
    await stopped;
  });

  test('a server whose clients are still connecting ends as well', async (t) => {
    const { house, ada } = await room(t);
    const sockets = Array.from({ length: 10 }, () => ada.open(t, transport));
    await once(sockets[0].io, 'open');
    await house.stop();
  });
}));
