// How long a connection lives: as long as its token, or the newer one it was given.

import assert from 'node:assert/strict';
import {
  claimsOf, inEveryHouse, once, overEveryTransportAtOnce, refusal, refused, refusedField, request, sign, succeed, test,
} from './harness.mjs';

const expiryOf = (token) => claimsOf(token).exp * 1000;

/** The same login's token with a later end. Made here: a real one would need the clock to move on first. */
const prolonged = (token, seconds) => sign({ ...claimsOf(token), exp: claimsOf(token).exp + seconds });

inEveryHouse((house) => {
  const body = (transport) => {
    test('a connection ends with its token, and does not come back by itself', async (t) => {
      const ada = await house.person('ada');
      const socket = await ada.connect(t, transport, { reconnection: true });
      assert.equal(await once(socket, 'disconnect'), 'io server disconnect');
      assert.ok(Date.now() >= expiryOf(ada.token) - 500, 'not before the token ran out');
      assert.equal(socket.active, false);
    });

    test('a newer token prolongs the connection', async (t) => {
      const ada = await house.person('ada');
      const [lasting, ending] = await Promise.all([ada.connect(t, transport), ada.connect(t, transport)]);
      const token = prolonged(ada.token, 60);
      const answer = await succeed(lasting, 'auth:refresh', { token });
      assert.deepEqual(answer, { expiresAt: new Date(expiryOf(token)).toISOString() });
      // The connection that was not prolonged tells when the first token's time is over.
      assert.equal(await once(ending, 'disconnect'), 'io server disconnect');
      await refused(lasting, 'session:explode', {}, 'unknown_event');
      assert.ok(lasting.connected);
    });

    test('a prolonged connection ends with the newer token', async (t) => {
      const ada = await house.person('ada');
      const socket = await ada.connect(t, transport);
      const token = prolonged(ada.token, 1);
      await succeed(socket, 'auth:refresh', { token });
      assert.equal(await once(socket, 'disconnect'), 'io server disconnect');
      assert.ok(Date.now() >= expiryOf(token) - 500, 'not before the newer token ran out');
    });

    test('what is no good token prolongs nothing', async (t) => {
      const [ada, grace] = await house.people('ada', 'grace');
      const socket = await ada.connect(t, transport);
      const expired = sign({ ...claimsOf(ada.token), exp: Math.floor(Date.now() / 1000) - 3600 });
      const { refreshToken } = await grace.login();

      await refused(socket, 'auth:refresh', { token: 'garbage' }, 'unauthenticated');
      await refused(socket, 'auth:refresh', { token: expired }, 'token_expired');
      await refused(socket, 'auth:refresh', { token: refreshToken }, 'unauthenticated');
      await refusedField(socket, 'auth:refresh', {}, 'token');
      await refusedField(socket, 'auth:refresh', { token: 7 }, 'token');
      // Another person's good token; which of the two codes is the contract's to say.
      const answer = await request(socket, 'auth:refresh', { token: prolonged(grace.token, 60) });
      assert.ok(['forbidden', 'unauthenticated'].includes(answer.error?.code), JSON.stringify(answer));
      refusal(answer, answer.error.code);

      assert.equal(await once(socket, 'disconnect'), 'io server disconnect');
      assert.ok(Date.now() < expiryOf(ada.token) + 5000, 'soon after the first token ran out');
    });
  };
  overEveryTransportAtOnce(body);
}, { ACCESS_TOKEN_TTL: '3' });
