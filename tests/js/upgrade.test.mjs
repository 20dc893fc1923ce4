// The upgrade from polling to websocket, with the client's own defaults: nothing is lost or repeated across it.

import assert from 'node:assert/strict';
import { NodeWebSocket, NodeXHR } from 'socket.io-client';
import { WebSocket } from 'ws';
import { Ear, assertRun, inEveryHouse, once, succeed, test } from './harness.mjs';

/** The client's websocket, which begins only when the gate opens: so the upgrade happens amid the traffic. */
function heldBehind(gate) {
  return class extends NodeWebSocket {
    doOpen() {
      gate.then(() => super.doOpen());
    }
  };
}

/** The client's websocket, lost as soon as it is open. */
class Lost extends NodeWebSocket {
  onOpen() {
    this.ws.terminate();
  }
}

/** The client's polling, which counts its polls. */
class Counting extends NodeXHR {
  polls = 0;

  doPoll() {
    this.polls += 1;
    super.doPoll();
  }
}

/** A websocket for a connection over polling, as a client opens it that wants to upgrade. */
function upgradeOf(t, house, socket) {
  const url = `${house.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid=${socket.io.engine.id}`;
  const ws = new WebSocket(url);
  t.after(() => ws.terminate());
  return ws;
}

inEveryHouse((house) => {
  async function room(t) {
    const [ada, grace] = await house.people('ada', 'grace');
    const session = await ada.createSession();
    await grace.becomeMember(session);
    const writer = await grace.connect(t, { options: { transports: ['websocket'] } });
    return { ada, session, writer };
  }

  test('a client with default settings ends up on a websocket', async (t) => {
    const { ada, session } = await room(t);
    const socket = ada.open(t, { options: {} });
    await once(socket.io, 'open');
    assert.equal(socket.io.engine.transport.name, 'polling');
    await once(socket.io.engine, 'upgrade');
    assert.equal(socket.io.engine.transport.name, 'websocket');
    await succeed(socket, 'session:join', { sessionId: session.id });
  });

  test('no event and no answer is lost across the upgrade', async (t) => {
    const { ada, session, writer } = await room(t);
    let open;
    const gate = new Promise((resolve) => (open = resolve));
    const socket = await ada.connect(t, { options: { transports: [NodeXHR, heldBehind(gate)] } });
    const ear = new Ear(socket);
    const transport = () => socket.io.engine.transport.name;
    const overPolling = [];
    socket.on('message:create', (message) => transport() === 'polling' && overPolling.push(message.position));
    const { position } = await succeed(socket, 'session:join', { sessionId: session.id });
    assert.equal(transport(), 'polling');

    let going = true;
    const keepWriting = async (from, who) => {
      let count = 0;
      for (; going; count += 1) {
        await succeed(from, 'message:create', { sessionId: session.id, content: `${who} ${count}` });
      }
      return count;
    };
    // The client that upgrades writes too: its requests and their answers cross over as well.
    const writing = Promise.all([keepWriting(writer, 'grace'), keepWriting(socket, 'ada')]);
    try {
      await ear.until(() => ear.lasting().length >= 20, '20 events over polling');
      const upgraded = once(socket.io.engine, 'upgrade');
      open();
      await upgraded;
      assert.equal(transport(), 'websocket');
      const atUpgrade = ear.lasting().length;
      await ear.until(() => ear.lasting().length >= atUpgrade + 20, '20 events over the websocket');
    } finally {
      going = false;
    }
    const written = (await writing).reduce((sum, count) => sum + count);
    await ear.until(() => ear.lasting().length >= written, 'every event written');
    assert.ok(overPolling.length >= 20, 'the events began to come over polling');
    assertRun(ear.lasting().map((entry) => entry.data.position), position + 1, position + written);
  });

  test('a websocket that is lost while it is tried leaves the connection over polling as it was', async (t) => {
    const { ada, session, writer } = await room(t);
    const socket = await ada.connect(t, { options: { transports: [Counting, Lost] } });
    const ear = new Ear(socket);
    await succeed(socket, 'session:join', { sessionId: session.id });
    for (let n = 0; n < 5; n += 1) {
      await succeed(writer, 'message:create', { sessionId: session.id, content: `${n}` });
      await ear.hears('message:create', ({ content }) => content === `${n}`);
    }
    const { transport } = socket.io.engine;
    assert.equal(transport.name, 'polling');
    const { polls } = transport;
    await succeed(socket, 'message:create', { sessionId: session.id, content: 'mine' });
    await ear.hears('message:create', ({ content }) => content === 'mine');
    assert.ok(transport.polls - polls <= 3, `${transport.polls - polls} polls for one answer and one event`);
  });

  test('of two websockets to which a connection would be upgraded one is sent away', async (t) => {
    const { ada, session } = await room(t);
    const socket = await ada.connect(t, { options: { transports: ['polling'] } });
    const both = [upgradeOf(t, house, socket), upgradeOf(t, house, socket)];
    const gone = await Promise.race(both.map((one) => once(one, 'close').then(() => one)));
    const [other] = both.filter((one) => one !== gone);
    const answer = once(other, 'message');
    other.send('2probe');
    assert.equal(String(await answer), '3probe');
    other.terminate();
    await succeed(socket, 'session:join', { sessionId: session.id });
  });
});
