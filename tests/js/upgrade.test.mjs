// The upgrade from polling to websocket, with the client's own defaults: nothing is lost or repeated across it.

import assert from 'node:assert/strict';
import { NodeWebSocket, NodeXHR } from 'socket.io-client';
import { Ear, assertRun, inEveryHouse, once, succeed, test } from './harness.mjs';

/** The client's websocket, which begins only when the gate opens: so the upgrade happens amid the traffic. */
function heldBehind(gate) {
  return class extends NodeWebSocket {
    doOpen() {
      gate.then(() => super.doOpen());
    }
  };
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
});
