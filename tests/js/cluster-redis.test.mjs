// Redis dies, comes back and forgets everything under two busy nodes: they go on, and nothing is lost.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { connected, once, sessionPath, succeed, websocket } from './harness.mjs';
import { at, health, inCluster, presenceSeenBy, trial } from './harness/cluster.mjs';
import { eventually, percentiles } from './harness/patience.mjs';
import { Traffic } from './harness/traffic.mjs';

/** What a sweep needs at most on a busy machine, and more than what it needs on an idle one. */
const sweepMs = 15_000;

inCluster((cluster) => {
  const { redis } = cluster;

  async function busyRoom(t, { busy = true } = {}) {
    const { a, b } = cluster;
    const names = ['ada', 'grace', 'joan', 'mary', 'kay', 'jean', 'betty', 'ruth'];
    const [ada, grace, joan, mary, ...guests] = await a.people(...names);
    const { id } = await ada.createSession();
    for (const person of [grace, joan, mary, ...guests]) await person.becomeMember({ id });
    const session = await ada.get(sessionPath({ id }));
    const traffic = new Traffic(t, session);
    for (const listener of [ada, at(b, grace)]) await traffic.follow(listener);
    for (const writer of busy ? [joan, at(b, mary)] : []) {
      await traffic.writeBySocket(writer);
      traffic.writeByRest(writer);
    }
    if (busy) await traffic.flows();

    /** Who is in the room: those who follow, and the guests who came and did not go. */
    const truth = { [ada.user.id]: 1, [grace.user.id]: 1 };
    const enter = async (guest, node) => {
      guest.socket = await at(node, guest).connect(t, websocket);
      await succeed(guest.socket, 'session:join', { sessionId: id });
      truth[guest.user.id] = 1;
    };
    const leave = async (guest) => {
      await succeed(guest.socket, 'session:leave', { sessionId: id });
      delete truth[guest.user.id];
    };
    const vanish = (guest) => {
      guest.socket.disconnect();
      delete truth[guest.user.id];
    };
    const presenceIsTrue = async () => {
      const seen = () => Promise.all([ada, at(b, ada)].map((one) => presenceSeenBy(one, session)));
      const isTrue = (lists) => lists.every((list) => isDeepStrictEqual(list, truth));
      const what = `presence being ${JSON.stringify(truth)} on both nodes`;
      return (await eventually(what, seen, isTrue, { timeout: 40_000 })).ms;
    };
    const hall = await ada.createSession();
    await grace.becomeMember(hall);
    const listener = await at(b, grace).connect(t, websocket);
    await succeed(listener, 'session:join', { sessionId: hall.id });
    const whisper = async () => {
      const heard = once(listener, 'message:create', { timeout: sweepMs });
      const began = performance.now();
      const message = await ada.write(hall, 'is anybody there?');
      assert.equal((await heard).id, message.id);
      return performance.now() - began;
    };
    return { ada, session, traffic, whisper, guests, enter, leave, vanish, presenceIsTrue };
  }

  const isHealthy = (node) => eventually('health', () => health(node), ({ body }) => body.status === 'ok');

  trial('Redis killed and started again amid the writing', async (t) => {
    const { a, b, nodes } = cluster;
    const { ada, traffic, whisper, guests, enter, leave, vanish, presenceIsTrue } = await busyRoom(t);
    const [kay, jean, betty, ruth] = guests;
    await Promise.all(nodes.map(isHealthy));
    await Promise.all([enter(kay, a), enter(jean, b), enter(betty, b)]);
    await presenceIsTrue();

    const killed = performance.now();
    await redis.kill();
    for (const node of nodes) {
      const { answer } = await eventually('the loss being told', () => health(node), ({ body }) => body.status !== 'ok');
      assert.deepEqual([answer.status, answer.body.status, answer.body.checks.database], [200, 'degraded', 'ok']);
      assert.equal((await health(node, '/health/ready')).status, 200);
    }
    const degraded = performance.now();
    // A room in which only the other node writes: nothing there tells of a gap, only the sweep finds it.
    const quiet = await whisper();
    await traffic.flows(20);
    // People come and go meanwhile, on both nodes, each in their own way.
    await leave(kay);
    vanish(jean);
    await enter(ruth, a);

    await redis.start();
    const started = performance.now();
    await Promise.all(nodes.map(isHealthy));
    const healthy = performance.now() - started;
    const present = await presenceIsTrue();
    await enter(kay, b);
    await leave(betty);
    await traffic.flows(5);
    await presenceIsTrue();

    await traffic.reckon(ada);
    assert.deepEqual(traffic.refusals, [], 'every message was taken at the first try');
    assert.deepEqual(traffic.followers.flatMap(({ losses }) => losses), [], 'the sockets stayed');
    const [before, during, after] = [
      traffic.crossings(0, killed), traffic.crossings(killed, started), traffic.crossings(started),
    ];
    assert.ok(during.length > 0, 'messages crossed over without Redis');
    assert.ok(Math.max(...during) < sweepMs, `without Redis: ${percentiles(during)}`);
    t.diagnostic(`degraded after ${(degraded - killed).toFixed(0)} ms, away for ${(started - killed).toFixed(0)} ms; healthy \
${healthy.toFixed(0)} ms after the start, and presence true ${present.toFixed(0)} ms after that`);
    t.diagnostic(`across nodes before: ${percentiles(before)}`);
    t.diagnostic(`across nodes without Redis: ${percentiles(during)}; in a quiet room ${quiet.toFixed(0)} ms`);
    t.diagnostic(`across nodes afterwards: ${percentiles(after)}`);
    t.diagnostic(`${traffic.acknowledged.length} acknowledged, none refused`);
  });

  trial('Redis emptied amid the writing', async (t) => {
    const { a, b, nodes } = cluster;
    const { ada, session, traffic, guests, enter, leave, vanish, presenceIsTrue } = await busyRoom(t);
    const [kay, jean, betty, ruth] = guests;
    await Promise.all(nodes.map(isHealthy));
    await Promise.all([enter(kay, a), enter(jean, b), enter(betty, b)]);
    await presenceIsTrue();

    const emptied = performance.now();
    await redis.flush();
    await leave(kay);
    vanish(jean);
    await enter(ruth, a);
    const present = await presenceIsTrue();
    await traffic.flows(10);
    await succeed(await connected(jean.socket.connect()), 'session:join', { sessionId: session.id });
    vanish(jean);
    await leave(betty);
    await presenceIsTrue();

    await traffic.reckon(ada);
    assert.deepEqual(traffic.refusals, [], 'every message was taken at the first try');
    assert.deepEqual(traffic.followers.flatMap(({ losses }) => losses), [], 'the sockets stayed');
    const after = traffic.crossings(emptied);
    assert.ok(Math.max(...after) < sweepMs, `after the emptying: ${percentiles(after)}`);
    t.diagnostic(`presence true ${present.toFixed(0)} ms after it was emptied; across nodes since: ${percentiles(after)}`);
  });

  trial('a node that starts without Redis serves, and finds the others later', async (t) => {
    const { a, nodes } = cluster;
    const { whisper, presenceIsTrue, enter, guests: [kay] } = await busyRoom(t, { busy: false });
    await Promise.all(nodes.map(isHealthy));
    await redis.kill();
    await a.stop();
    await a.start();
    const { status, body } = await health(a);
    assert.deepEqual([status, body.status], [200, 'degraded']);
    await enter(kay, a);
    const alone = await whisper();
    await redis.start();
    await Promise.all(nodes.map(isHealthy));
    const present = await presenceIsTrue();
    const together = await whisper();
    t.diagnostic(`to the other node without Redis ${alone.toFixed(0)} ms, with it ${together.toFixed(0)} ms; presence true \
${present.toFixed(0)} ms after health`);
  });
});
