// PostgreSQL goes away, in good order or by SIGKILL, and comes back under two busy nodes: an answer in between, and nothing
// lost.

import assert from 'node:assert/strict';
import { sessionPath } from './harness.mjs';
import { at, health, inCluster, trial } from './harness/cluster.mjs';
import { eventually, percentiles } from './harness/patience.mjs';
import { Traffic } from './harness/traffic.mjs';

/** How long a refusal may take while PostgreSQL is known to be away, at the median. */
const atOnceMs = 250;

/** A session in which people write and listen on both nodes. */
async function busySession(t, { a, b }) {
  const [ada, grace, joan, mary] = await a.people('ada', 'grace', 'joan', 'mary');
  const { id } = await ada.createSession();
  for (const person of [grace, joan, mary]) await person.becomeMember({ id });
  const session = await ada.get(sessionPath({ id }));

  const traffic = new Traffic(t, session);
  for (const listener of [ada, at(b, grace)]) await traffic.follow(listener);
  for (const writer of [joan, at(b, mary)]) {
    await traffic.writeBySocket(writer);
    traffic.writeByRest(writer);
  }
  await traffic.flows(20);
  return { ada, traffic };
}

/** Nothing that was acknowledged is lost or there twice, and nobody who listens lost their connection. */
async function reckon(traffic, ada) {
  await traffic.reckon(ada);
  for (const socket of traffic.sockets) assert.ok(socket.connected, 'the sockets stayed');
  assert.deepEqual(traffic.followers.flatMap(({ losses }) => losses), [], 'the sockets stayed');
}

inCluster((cluster) => {
  trial('PostgreSQL killed and started again amid the writing', async (t) => {
    const { nodes, postgres } = cluster;
    const { ada, traffic } = await busySession(t, cluster);

    const killed = performance.now();
    await postgres.kill();
    await eventually('refusals on both nodes', () =>
      nodes.every((node) => traffic.refusals.some(({ lane }) => lane.node === node)));
    await postgres.start();
    const started = performance.now();
    await traffic.flows(20);
    const recovered = traffic.firstAfter(started) - started;

    await reckon(traffic, ada);
    t.diagnostic(`away for ${(started - killed).toFixed(0)} ms; the first message was acknowledged ${recovered.toFixed(0)} ms after \
the start; ${traffic.acknowledged.length} acknowledged; refused in between: ${percentiles(traffic.refusals.map(({ ms }) => ms))}`);
  });

  trial('PostgreSQL stopped and started again amid the writing', async (t) => {
    const { nodes, postgres } = cluster;
    const { ada, traffic } = await busySession(t, cluster);

    const stopping = performance.now();
    await postgres.stop();
    const stopped = performance.now();
    for (const node of nodes) {
      const { answer } = await eventually('the outage being told', () => health(node), ({ status }) => status === 503);
      assert.deepEqual([answer.body.status, answer.body.checks.database], ['error', 'error']);
      const ready = await health(node, '/health/ready');
      assert.equal(ready.status, 503);
      assert.equal((await health(node, '/health/live')).status, 200);
    }
    // Both nodes refuse, over both ways in.
    const waysIn = nodes.flatMap((node) => ['socket', 'REST'].map((by) => ({ node, by })));
    const refusalsOf = ({ node, by }) => traffic.refusals.filter(({ lane }) => lane.node === node && lane.by === by);
    const isRefused = (way) => refusalsOf(way).length > 0;
    await eventually('refusals', () => waysIn.every(isRefused));
    const firstRefusals = waysIn.map((way) => refusalsOf(way)[0].at);
    const untilRefused = Math.max(...firstRefusals) - stopping;
    for (const { status, headers, text } of traffic.problems) {
      assert.equal(status, 503, text);
      assert.match(headers.get('content-type'), /^application\/problem\+json\b/);
      assert.ok(Number(headers.get('retry-after')) >= 1, 'Retry-After is given');
      assert.equal(JSON.parse(text).code, 'unavailable');
    }
    assert.ok(traffic.refusals.every(({ code }) => code === 'unavailable'), 'no answer was kept back');

    await postgres.start();
    const started = performance.now();
    await traffic.flows(20);
    const recovered = traffic.firstAfter(started) - started;
    for (const node of nodes) await eventually('health', () => health(node), ({ status }) => status === 200);

    await reckon(traffic, ada);
    assert.ok(recovered < 20_000, `recovered after ${recovered} ms`);
    t.diagnostic(`away for ${(started - stopping).toFixed(0)} ms, refused on all ways within ${untilRefused.toFixed(0)} ms of the \
shutdown's begin; the first message was acknowledged ${recovered.toFixed(0)} ms after the start`);
    const waits = traffic.refusals.map(({ ms }) => ms).sort((one, other) => one - other);
    assert.ok(waits[Math.floor(waits.length / 2)] < atOnceMs, `refusals took ${percentiles(waits)}`);
    t.diagnostic(`${traffic.acknowledged.length} acknowledged; refused in between: ${percentiles(waits)}`);
    t.diagnostic(`sent before, across nodes: ${percentiles(traffic.crossings(0, stopping - 100))}`);
    t.diagnostic(`sent after, across nodes: ${percentiles(traffic.crossings(started))}`);
    t.diagnostic(`stopping took ${(stopped - stopping).toFixed(0)} ms`);
  });
});
