// A node is killed under load: its clients go on with the other one, and its people do not haunt the room.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { Ear, sessionPath, succeed, websocket } from './harness.mjs';
import { at, inCluster, presenceSeenBy, trial } from './harness/cluster.mjs';
import { eventually, percentiles } from './harness/patience.mjs';
import { Traffic } from './harness/traffic.mjs';

/** The contract's 30 s, and what a busy machine adds to a tick and to the way here. */
const ghostsMs = 33_000;

inCluster((cluster) => {
  trial('a node killed amid the writing', async (t) => {
    const { a, b } = cluster;
    const names = ['ada', 'grace', 'joan', 'mary', 'kay', 'jean', 'betty'];
    const [ada, grace, joan, mary, ...lost] = await b.people(...names);
    const { id } = await ada.createSession();
    for (const person of [grace, joan, mary, ...lost]) await person.becomeMember({ id });
    const session = await ada.get(sessionPath({ id }));

    const traffic = new Traffic(t, session);
    const watcher = await traffic.follow(ada); // on the node that survives
    // The others use the balancer, which gives every second of them to either node.
    const movable = [grace, grace, joan, joan].map((one) => at(cluster, one));
    for (const person of movable) await traffic.follow(person);
    for (const person of movable) await traffic.writeBySocket(person);
    traffic.writeByRest(at(cluster, mary), 2);
    // These do not come back.
    for (const person of lost) {
      const socket = await at(a, person).connect(t, websocket);
      await succeed(socket, 'session:join', { sessionId: id });
    }
    await traffic.flows();
    const present = await presenceSeenBy(ada, session);
    assert.equal(Object.keys(present).length, 3 + lost.length, 'everybody is seen before');

    const killed = performance.now();
    await a.kill();
    await traffic.flows();
    await eventually('everybody following again', () => traffic.followers.every(({ follows }) => follows));
    const recovered = traffic.firstAfter(killed) - killed;
    const moved = traffic.followers.filter(({ losses }) => losses.length > 0).length;
    assert.ok(moved > 0, 'the balancer had given clients to the node that was killed');
    await traffic.flows();
    await traffic.reckon(ada);
    const resumed = Math.max(...traffic.followers.map(({ followedAt }) => followedAt)) - killed;

    const isLost = ({ user }) => lost.some((one) => one.user.id === user.id);
    const goings = () => watcher.ear.all('session:leave').filter(isLost);
    await watcher.ear.until(() => goings().length >= lost.length, 'the going of all', { timeout: ghostsMs + 10_000 });
    const gone = performance.now() - killed;
    const truth = { [ada.user.id]: 1, [grace.user.id]: 2, [joan.user.id]: 2 };
    await eventually('presence being true', () => presenceSeenBy(ada, session), (seen) => isDeepStrictEqual(seen, truth));
    assert.equal(goings().length, lost.length, 'each is told of once');
    assert.ok(gone < ghostsMs, `the lost were gone after ${gone} ms`);
    const passing = ['session:join', 'session:leave'].flatMap((event) => watcher.ear.all(event));
    const others = passing.filter((one) => !isLost(one));
    assert.deepEqual(others.map(({ user }) => user.displayName), ['grace', 'joan'], 'who moved was there all the while');
    t.diagnostic(`after the kill: first acknowledgement ${recovered.toFixed(0)} ms, all following again ${resumed.toFixed(0)} ms, \
the lost gone ${gone.toFixed(0)} ms; ${moved} of ${traffic.followers.length} followers moved`);
    t.diagnostic(`${traffic.acknowledged.length} acknowledged, ${traffic.refusals.length} tries failed`);

    await a.start();
    const back = await at(a, joan).connect(t, websocket);
    const ear = new Ear(back);
    const { position } = await succeed(back, 'session:join', { sessionId: id });
    await ada.write(session, 'to the node that is back');
    await ear.hears('message:create', (message) => message.position === position + 1);
  });
});
