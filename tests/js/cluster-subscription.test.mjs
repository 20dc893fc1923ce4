// Subscriptions on two nodes: what happens on one is heard on the other, and an end is an end everywhere.

import assert from 'node:assert/strict';
import { assertRun, claimsOf, memberPath, sessionPath } from './harness.mjs';
import { at, inCluster, trial } from './harness/cluster.mjs';
import { eventually } from './harness/patience.mjs';
import { EVENTS, Heard, ask, subscriber } from './harness/subscriber.mjs';

inCluster((cluster) => {
  async function apart(t) {
    const { a, b } = cluster;
    const [ada, grace] = await a.people('ada', 'grace');
    const { id } = await ada.createSession();
    await grace.becomeMember({ id });
    const session = await ada.get(sessionPath({ id }));
    const client = subscriber(t, at(b, grace));
    const heard = new Heard(client, EVENTS, { id, after: session.lastPosition });
    await ask(client);
    return { ada, grace, session, client, heard };
  }

  trial('an event of the other node is heard once, in order', async (t) => {
    const { ada, session, heard } = await apart(t);
    for (let n = 0; n < 50; n += 1) await (n % 2 ? ada : at(cluster.b, ada)).write(session, `message ${n}`);
    await eventually('all messages', () => heard.values.length >= 50);
    assertRun(heard.positions, session.lastPosition + 1, session.lastPosition + 50);
  });

  trial('who is removed on one node hears the end on the other', async (t) => {
    const { ada, grace, session, heard } = await apart(t);
    await ada.delete(memberPath(session, grace));
    await ada.write(session, 'after');
    await heard.fails('forbidden');
    assert.deepEqual(heard.of('sessionEvents').map(({ type }) => type), ['member:remove']);
  });

  trial('a login that ends on one node is closed on the other', async (t) => {
    const { grace, heard } = await apart(t);
    await grace.delete(`/api/auth/logins/${claimsOf(grace.token).sid}`);
    await heard.closes(4403, 'unauthenticated');
  });

  trial('a notification made on one node is heard on the other', async (t) => {
    const { ada, grace, session, client } = await apart(t);
    const told = new Heard(client, 'subscription { notificationCreated { type data } }');
    await ask(client);
    await ada.write(session, `<@${grace.user.id}> ¿venís?`);
    await told.has(1);
    assert.equal(told.values[0].notificationCreated.type, 'mention');
  });
});
