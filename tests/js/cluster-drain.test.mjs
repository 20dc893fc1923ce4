// SIGTERM to one node under load: it says first that it is no longer ready, its clients move, and nothing is lost.

import assert from 'node:assert/strict';
import { sessionPath, within } from './harness.mjs';
import { at, health, inCluster, trial } from './harness/cluster.mjs';
import { eventually } from './harness/patience.mjs';
import { Traffic } from './harness/traffic.mjs';

inCluster((cluster) => {
  trial('a node drained amid the writing', async (t) => {
    const { a, b } = cluster;
    const [ada, grace, joan, mary] = await b.people('ada', 'grace', 'joan', 'mary');
    const { id } = await ada.createSession();
    for (const person of [grace, joan, mary]) await person.becomeMember({ id });
    const session = await ada.get(sessionPath({ id }));

    const traffic = new Traffic(t, session);
    await traffic.follow(ada);
    const movable = [grace, grace, joan, joan].map((one) => at(cluster, one));
    for (const person of movable) await traffic.follow(person);
    for (const person of movable) await traffic.writeBySocket(person);
    traffic.writeByRest(at(cluster, mary), 2);
    await traffic.flows();

    const everyone = [...traffic.followers.map(({ socket }) => socket), ...traffic.sockets];
    const firstClosed = new Promise((resolve) => {
      const closed = (reason) => resolve({ reason, moment: performance.now() });
      for (const socket of everyone) socket.once('disconnect', closed);
    });
    const began = performance.now();
    const stopping = a.stop().then(() => performance.now());
    const readiness = () => health(a, '/health/ready');
    const isUnready = ({ status }) => status === 503;
    const { answer } = await eventually('readiness falling', readiness, isUnready, { timeout: 10_000, every: 10 });
    const unready = performance.now();
    assert.equal(answer.body.status, 'error');
    const ended = await stopping;
    const closed = await within(10_000, firstClosed, 'the closing of a connection');
    assert.match(closed.reason, /^transport (close|error)$/);
    assert.ok(unready < closed.moment, `readiness fell ${(unready - closed.moment).toFixed(0)} ms after a connection was closed`);

    await traffic.flows();
    await eventually('everybody following again', () => traffic.followers.every(({ follows }) => follows));
    const moved = traffic.followers.filter(({ losses }) => losses.length > 0);
    assert.ok(moved.length > 0, 'the balancer had given clients to the node that was drained');
    for (const reason of moved.flatMap(({ losses }) => losses)) assert.match(reason, /^transport (close|error)$/);
    await traffic.reckon(ada);
    const gap = longestPause(traffic.acknowledged.map(({ at: moment }) => moment).filter((moment) => moment > began));
    const [fell, released, over] = [unready, closed.moment, ended].map((moment) => (moment - began).toFixed(0));
    t.diagnostic(`after SIGTERM: unready ${fell} ms, first connection closed ${released} ms, ended ${over} ms; ${moved.length} of \
${traffic.followers.length} followers moved; longest pause between two acknowledgements ${gap.toFixed(0)} ms`);
    t.diagnostic(`${traffic.acknowledged.length} acknowledged, ${traffic.refusals.length} tries failed`);
    await a.start();
  });
}, { DRAIN_DELAY_MS: '1000' });

function longestPause(moments) {
  return Math.max(0, ...moments.slice(1).map((moment, n) => moment - moments[n]));
}
