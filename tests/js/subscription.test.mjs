// GraphQL subscriptions: what each hears, from where on, and when it ends.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ApolloClient, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import {
  House, assertRun, claimsOf, inEveryHouse, memberPath, messagePath, onEveryDatabase, sessionPath, sign, succeed, test,
  websocket,
} from './harness.mjs';
import { eventually } from './harness/patience.mjs';
import { EVENTS, Heard, ask, subscriber } from './harness/subscriber.mjs';

/** The same login's token with so many seconds to live. */
const shortened = (person, seconds) => {
  const claims = claimsOf(person.token);
  return sign({ ...claims, exp: Math.floor(Date.now() / 1000) + seconds });
};

const residentMiB = (house) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${house.pid}/status`, 'utf8'))[1]) / 1024;

inEveryHouse((house) => {
  /** Ada's session, with grace as a member; private unless told otherwise. */
  async function shared(visibility = 'public') {
    const [ada, grace] = await house.people('ada', 'grace');
    const session = await ada.createSession({ visibility: 'public' });
    await grace.becomeMember(session);
    if (visibility === 'private') await ada.patch(sessionPath(session), { visibility });
    return { ada, grace, session: await ada.get(sessionPath(session)) };
  }

  test('the events of a session come in order, with their data as JSON and as types', async (t) => {
    const { ada, grace, session } = await shared();
    const client = subscriber(t, grace);
    const heard = new Heard(client, EVENTS, { id: session.id, after: session.lastPosition });
    await ask(client);
    const message = await ada.write(session, '¡Golazo!', { clientMessageId: 'c-1' });
    await ada.patch(messagePath(message), { content: 'Gol' });
    await ada.delete(messagePath(message));
    await ada.patch(sessionPath(session), { name: 'Otro nombre' });
    await ada.setRole(session, grace, 'moderator');
    await heard.has(5);
    const log = await ada.eventsAfter(session, session.lastPosition);
    assert.deepEqual(heard.of('sessionEvents').map(({ type, position }) => [type, position]), log.map(({ type, position }) => [type, position]));
    const [posted, edited, deleted, renamed, raised] = heard.of('sessionEvents');
    assert.deepEqual(posted.data.id, message.id);
    assert.deepEqual([posted.message.content, edited.message.content, deleted.message.content], ['¡Golazo!', 'Gol', null]);
    assert.deepEqual([posted.message.seq, posted.message.author.displayName, posted.message.clientMessageId], [1, 'ada', 'c-1']);
    assert.deepEqual([renamed.session.name, renamed.message, renamed.sessionId], ['Otro nombre', null, session.id]);
    assert.deepEqual(raised.membership, { sessionId: session.id, role: 'MODERATOR', user: { id: grace.user.id } });
  });

  test('a cursor is replayed without a gap into what comes live', async (t) => {
    const { ada, grace, session } = await shared();
    const writer = await ada.connect(t, websocket);
    const count = 700; // more than one page of the log
    const write = (n) => succeed(writer, 'message:create', { sessionId: session.id, content: `message ${n}` }, { timeout: 30_000 });
    await Promise.all(Array.from({ length: count }, (_, n) => write(n)));
    const client = subscriber(t, grace);
    let going = true;
    const writing = (async () => {
      let n = 0; // few enough to be held back while the log is read, however slow that is
      for (; going && n < 300; n += 5) await Promise.all(Array.from({ length: 5 }, (_, m) => write(n + m)));
      return n;
    })();
    const heard = new Heard(client, EVENTS, { id: session.id, after: session.lastPosition });
    const late = new Heard(client, EVENTS, { id: session.id, after: session.lastPosition + 650 });
    await ask(client);
    going = false;
    const more = await writing;
    const end = session.lastPosition + count + more;
    await Promise.all([heard.reaches(end), late.reaches(end)]);
    assertRun(heard.positions, session.lastPosition + 1, end);
    assertRun(late.positions, session.lastPosition + 651, end);
  });

  test('a position that is not there is refused, and tells from where to go on', async (t) => {
    const { grace, session } = await shared();
    const error = await new Heard(subscriber(t, grace), EVENTS, { id: session.id, after: 1_000 }).fails('not_recovered');
    assert.equal(error.extensions.after, session.lastPosition);
    await new Heard(subscriber(t, grace), EVENTS, { id: session.id, after: -1 }).fails('validation_failed');
  });

  test('messages are heard as they are posted, edited and deleted', async (t) => {
    const { ada, grace, session } = await shared();
    const client = subscriber(t, grace);
    const id = session.id;
    const created = new Heard(client, 'subscription C($id: ID!) { messageCreated(sessionId: $id) { id seq content author { id } } }', { id });
    const updated = new Heard(client, 'subscription U($id: ID!) { messageUpdated(sessionId: $id) { id content editedAt deletedAt } }', { id });
    await ask(client);
    const message = await ada.write(session, 'one');
    await grace.write(session, 'two');
    await ada.patch(messagePath(message), { content: 'uno' });
    await ada.delete(messagePath(message));
    await Promise.all([created.has(2), updated.has(2)]);
    assert.deepEqual(created.of('messageCreated').map(({ seq, content, author }) => [seq, content, author.id]), [[1, 'one', ada.user.id], [2, 'two', grace.user.id]]);
    const [edited, deleted] = updated.of('messageUpdated');
    assert.deepEqual([edited.content, typeof edited.editedAt, edited.deletedAt], ['uno', 'string', null]);
    assert.deepEqual([deleted.id, deleted.content, typeof deleted.deletedAt], [message.id, null, 'string']);
  });

  test('who comes, goes and types is heard, and a subscriber is not present', async (t) => {
    const { ada, grace, session } = await shared();
    const client = subscriber(t, grace);
    const id = session.id;
    const presence = new Heard(client, 'subscription P($id: ID!) { presenceChanged(sessionId: $id) { sessionId joined { user { id displayName } connections since } left { id } } }', { id });
    const typing = new Heard(client, 'subscription T($id: ID!) { typingChanged(sessionId: $id) { sessionId typing user { id } } }', { id });
    await ask(client);
    await ada.enter(t, websocket, session);
    await succeed(ada.socket, 'typing:start', { sessionId: id });
    await succeed(ada.socket, 'typing:stop', { sessionId: id });
    await typing.has(2);
    assert.deepEqual(ada.joined.presence.map(({ user }) => user.id), [ada.user.id]);
    await succeed(ada.socket, 'session:leave', { sessionId: id });
    await presence.has(2);
    const [came, went] = presence.of('presenceChanged');
    assert.deepEqual([came.sessionId, came.joined.map(({ user }) => user.displayName), came.left], [id, ['ada'], []]);
    assert.equal(came.joined[0].connections, 1);
    assert.deepEqual([went.joined, went.left], [[], [{ id: ada.user.id }]]);
    assert.deepEqual(typing.of('typingChanged').map(({ typing, user }) => [typing, user.id]), [[true, ada.user.id], [false, ada.user.id]]);
  });

  test('notifications reach their person alone', async (t) => {
    const { ada, grace, session } = await shared();
    const NOTIFIED = 'subscription { notificationCreated { id type data readAt createdAt } }';
    const [hers, his] = [subscriber(t, grace), subscriber(t, ada)];
    const [told, other] = [new Heard(hers, NOTIFIED), new Heard(his, NOTIFIED)];
    await Promise.all([ask(hers), ask(his)]);
    await ada.write(session, `<@${grace.user.id}> ¿venís?`);
    await told.has(1);
    const { items: [kept] } = await grace.get('/api/notifications');
    assert.deepEqual(told.of('notificationCreated'), [kept]);
    await ask(his);
    assert.deepEqual(other.values, []);
  });

  test('queries and mutations run on the same connection, and what comes after a subscription is heard by it', async (t) => {
    const { grace, session } = await shared();
    const client = subscriber(t, grace);
    const heard = new Heard(client, 'subscription C($id: ID!) { messageCreated(sessionId: $id) { id } }', { id: session.id });
    const { me } = await ask(client, '{ me { id email } }');
    assert.deepEqual(me, { id: grace.user.id, email: grace.email });
    const post = 'mutation Post($input: CreateMessageInput!) { createMessage(input: $input) { id } }';
    const { createMessage } = await ask(client, post, { input: { sessionId: session.id, content: 'by websocket' } });
    await heard.has(1);
    assert.deepEqual(heard.of('messageCreated'), [createMessage]);
    await new Heard(client, '{ nonsense }').fails('validation_failed');
    await new Heard(client, 'subscription { nonsense }').fails('validation_failed');
    await new Heard(client, 'subscription { a: notificationCreated { id } b: notificationCreated { id } }').fails('validation_failed');
    await new Heard(client, `subscription { ${'a { '.repeat(17)} id ${'}'.repeat(18)}`).fails('query_too_complex');
    heard.stop();
    await ask(client, post, { input: { sessionId: session.id, content: 'nobody hears' } });
    assert.equal(heard.values.length, 1);
  });

  for (const visibility of ['private', 'public']) {
    const code = visibility === 'private' ? 'not_found' : 'forbidden';

    test(`an outsider hears nothing of a ${visibility} session: ${code}`, async (t) => {
      const { session } = await shared(visibility);
      const eve = await house.person('eve');
      const client = subscriber(t, eve);
      for (const [field, selection] of [['sessionEvents', 'position'], ['messageCreated', 'id'], ['messageUpdated', 'id'], ['presenceChanged', 'sessionId'], ['typingChanged', 'typing']]) {
        await new Heard(client, `subscription S($id: ID!) { ${field}(sessionId: $id) { ${selection} } }`, { id: session.id }).fails(code);
        await new Heard(client, `subscription { ${field}(sessionId: "that one") { ${selection} } }`).fails('not_found');
      }
    });

    test(`who is removed from a ${visibility} session hears that last, and then the end: ${code}`, async (t) => {
      const { ada, grace, session } = await shared(visibility);
      const client = subscriber(t, grace);
      const heard = new Heard(client, EVENTS, { id: session.id, after: session.lastPosition });
      const typing = new Heard(client, 'subscription T($id: ID!) { typingChanged(sessionId: $id) { typing } }', { id: session.id });
      await ask(client);
      await ada.write(session, 'before');
      await ada.delete(memberPath(session, grace));
      await ada.write(session, 'after');
      await Promise.all([heard.fails(code), typing.fails(code)]);
      assert.deepEqual(heard.of('sessionEvents').map(({ type }) => type), ['message:create', 'member:remove']);
      assert.equal(heard.values[1].sessionEvents.removedUserId, grace.user.id);
      await ask(client); // the connection itself goes on
    });
  }

  test('a deleted session ends its subscriptions', async (t) => {
    const { ada, grace, session } = await shared();
    const client = subscriber(t, grace);
    const heard = new Heard(client, EVENTS, { id: session.id, after: session.lastPosition });
    await ask(client);
    await ada.delete(sessionPath(session));
    await heard.fails('not_found');
    assert.deepEqual(heard.of('sessionEvents').map(({ type }) => type), ['session:delete']);
    const again = new Heard(client, EVENTS, { id: session.id, after: session.lastPosition });
    await again.fails('not_found');
    assert.deepEqual(again.of('sessionEvents').map(({ type }) => type), ['session:delete'], 'who was away hears it, too');
  });

  test('the end of a login closes its connections and no other', async (t) => {
    const { grace, session } = await shared();
    const away = await grace.elsewhere();
    const [ending, lasting] = [subscriber(t, away), subscriber(t, grace)];
    const heard = new Heard(ending, EVENTS, { id: session.id, after: session.lastPosition });
    await Promise.all([ask(ending), ask(lasting)]);
    await grace.delete(`/api/auth/logins/${claimsOf(away.token).sid}`);
    await heard.closes(4403, 'unauthenticated');
    await ask(lasting);
    await new Heard(subscriber(t, away), '{ __typename }').closes(4403, 'unauthenticated');
  });

  test('a connection ends with its token', async (t) => {
    const { grace, session } = await shared();
    const token = shortened(grace, 2);
    const heard = new Heard(subscriber(t, grace, { connectionParams: { token } }), EVENTS, { id: session.id });
    await heard.closes(4403, 'token_expired');
    assert.ok(Date.now() >= claimsOf(token).exp * 1000 - 500, 'not before the token ran out');
    await new Heard(subscriber(t, grace, { connectionParams: { token } }), '{ __typename }').closes(4403, 'token_expired');
  });

  test('Apollo Client subscribes', async (t) => {
    const { ada, grace, session } = await shared();
    const transport = subscriber(t, grace);
    const client = new ApolloClient({ cache: new InMemoryCache(), link: new GraphQLWsLink(transport) });
    const values = [];
    const query = gql`subscription C($id: ID!) { messageCreated(sessionId: $id) { id content author { id displayName } } }`;
    const subscription = client.subscribe({ query, variables: { id: session.id } }).subscribe(({ data }) => values.push(data.messageCreated));
    t.after(() => subscription.unsubscribe());
    const { data } = await client.query({ query: gql`{ me { id displayName } }` });
    assert.equal(data.me.displayName, 'grace');
    await ada.write(session, 'hola');
    await eventually('a message', () => values.length === 1);
    assert.deepEqual([values[0].content, values[0].author.displayName], ['hola', 'ada']);
  });
});

onEveryDatabase((database) => {
  test('a subscriber goes on over a restart, and misses and repeats nothing', async (t) => {
    const house = await House.for(t, database);
    const [ada, grace] = await house.people('ada', 'grace');
    const session = await ada.createSession();
    await grace.becomeMember(session);
    let after = (await ada.get(sessionPath(session))).lastPosition;
    const start = after;
    const positions = [];
    const closed = [];
    let over = false;
    const following = (async () => {
      while (!over) {
        const client = subscriber(t, grace, { on: { closed: ({ code }) => closed.push(code) } });
        try {
          for await (const { data } of client.iterate({ query: EVENTS, variables: { id: session.id, after } })) {
            after = data.sessionEvents.position;
            positions.push(after);
          }
        } catch (error) {
          if (Array.isArray(error) && error[0].extensions.code !== 'unavailable') throw error;
        }
      }
    })().catch((error) => error); // looked at in the end; until then nothing is heard any more
    t.after(() => (over = true));
    for (let n = 0; n < 20; n += 1) await ada.write(session, `before ${n}`);
    await eventually('what was written before', () => positions.length >= 20);
    await house.stop();
    await house.start();
    for (let n = 0; n < 20; n += 1) await ada.write(session, `after ${n}`);
    await eventually('what was written after', () => positions.length >= 40);
    over = true;
    assertRun(positions, start + 1, start + 40);
    assert.ok(closed.includes(1012), `the restart was told of: ${closed}`);
    await ada.delete(sessionPath(session));
    const [last] = (await following) ?? [];
    assert.equal(last?.extensions.code ?? 'not_found', 'not_found', JSON.stringify(last));
  });

  test('a reader who stops is told where to go on; others hear all; memory stays bounded', async (t) => {
    const house = await House.for(t, database);
    const ada = await house.person('ada');
    const session = await ada.createSession();
    const messages = 700;
    const content = '🦤'.repeat(3_000);
    const LARGE = 'subscription L($id: ID!, $after: Int) { sessionEvents(sessionId: $id, after: $after) { position message { content } } }';
    let tcp;
    const slowClient = subscriber(t, ada, { on: { opened: (socket) => (tcp = socket._socket) } });
    const slow = new Heard(slowClient, LARGE, { id: session.id, after: 0 });
    const quickClient = subscriber(t, ada);
    const quick = new Heard(quickClient, LARGE, { id: session.id, after: 0 });
    await Promise.all([ask(slowClient), ask(quickClient)]);
    tcp.pause();
    const before = residentMiB(house);
    const writer = await ada.connect(t, websocket);
    let sent = 0;
    const lane = async () => {
      while (sent < messages) {
        sent += 1;
        await succeed(writer, 'message:create', { sessionId: session.id, content }, { timeout: 30_000 });
      }
    };
    await Promise.all(Array.from({ length: 4 }, lane));
    const { lastPosition } = await ada.get(sessionPath(session));
    await eventually('all of it', () => quick.positions.at(-1) === lastPosition || (quick.ended && assert.fail(JSON.stringify(quick.error))));
    assertRun(quick.positions, 1, lastPosition);
    const grown = residentMiB(house) - before;
    t.diagnostic(`${house}: the server grew by ${grown.toFixed(0)} MiB`);
    assert.ok(grown < 40, `the server grew by ${grown.toFixed(0)} MiB`);
    tcp.resume();
    await eventually('the end', () => slow.ended);
    if (Array.isArray(slow.error)) {
      assert.equal(slow.error[0].extensions.code, 'unavailable');
      assert.equal(slow.error[0].extensions.after, slow.positions.at(-1));
    }
    assert.ok(slow.positions.length < lastPosition, 'it did miss something');
    assertRun(slow.positions, 1, slow.positions.length);
    const again = new Heard(subscriber(t, ada), LARGE, { id: session.id, after: slow.positions.at(-1) });
    await eventually('the rest', () => again.positions.at(-1) === lastPosition);
    assertRun(again.positions, slow.positions.length + 1, lastPosition);
  });
});
