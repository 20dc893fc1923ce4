// Who gets a connection, and what the refused are told.

import assert from 'node:assert/strict';
import { claimsOf, connected, everywhere, inEveryHouse, once, settled, sign, tampered, test, unsigned } from './harness.mjs';

const hourAgo = () => Math.floor(Date.now() / 1000) - 3600;

// Each makes, from a person who could connect, what is presented instead of their token.
const refusals = [
  ['nothing', 'unauthenticated', () => ({})],
  ['an empty token', 'unauthenticated', () => ({ token: '' })],
  ['a token that is a number', 'unauthenticated', () => ({ token: 7 })],
  ['a token that is an object', 'unauthenticated', ({ token }) => ({ token: { token } })],
  ['garbage', 'unauthenticated', () => ({ token: 'garbage' })],
  ['three parts of garbage', 'unauthenticated', () => ({ token: 'a.b.c' })],
  ['a token without a signature', 'unauthenticated', ({ token }) => ({ token: unsigned(claimsOf(token)) })],
  ['a token whose claims were changed', 'unauthenticated', ({ token }) => ({ token: tampered(token) })],
  ['a token signed with another key', 'unauthenticated', ({ token }) => ({
    token: sign(claimsOf(token), { key: 'another-key-that-is-just-as-long-9876543210' }),
  })],
  ['a token of another issuer', 'unauthenticated', ({ token }) => ({
    token: sign({ ...claimsOf(token), iss: 'somebody-else' }),
  })],
  ['a token for another audience', 'unauthenticated', ({ token }) => ({
    token: sign({ ...claimsOf(token), aud: 'something-else' }),
  })],
  ['an expired token', 'token_expired', ({ token }) => ({
    token: sign({ ...claimsOf(token), iat: hourAgo() - 900, exp: hourAgo() }),
  })],
  ['a refresh token', 'unauthenticated', async (person) => ({ token: (await person.login()).refreshToken })],
];

everywhere((house, transport) => {
  test('a good token connects', async (t) => {
    const ada = await house.person('ada');
    const socket = await ada.connect(t, transport);
    assert.equal(typeof socket.id, 'string');
    await settled(socket, transport);
    assert.ok(socket.connected);
  });

  test('a token signed here with the claims of a good one connects', async (t) => {
    // Without this, the refusals below could have another reason than the one they are named after.
    const ada = await house.person('ada');
    await ada.connect(t, transport, { auth: { token: sign(claimsOf(ada.token)) } });
  });

  for (const [what, code, authOf] of refusals) {
    test(`${what} is refused with ${code}`, async (t) => {
      const ada = await house.person('ada');
      const auth = await authOf(ada);
      const socket = ada.open(t, transport, { auth });
      const error = await once(socket, 'connect_error');
      assert.equal(error.message, code);
      assert.equal(socket.connected, false);
    });
  }

  test('a refused client connects once it brings a good token', async (t) => {
    const ada = await house.person('ada');
    const socket = ada.open(t, transport, { auth: { token: 'garbage' } });
    await once(socket, 'connect_error');
    socket.auth = { token: ada.token };
    await connected(socket.connect());
  });
});

inEveryHouse((house) => {
  test('the handshake offers an upgrade and states the largest payload', async () => {
    const response = await fetch(`${house.url}/socket.io/?EIO=4&transport=polling`);
    assert.equal(response.status, 200);
    const packet = await response.text();
    assert.equal(packet[0], '0', 'an Engine.IO open packet');
    const handshake = JSON.parse(packet.slice(1));
    assert.deepEqual(handshake.upgrades, ['websocket']);
    assert.equal(handshake.maxPayload, 256 * 1024);
    assert.ok(handshake.pingInterval > 0 && handshake.pingTimeout > 0);
  });
});
