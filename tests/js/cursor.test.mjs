// The durable cursor: whoever knows a position asks for what came after it, and misses and repeats nothing.

import assert from 'node:assert/strict';
import { Ear, assertJoin, assertMessage, assertRun, connected, drop, everywhere, succeed, test } from './harness.mjs';

everywhere((house, transport) => {
  /** Grace writes; ada has heard the first message, and lost her connection. */
  async function interrupted(t) {
    const [ada, grace] = await house.people('ada', 'grace');
    const session = await ada.createSession();
    await grace.becomeMember(session);
    const [socket, writer] = await Promise.all([ada.connect(t, transport), grace.connect(t, transport)]);
    const ear = new Ear(socket);
    await succeed(socket, 'session:join', { sessionId: session.id });
    await succeed(writer, 'message:create', { sessionId: session.id, content: 'heard' });
    const { position } = await ear.hears('message:create');
    await drop(socket);
    return { ada, session, socket, writer, position };
  }

  function write(writer, session, count) {
    const one = (_, n) =>
      succeed(writer, 'message:create', { sessionId: session.id, content: `missed ${n}` }, { timeout: 30_000 });
    return Promise.all(Array.from({ length: count }, one));
  }

  /** Writes five at a time until it is told to stop; `done` gives how many were written. */
  function writeOn(writer, session) {
    let going = true;
    const done = (async () => {
      let written = 0;
      for (; going; written += 5) await write(writer, session, 5);
      return written;
    })();
    return { done, stop: () => (going = false) };
  }

  async function rejoin(socket, session, after) {
    const joined = await succeed(await connected(socket.connect()), 'session:join', { sessionId: session.id, after });
    assertJoin(joined);
    return joined;
  }

  const positions = (events) => events.map((event) => event.position);
  const livePositions = (ear) => ear.lasting().map((entry) => entry.data.position);

  test('what was missed is handed over, and the live events follow', async (t) => {
    const { session, socket, writer, position } = await interrupted(t);
    const missed = await write(writer, session, 30);
    const ear = new Ear(socket);
    const joined = await rejoin(socket, session, position);
    assert.equal(joined.recovered, true);
    assert.equal(joined.more, false);
    assert.equal(joined.position, position + 30);
    const expected = missed.map((data, n) => ({ type: 'message:create', position: position + 1 + n, data }));
    assert.deepEqual(joined.events, expected);
    joined.events.forEach((event) => assertMessage(event.data));

    await write(writer, session, 30);
    await ear.until(() => ear.lasting().length >= 30, '30 live events');
    assertRun(livePositions(ear), position + 31, position + 60);
  });

  test('losing and resuming the connection amid the writing leaves no gap and repeats nothing', async (t) => {
    const { session, socket, writer, position } = await interrupted(t);
    const seen = [];
    const writing = writeOn(writer, session);
    try {
      for (let round = 1; round <= 5; round += 1) {
        const ear = new Ear(socket);
        const joined = await rejoin(socket, session, seen.at(-1) ?? position);
        assert.equal(joined.recovered, true);
        assert.equal(joined.more, false);
        await ear.until(() => ear.lasting().length >= 20, `the live events of round ${round}`);
        await drop(socket);
        seen.push(...positions(joined.events), ...livePositions(ear));
        socket.offAny();
      }
    } finally {
      writing.stop();
    }
    const written = await writing.done;
    const last = await rejoin(socket, session, seen.at(-1));
    assertRun([...seen, ...positions(last.events)], position + 1, position + written);
  });

  test('who missed nothing is told so', async (t) => {
    const { session, socket, position } = await interrupted(t);
    const joined = await rejoin(socket, session, position);
    assert.deepEqual([joined.recovered, joined.more, joined.events, joined.position], [true, false, [], position]);
  });

  test('after 0 hands over the whole log, as REST does', async (t) => {
    const { ada, session, socket, writer } = await interrupted(t);
    await write(writer, session, 10);
    const joined = await rejoin(socket, session, 0);
    assert.equal(joined.recovered, true);
    assertRun(positions(joined.events), 1, joined.position);
    assert.deepEqual(await ada.eventsAfter(session, 0, 4), joined.events);
  });

  test('a position that never was is not recovered, and live events come all the same', async (t) => {
    const { session, socket, writer, position } = await interrupted(t);
    const ear = new Ear(socket);
    for (const after of [position + 1, position + 1000, Number.MAX_SAFE_INTEGER]) {
      const joined = await rejoin(socket, session, after);
      assert.equal(joined.recovered, false, `after ${after} with ${position} in the log`);
      assert.equal(joined.position, position);
      assert.deepEqual(joined.events, []);
    }
    await write(writer, session, 1);
    await ear.until(() => ear.lasting().length >= 1, 'a live event');
    assert.deepEqual(livePositions(ear), [position + 1]);
  });

  test('more than 500 missed events are paged over REST, and meet the live ones', async (t) => {
    const { ada, session, socket, writer, position } = await interrupted(t);
    await write(writer, session, 620);
    const ear = new Ear(socket);
    const joined = await rejoin(socket, session, position);
    assert.equal(joined.recovered, true);
    assert.equal(joined.more, true);
    assert.equal(joined.position, position + 620);
    assert.equal(joined.events.length, 500);
    assertRun(positions(joined.events), position + 1, position + 500);

    const writing = write(writer, session, 40);
    const paged = await ada.eventsAfter(session, position + 500, 50);
    await writing;
    await ear.until(() => ear.lasting().length >= 40, '40 live events');
    // Pages read during the writing may reach into what is heard live; up to the join's position they are the gap.
    const between = paged.filter((event) => event.position <= joined.position);
    assertRun([...positions(joined.events), ...positions(between), ...livePositions(ear)], position + 1, position + 660);
  });
});
