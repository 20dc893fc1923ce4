// Somebody who does not read: told what they missed, at nobody else's cost, and in bounded memory.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ear, House, assertRun, onEveryDatabase, once, succeed, test, websocket } from './harness.mjs';

const messages = 700;
const slowReaders = 12;
// 12 kB each: together far more than the kernel keeps for a connection.
const content = '🦤'.repeat(3_000);

const residentMiB = (house) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${house.pid}/status`, 'utf8'))[1]) / 1024;
const positions = (ear) => ear.all('message:create').map(({ position }) => position);

onEveryDatabase((database) => {
  test('a reader who stops is told what it missed; others hear all; memory stays bounded', async (t) => {
    const house = await House.for(t, database);
    const ada = await house.person('ada');
    const session = await ada.createSession();
    const sessionId = session.id;
    const join = async () => {
      const socket = await ada.connect(t, websocket);
      await succeed(socket, 'session:join', { sessionId });
      return { socket, tcp: socket.io.engine.transport.ws._socket, ear: new Ear(socket) };
    };
    const [writer, reader] = [await join(), await join()];
    const slow = await Promise.all(Array.from({ length: slowReaders }, join));
    // On a slow machine a pause may outlast the heartbeat: then the connection is cut, which tells it enough.
    const cut = slow.map(({ socket }) => once(socket, 'disconnect', { timeout: 55_000 }).catch(() => undefined));
    for (const { tcp } of slow) tcp.pause();
    const before = residentMiB(house);
    let most = before;

    let sent = 0;
    const lane = async () => {
      while (sent < messages) {
        sent += 1;
        await succeed(writer.socket, 'message:create', { sessionId, content }, { timeout: 30_000 });
        most = Math.max(most, residentMiB(house));
      }
    };
    await Promise.all(Array.from({ length: 16 }, lane));
    await reader.ear.until(() => positions(reader.ear).length === messages, 'all messages');
    assertRun(positions(reader.ear), 1, messages);
    assert.deepEqual(reader.ear.all('session:lagged'), []);
    t.diagnostic(`${house}: resident ${before.toFixed(0)} MiB before, ${most.toFixed(0)} MiB at most`);
    // Unbounded, each of them would hold what the kernel does not: 4 MiB and more.
    assert.ok(most - before < 40, `the server grew by ${(most - before).toFixed(0)} MiB`);

    for (const { tcp } of slow) tcp.resume();
    for (const [n, { socket, ear }] of slow.entries()) {
      const lagged = await Promise.race([ear.hears('session:lagged'), cut[n]]);
      if (lagged?.from === undefined) {
        assert.equal(socket.connected, false);
        continue;
      }
      const { from, to } = lagged;
      assertRun(positions(ear), 1, from - 1);
      assert.ok(from > 1 && to <= messages, `${from} to ${to}`);
      const again = { sessionId, after: messages - 3 };
      const { recovered, events } = await succeed(socket, 'session:join', again, { timeout: 30_000 });
      assert.equal(recovered, true);
      assertRun(events.map(({ position }) => position), messages - 2, messages);
    }
  });
});
