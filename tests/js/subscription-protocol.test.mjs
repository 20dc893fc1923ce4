// graphql-transport-ws to the letter: who may speak when, and the code with which each fault closes the connection.

import assert from 'node:assert/strict';
import { House, inEveryHouse, onEveryDatabase, test } from './harness.mjs';
import { eventually } from './harness/patience.mjs';
import { Heard, Raw, ask, subscriber } from './harness/subscriber.mjs';

const INIT = { type: 'connection_init' };
const NOTIFIED = { query: 'subscription { notificationCreated { id } }' };
const subscribe = (id, payload = NOTIFIED) => ({ id, type: 'subscribe', payload });
const query = (id) => subscribe(id, { query: '{ __typename }' });

inEveryHouse((house) => {
  async function admitted(t) {
    const ada = await house.person('ada');
    const raw = new Raw(t, house);
    await raw.init(ada);
    await raw.hears(({ type }) => type === 'connection_ack');
    return raw;
  }

  test('a client must speak the protocol', async (t) => {
    assert.deepEqual(await new Raw(t, house, { protocols: [] }).closed, [4406, 'Subprotocol not acceptable']);
    const [code, reason] = await new Raw(t, house, { protocols: ['graphql-ws'] }).closed;
    assert.deepEqual([code, reason], [0, 'Server sent no subprotocol']);
  });

  test('nobody is let in without a good token', async (t) => {
    for (const init of [INIT, { ...INIT, payload: null }, { ...INIT, payload: {} }, { ...INIT, payload: { token: 'nonsense' } }, { ...INIT, payload: { token: 7 } }]) {
      const raw = new Raw(t, house);
      await raw.send(init);
      assert.deepEqual(await raw.closed, [4403, 'unauthenticated']);
      assert.deepEqual(raw.messages, []);
    }
  });

  test('a token may come as a header would say it, as it does from GraphiQL', async (t) => {
    const ada = await house.person('ada');
    for (const name of ['Authorization', 'authorization']) {
      const raw = new Raw(t, house);
      await raw.send({ ...INIT, payload: { [name]: `Bearer ${ada.token}` } });
      await raw.hears(({ type }) => type === 'connection_ack');
    }
  });

  test('nothing is asked before the acknowledgement, and who they are is said once', async (t) => {
    const early = new Raw(t, house);
    await early.send(query('1'));
    assert.deepEqual(await early.closed, [4401, 'Unauthorized']);
    const raw = await admitted(t);
    await raw.send(INIT);
    assert.deepEqual(await raw.closed, [4429, 'Too many initialisation requests']);
  });

  test('who says nothing is closed after 5 s', async (t) => {
    const raw = new Raw(t, house);
    await raw.opened;
    const began = performance.now();
    assert.deepEqual(await raw.closed, [4408, 'Connection initialisation timeout']);
    const took = performance.now() - began;
    assert.ok(took > 4_000 && took < 8_000, `it took ${took} ms`);
  });

  test('an id names one operation at a time', async (t) => {
    const raw = await admitted(t);
    await raw.send(query('1'));
    await raw.hears(({ id, type }) => id === '1' && type === 'complete');
    await raw.send(query('1'), subscribe('2'));
    await eventually('the second answer', () => raw.messages.filter(({ type }) => type === 'complete').length === 2);
    await raw.send({ id: '2', type: 'complete' }, subscribe('2'), query('3'));
    await raw.hears(({ id, type }) => id === '3' && type === 'complete');
    await raw.send(subscribe('2'));
    assert.deepEqual(await raw.closed, [4409, 'Subscriber for 2 already exists']);
  });

  test('what is no message closes the connection', async (t) => {
    for (const odd of ['{', 'null', '{"type":"explode"}', '{"type":"subscribe","id":"1"}', '{"type":"complete"}', '{"type":"subscribe","id":"","payload":{"query":"{a}"}}']) {
      const raw = await admitted(t);
      await raw.send(odd);
      const [code] = await raw.closed;
      assert.equal(code, 4400, odd);
    }
    const binary = await admitted(t);
    binary.socket.send(Buffer.from('{"type":"ping"}'));
    assert.equal((await binary.closed)[0], 4400);
    const large = await admitted(t);
    large.socket.send(JSON.stringify(subscribe('1', { query: `{ a } # ${'x'.repeat(300 * 1024)}` })));
    const [code] = await large.closed;
    assert.ok([1009, 1006].includes(code), `closed with ${code}`);
  });

  test('a ping is answered, before and after the acknowledgement', async (t) => {
    const raw = new Raw(t, house);
    await raw.send({ type: 'ping', payload: { at: 1 } });
    await raw.hears(({ type }) => type === 'pong');
    const ada = await admitted(t);
    await ada.send({ type: 'pong' }, { type: 'ping' });
    await ada.hears(({ type }) => type === 'pong');
    const ponged = new Promise((resolve) => ada.socket.once('pong', resolve));
    ada.socket.ping();
    await ponged;
  });

  test('the operations of a connection are counted', async (t) => {
    const raw = await admitted(t);
    await raw.send(...Array.from({ length: 101 }, (_, n) => subscribe(`${n}`)));
    const refused = await raw.hears(({ type }) => type === 'error');
    assert.deepEqual([refused.id, refused.payload[0].extensions.code], ['100', 'conflict']);
    await raw.send({ id: '0', type: 'complete' }, query('again'));
    await raw.hears(({ id, type }) => id === 'again' && type === 'complete');
  });

  test('pages of other origins may not connect', async (t) => {
    const ada = await house.person('ada');
    const [code, reason] = await new Raw(t, house, { origin: 'https://evil.example' }).closed;
    assert.deepEqual([code, reason], [0, 'Unexpected server response: 403']);
    const own = new Raw(t, house, { origin: house.url });
    await own.init(ada);
    await own.hears(({ type }) => type === 'connection_ack');
  });

  test('one goodbye is answered with another', async (t) => {
    const raw = await admitted(t);
    raw.socket.close(1000, 'done');
    assert.equal((await raw.closed)[0], 1000);
  });
});

onEveryDatabase((database) => {
  test('a flood is refused, and then closed', async (t) => {
    const house = await House.for(t, database, { RATE_LIMIT: 'on', SOCKET_EVENTS_PER_SECOND: '10', SOCKET_EVENTS_BURST: '20' });
    const ada = await house.person('ada');
    const raw = new Raw(t, house);
    await raw.init(ada);
    await raw.send(...Array.from({ length: 40 }, (_, n) => query(`${n}`)));
    const refused = await raw.hears(({ type }) => type === 'error');
    assert.equal(refused.payload[0].extensions.code, 'rate_limited');
    assert.ok(refused.payload[0].extensions.retryAfterMs > 0);
    await raw.send(...Array.from({ length: 200 }, () => ({ type: 'ping' })));
    assert.deepEqual(await raw.closed, [1008, 'rate_limited']);
    const others = subscriber(t, ada);
    assert.deepEqual(await ask(others), { __typename: 'Query' });
    assert.equal(new Heard(others, '{ __typename }').ended, false);
  });
});
