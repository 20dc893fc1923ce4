// Typing: shown to the others in the room for a few seconds, and never kept.

import assert from 'node:assert/strict';
import { setInterval } from 'node:timers/promises';
import {
  assertUser, flushed, inEveryHouse, overEveryTransportAtOnce, refused, refusedField, room, sessionPath, succeed, test,
} from './harness.mjs';

const by = (person) => ({ user }) => user.id === person.user.id;

inEveryHouse((house) => {
  const body = (transport) => {
    test('the others hear a start and a stop, the sender does not', async (t) => {
      const { session, sessionId, position, ada, grace } = await room(t, house, transport, { grace: 'member' });
      assert.deepEqual(await succeed(grace.socket, 'typing:start', { sessionId }), {});
      const started = await ada.ear.hears('typing:start');
      assert.deepEqual(Object.keys(started).sort(), ['sessionId', 'user']);
      assertUser(started.user);
      assert.deepEqual([started.sessionId, started.user.id], [sessionId, grace.user.id]);
      assert.deepEqual(await succeed(grace.socket, 'typing:stop', { sessionId }), {});
      assert.deepEqual(await ada.ear.hears('typing:stop'), started);

      await ada.write(session, 'fence');
      await grace.ear.hears('message:create');
      await flushed(grace.socket);
      assert.deepEqual([...grace.ear.all('typing:start'), ...grace.ear.all('typing:stop')], []);
      assert.equal((await ada.get(sessionPath(session))).lastPosition, position + 1, 'typing is no lasting event');
    });

    test('a start ends by itself, and a renewed one does not', async (t) => {
      const { sessionId, ada, grace, mary } = await room(t, house, transport, { grace: 'member', mary: 'member' });
      const starts = Promise.all([mary, grace].map((person) => succeed(person.socket, 'typing:start', { sessionId })));
      const began = performance.now();
      await starts;
      const ended = ada.ear.until(() => ada.ear.all('typing:stop').some(by(mary)), "mary's stop", { timeout: 8000 });
      ended.catch(() => {}); // told below
      let renewed = began;
      const typist = new AbortController();
      ended.finally(() => typist.abort()).catch(() => {});
      try {
        for await (const _ of setInterval(1000, undefined, { signal: typist.signal })) {
          renewed = performance.now();
          await succeed(grace.socket, 'typing:start', { sessionId });
        }
      } catch (error) {
        if (error.name !== 'AbortError') throw error;
      }
      await ended;
      const lasted = performance.now() - began;
      assert.ok(lasted >= 4500, `ended after ${lasted} ms`);
      assert.ok(!ada.ear.all('typing:stop').some(by(grace)), 'grace types on');
      await ada.ear.until(() => ada.ear.all('typing:stop').some(by(grace)), "grace's stop", { timeout: 8000 });
      const longer = performance.now() - renewed;
      assert.ok(longer >= 4500, `ended ${longer} ms after the last renewal`);
      t.diagnostic(`${house}: ended after ${lasted.toFixed(0)} ms, and ${longer.toFixed(0)} ms after the last renewal`);
    });

    test('who is not in the room, or only views, does not type', async (t) => {
      const { session, sessionId, ada, grace, vera } = await room(t, house, transport, { grace: 'member', vera: 'viewer' });
      const corridor = await grace.connect(t, transport);
      const eve = await house.person('eve');
      const outside = await eve.connect(t, transport);
      for (const event of ['typing:start', 'typing:stop']) {
        for (const socket of [corridor, outside]) await refused(socket, event, { sessionId }, 'not_joined');
        await refusedField(grace.socket, event, { sessionId: 'that one' }, 'sessionId');
      }
      await refused(vera.socket, 'typing:start', { sessionId }, 'forbidden');
      await succeed(grace.socket, 'typing:start', { sessionId });
      await ada.ear.hears('typing:start', by(grace));
      assert.equal(ada.ear.all('typing:start').length, 1);
      await ada.setRole(session, grace, 'viewer');
      await refused(grace.socket, 'typing:start', { sessionId }, 'forbidden');
    });

    test('who leaves the room stops typing in it', async (t) => {
      const { sessionId, ada, grace } = await room(t, house, transport, { grace: 'member' });
      await succeed(grace.socket, 'typing:start', { sessionId });
      await ada.ear.hears('typing:start');
      await succeed(grace.socket, 'session:leave', { sessionId });
      await ada.ear.hears('typing:stop', by(grace));
      await refused(grace.socket, 'typing:start', { sessionId }, 'not_joined');
    });
  };
  overEveryTransportAtOnce(body);
});
