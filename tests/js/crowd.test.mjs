// A room with more than a hundred people: comings and goings are gathered, and nobody is sent the whole crowd.

import assert from 'node:assert/strict';
import { before } from 'node:test';
import {
  assertJoin, assertPresence, assertUser, inEveryHouse, sessionPath, succeed, test, websocket,
} from './harness.mjs';

const ids = (entries) => entries.map(({ user }) => user.id);
const sorted = (people) => people.map(({ user }) => user.id).toSorted();

/** Does something for everybody, twenty at a time. */
async function forAll(people, act) {
  for (let n = 0; n < people.length; n += 20) await Promise.all(people.slice(n, n + 20).map(act));
}

inEveryHouse((house) => {
  const crowd = [];
  before(() => forAll(Array.from({ length: 205 }), async () => crowd.push(await house.person('someone'))));

  async function session(people) {
    const made = await people[0].createSession();
    await forAll(people.slice(1), (person) => person.becomeMember(made));
    return made;
  }

  test('beyond a hundred people, comings and goings are told together', async (t) => {
    const people = crowd.slice(0, 105);
    const [ada, ...others] = people;
    const made = await session(people);
    const sessionId = made.id;
    const { ear } = await ada.enter(t, websocket, made);
    const [hundred, beyond] = [others.slice(0, 99), others.slice(99)];
    await forAll(hundred, (person) => person.enter(t, websocket, made));
    await ear.until(() => ear.all('session:join').length >= 99, 'the first hundred');
    assert.deepEqual(ids(ear.all('session:join')).toSorted(), sorted(hundred));
    assert.deepEqual(ear.all('presence:diff'), []);

    const diffs = (side) => ear.all('presence:diff').flatMap((diff) => diff[side]);
    const began = performance.now();
    await forAll(beyond, (person) => person.enter(t, websocket, made));
    await ear.until(() => diffs('joined').length >= 5, 'the five beyond');
    t.diagnostic(`${house}: five more were told in ${(performance.now() - began).toFixed(0)} ms`);
    assert.deepEqual(ids(diffs('joined')).toSorted(), sorted(beyond));
    const counts = beyond.map(({ joined }) => joined.presenceCount);
    assert.deepEqual([Math.min(...counts) > 100, Math.max(...counts)], [true, 105]);

    for (const person of beyond) await succeed(person.socket, 'session:leave', { sessionId });
    // The fence as well: with the last of them gone there are a hundred, and that is told singly.
    const { user } = await ear.hears('session:leave');
    const last = beyond.at(-1);
    assert.equal(user.id, last.user.id);
    assert.deepEqual(diffs('left').map(({ id }) => id).toSorted(), sorted(beyond.slice(0, 4)));
    assert.equal(ear.all('session:join').length, 99, 'none of the five came singly');
    for (const diff of ear.all('presence:diff')) {
      assert.deepEqual(Object.keys(diff).sort(), ['joined', 'left', 'sessionId']);
      diff.joined.forEach(assertPresence);
      diff.left.forEach(assertUser);
    }
    const order = ear.of(made).map(({ event }) => event);
    assert.equal(order.at(-1), 'session:leave', 'what was gathered came before');
  });

  test('a crowd is listed page by page, and at most 200 are handed to who joins', async (t) => {
    const made = await session(crowd);
    await forAll(crowd, (person) => person.enter(t, websocket, made));
    const { joined } = await crowd[0].enter(t, websocket, made);
    assertJoin(joined);
    assert.deepEqual([joined.presenceCount, joined.presence.length], [205, 200]);

    const listed = [];
    const sizes = [];
    let cursor = '';
    do {
      const page = await crowd[1].get(`${sessionPath(made)}/presence?limit=90${cursor}`);
      assert.equal(page.presenceCount, 205);
      page.items.forEach(assertPresence);
      sizes.push(page.items.length);
      listed.push(...page.items);
      cursor = page.nextCursor && `&cursor=${encodeURIComponent(page.nextCursor)}`;
    } while (cursor);
    assert.deepEqual(sizes, [90, 90, 25]);
    assert.deepEqual(ids(listed).toSorted(), sorted(crowd));
    const since = listed.map((one) => one.since);
    assert.deepEqual(since, since.toSorted());
    assert.equal((await crowd[1].get(`${sessionPath(made)}/presence`)).items.length, 20);
  });
});
