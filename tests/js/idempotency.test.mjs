// `Idempotency-Key`: a request that is sent again has effect once and gets its first answer, whatever cut the first.

import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import {
  House, assertRun, inEveryHouse, memberPath, onEveryDatabase, room, sessionPath, test, websocket,
} from './harness.mjs';

const keyed = (key) => ({ 'idempotency-key': key });

function assertReplay(again, first) {
  assert.equal(again.text, first.text, 'the same bytes');
  assert.equal(again.status, first.status);
  for (const name of ['location', 'content-type']) assert.equal(again.headers.get(name), first.headers.get(name), name);
  assert.equal(first.headers.get('idempotency-replayed'), null);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
}

function assertProblem({ status, text }, expected, code) {
  assert.deepEqual([status, JSON.parse(text).code], [expected, code], text);
}

/** Begins a POST and cuts the connection after some milliseconds, perhaps before all of it is sent. */
function cutShort(person, path, body, key, { after, complete }) {
  const text = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Authorization: Bearer ${person.token}`, `Idempotency-Key: ${key}`,
    'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`, '', '',
  ].join('\r\n');
  return new Promise((resolve) => {
    let answered = false;
    const socket = connect(person.house.port, '127.0.0.1', () => {
      socket.write(complete ? head + text : (head + text).slice(0, randomInt(1, head.length + text.length)));
      setTimeout(() => socket.resetAndDestroy(), after);
    });
    socket.on('error', () => {}); // being cut is what this connection is for
    socket.on('data', () => (answered = true));
    socket.on('close', () => resolve(answered));
  });
}

inEveryHouse((house) => {
  test('a request that is sent again gets its first answer, and is not done again', async () => {
    const ada = await house.person('ada');
    const [key, body] = [randomUUID(), { name: 'Once' }];
    const first = await ada.send('POST', '/api/sessions', body, keyed(key));
    assert.equal(first.status, 201);
    assert.ok(first.headers.get('location'));
    const session = JSON.parse(first.text);
    await ada.patch(sessionPath(session), { name: 'Changed meanwhile' });
    assertReplay(await ada.send('POST', '/api/sessions', body, keyed(key)), first);
    const { items } = await ada.get('/api/sessions');
    assert.deepEqual(items.map(({ id, name }) => [id, name]), [[session.id, 'Changed meanwhile']]);
  });

  test('every POST and PATCH that changes something honours the key', async (t) => {
    const { session, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    const mary = await house.person('mary');
    const path = sessionPath(session);
    const message = await ada.write(session, 'to be edited');
    const twice = async (person, ...request) => {
      const key = randomUUID();
      const first = await person.send(...request, keyed(key));
      assert.ok(first.status >= 200 && first.status < 300, `${request[0]} ${request[1]}: ${first.status} ${first.text}`);
      assertReplay(await person.send(...request, keyed(key)), first);
      return first.text === '' ? undefined : JSON.parse(first.text);
    };
    await twice(ada, 'PATCH', '/api/users/me', { bio: 'Once.' });
    await twice(ada, 'PATCH', path, { name: 'Once' });
    await twice(ada, 'PATCH', memberPath(session, grace), { role: 'moderator' });
    await twice(ada, 'PATCH', `${path}/messages/${message.id}`, { content: 'edited' });
    const post = await twice(ada, 'POST', `${path}/messages`, { content: 'once' });
    assert.equal(post.seq, 2);
    const invite = (email) => ['POST', '/api/invitations', { sessionId: session.id, email, role: 'viewer' }];
    const { id } = await twice(ada, ...invite(mary.email));
    await twice(mary, 'POST', `/api/invitations/${id}/decline`, undefined);
    const again = await twice(ada, ...invite(mary.email));
    await twice(mary, 'POST', `/api/invitations/${again.id}/accept`, undefined);
    await twice(mary, 'POST', `${path}/leave`, undefined);
    await twice(mary, 'POST', `${path}/join`, undefined);
    await twice(mary, 'POST', '/api/notifications/read-all', undefined);
    const types = (await ada.eventsAfter(session, 0)).map(({ type }) => type);
    assert.deepEqual(types, [
      'member:update', 'message:create', 'session:update', 'member:update', 'message:update', 'message:create',
      'invitation:accept', 'member:remove', 'member:update',
    ]);
  });

  test('a key serves one request', async () => {
    const [ada, grace] = await house.people('ada', 'grace');
    const key = randomUUID();
    const answer = await ada.send('POST', '/api/sessions', { name: 'Once' }, keyed(key));
    const session = JSON.parse(answer.text);
    const another = await ada.send('POST', '/api/sessions', { name: 'Other' }, keyed(key));
    assertProblem(another, 422, 'idempotency_mismatch');
    const elsewhere = await ada.send('POST', `${sessionPath(session)}/messages`, { content: 'a' }, keyed(key));
    assertProblem(elsewhere, 422, 'idempotency_mismatch');
    assert.equal((await ada.get('/api/sessions')).items.length, 1);
    const hers = await grace.send('POST', '/api/sessions', { name: 'Other' }, keyed(key));
    assert.deepEqual([hers.status, hers.headers.get('idempotency-replayed')], [201, null], 'keys belong to a person');
  });

  test('a malformed key is refused, and nothing is done', async () => {
    const ada = await house.person('ada');
    for (const key of ['', 'two words', 'señal', 'x'.repeat(256)]) {
      const answer = await ada.send('POST', '/api/sessions', { name: 'Never' }, keyed(key));
      assertProblem(answer, 422, 'validation_failed');
    }
    assert.deepEqual((await ada.get('/api/sessions')).items, []);
    const longest = await ada.send('POST', '/api/sessions', { name: 'Once' }, keyed('x'.repeat(255)));
    assert.equal(longest.status, 201);
  });

  test('a refused request leaves its key free', async () => {
    const ada = await house.person('ada');
    const key = randomUUID();
    assertProblem(await ada.send('POST', '/api/sessions', { name: '' }, keyed(key)), 422, 'validation_failed');
    assert.equal((await ada.send('POST', '/api/sessions', { name: 'Right' }, keyed(key))).status, 201);
  });

  test('signing in ignores the header', async () => {
    const ada = await house.person('ada');
    const { email, password } = ada;
    for (const key of ['the same key', 'the-same-key', 'the-same-key']) {
      for (const includeRefreshToken of [true, false]) {
        const body = { email, password, includeRefreshToken };
        const answer = await ada.send('POST', '/api/auth/login', body, keyed(key));
        assert.deepEqual([answer.status, answer.headers.get('idempotency-replayed')], [200, null]);
      }
    }
  });

  test('twenty at once are one', async (t) => {
    const ada = await house.person('ada');
    const counts = { first: 0, replayed: 0, refused: 0 };
    for (let round = 0; round < 5; round += 1) {
      const key = randomUUID();
      const ask = () => ada.send('POST', '/api/sessions', { name: `round ${round}` }, keyed(key));
      const answers = await Promise.all(Array.from({ length: 20 }, ask));
      const created = answers.filter(({ status }) => status === 201);
      const firsts = created.filter(({ headers }) => headers.get('idempotency-replayed') === null);
      assert.equal(firsts.length, 1, 'one is the first');
      for (const answer of created) if (answer !== firsts[0]) assertReplay(answer, firsts[0]);
      const rest = answers.filter(({ status }) => status !== 201);
      for (const answer of rest) assertProblem(answer, 409, 'idempotency_in_progress');
      assertReplay(await ask(), firsts[0]);
      counts.first += 1;
      counts.replayed += created.length - 1;
      counts.refused += rest.length;
    }
    assert.equal((await ada.get('/api/sessions')).items.length, 5);
    t.diagnostic(`${house}: ${JSON.stringify(counts)}`);
  });

  test('whatever moment cuts the connection, a retry makes the message exist once', async (t) => {
    const { session, ada, grace } = await room(t, house, websocket, { grace: 'member' });
    const path = `${sessionPath(session)}/messages`;
    const began = performance.now();
    await ada.send('POST', path, { content: 'to see how long it takes' }, keyed(randomUUID()));
    const usual = Math.ceil(performance.now() - began);
    const counts = { rounds: 60, answeredBeforeTheCut: 0, doneBeforeTheRetry: 0, askedAgain: 0 };

    const answered = async (body, key) => {
      const deadline = performance.now() + 10_000;
      for (;;) {
        const answer = await ada.send('POST', path, body, keyed(key));
        if (answer.status === 201) return answer;
        assertProblem(answer, 409, 'idempotency_in_progress');
        assert.ok(performance.now() < deadline, 'the key was still in use 10 s after the cut');
        counts.askedAgain += 1;
      }
    };
    const round = async (n) => {
      const [key, body] = [randomUUID(), { content: `round ${n}` }];
      for (let cuts = randomInt(1, 3); cuts > 0; cuts -= 1) {
        const cut = { after: randomInt(0, 2 * usual + 1), complete: randomInt(4) > 0 };
        if (await cutShort(ada, path, body, key, cut)) counts.answeredBeforeTheCut += 1;
      }
      const answer = await answered(body, key);
      if (answer.headers.get('idempotency-replayed') === 'true') counts.doneBeforeTheRetry += 1;
      return JSON.parse(answer.text);
    };
    const lane = async (_, from) => {
      const messages = [];
      for (let n = from; n < counts.rounds; n += 4) messages.push(await round(n));
      return messages;
    };
    const messages = (await Promise.all(Array.from({ length: 4 }, lane))).flat();
    const stored = await ada.allMessages(session);
    assertRun(stored.map(({ seq }) => seq), 1, counts.rounds + 1);
    const bySeq = (a, b) => a.seq - b.seq;
    assert.deepEqual(stored.slice(1), messages.toSorted(bySeq));
    await grace.ear.hears('message:create', ({ seq }) => seq === counts.rounds + 1);
    assertRun(grace.ear.all('message:create').map(({ seq }) => seq), 1, counts.rounds + 1);
    t.diagnostic(`${house}: ${JSON.stringify(counts)}`);
  });
});

onEveryDatabase((database) => {
  test('a crash amid requests leaves each done once or not at all, and the retries see to the rest', async (t) => {
    const house = await House.for(t, database);
    const ada = await house.person('ada');
    const session = await ada.createSession();
    const path = `${sessionPath(session)}/messages`;
    const ask = ([key, content]) => ada.send('POST', path, { content }, keyed(key));
    const requests = Array.from({ length: 200 }, (_, n) => [randomUUID(), `message ${n}`]);
    const firsts = new Map();
    let enough;
    const busy = new Promise((resolve) => (enough = resolve));
    const lane = async (_, from) => {
      for (let n = from; n < requests.length; n += 8) {
        const answer = await ask(requests[n]).catch(() => undefined); // the crash
        if (answer === undefined) return;
        firsts.set(requests[n][0], answer);
        if (firsts.size >= 100) enough();
      }
    };
    const asking = Promise.all(Array.from({ length: 8 }, lane));
    await busy;
    await house.kill();
    await asking;

    await house.start();
    for (const request of requests) {
      const answer = await ask(request);
      assert.equal(answer.status, 201, answer.text);
      const first = firsts.get(request[0]);
      if (first) assertReplay(answer, first);
    }
    const stored = await ada.allMessages(session);
    assertRun(stored.map(({ seq }) => seq), 1, requests.length);
    assert.deepEqual(stored.map(({ content }) => content).toSorted(), requests.map(([, content]) => content).toSorted());
    t.diagnostic(`${house}: ${firsts.size} of ${requests.length} were answered before the crash`);
  });
});
