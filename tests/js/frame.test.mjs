// A frame has a largest size, 256 KiB: beyond it the connection ends, and nobody else notices.

import assert from 'node:assert/strict';
import { everywhere, once, refusedField, settled, succeed, test } from './harness.mjs';

const kibibytes = (count) => 'x'.repeat(count * 1024);

everywhere((house, transport) => {
  async function room(t) {
    const ada = await house.person('ada');
    const session = await ada.createSession();
    const socket = await ada.connect(t, transport);
    await settled(socket, transport);
    return { ada, session, sessionId: session.id, socket };
  }

  test('a frame below the limit is answered', async (t) => {
    const { sessionId, socket } = await room(t);
    await refusedField(socket, 'message:create', { sessionId, content: kibibytes(255) }, 'content');
    await succeed(socket, 'message:create', { sessionId, content: 'still here' });
  });

  for (const size of [257, 1024]) {
    test(`a frame of ${size} KiB ends its connection and no other`, async (t) => {
      const { ada, session, sessionId, socket } = await room(t);
      const neighbour = await ada.connect(t, transport);
      const gone = once(socket, 'disconnect');
      socket.emit('message:create', { sessionId, content: kibibytes(size) });
      // A refused poll is an error to the client, a closed websocket is a close.
      assert.match(await gone, /^transport (close|error)$/);

      const first = await succeed(neighbour, 'message:create', { sessionId, content: 'first' });
      assert.equal(first.seq, 1);
      assert.equal((await ada.allMessages(session)).length, 1);
    });
  }
});
