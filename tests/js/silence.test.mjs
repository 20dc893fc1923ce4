// A GraphQL websocket whose other side is no more: asked after 25 s whether it is there, and cut 20 s later.

import assert from 'node:assert/strict';
import { House, databases, test } from './harness.mjs';
import { Raw } from './harness/subscriber.mjs';

const QUERY = { id: '1', type: 'subscribe', payload: { query: '{ __typename }' } };
const isPing = ({ type }) => type === 'ping';

// Nothing here is the database's.
test('who does not answer is cut off, and who answers stays', async (t) => {
  const house = await House.for(t, databases[0]);
  const ada = await house.person('ada');
  const began = performance.now();
  const [silent, awake] = [new Raw(t, house), new Raw(t, house)];
  awake.socket.on('message', (text) => isPing(JSON.parse(text)) && awake.send({ type: 'pong' }));
  for (const raw of [silent, awake]) {
    await raw.init(ada);
    await raw.hears(({ type }) => type === 'connection_ack');
  }

  const [code] = await silent.closed;

  const took = performance.now() - began;
  assert.equal(code, 1006, 'who is not there is told nothing');
  assert.ok(took > 44_000 && took < 50_000, `it was cut after ${took} ms`);
  assert.deepEqual([silent, awake].map(({ messages }) => messages.filter(isPing).length), [1, 1]);
  await awake.send(QUERY);
  await awake.hears(({ id, type }) => id === '1' && type === 'complete');
});
