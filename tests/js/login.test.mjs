// Logins end one by one: with a login go its connections at once and its tokens soon, and nothing else goes.

import assert from 'node:assert/strict';
import {
  claimsOf, connected, everywhere, flushed, inEveryHouse, once, refused, succeed, test, websocket, within,
} from './harness.mjs';

const sid = (person) => claimsOf(person.token).sid;

/** Asks on until the access token is refused, and gives the milliseconds that took. */
async function untilRefused(person, from) {
  const deadline = from + 5000;
  for (;;) {
    const { status, text } = await person.send('GET', '/api/users/me');
    const now = performance.now();
    if (status === 401) {
      assert.equal(JSON.parse(text).code, 'unauthenticated');
      return now - from;
    }
    assert.equal(status, 200);
    assert.ok(now < deadline, 'the access token was still good 5 s after its login ended');
  }
}

everywhere((house, transport) => {
  /** Ada at home and away, each with two connections, and grace. */
  async function twoDevices(t) {
    const [ada, grace] = await house.people('ada', 'grace');
    const away = await ada.elsewhere();
    const connect = (person) => person.connect(t, transport, { reconnection: true });
    const open = await Promise.all([ada, ada, away, away, grace].map(connect));
    await Promise.all(open.map(flushed));
    return { ada, away, grace, home: open.slice(0, 2), lost: open.slice(2, 4), others: [...open.slice(0, 2), open[4]] };
  }

  for (const [how, end] of [
    ['signed out from another device', ({ ada, away }) => ada.delete(`/api/auth/logins/${sid(away)}`)],
    ['signed out by itself', ({ away }) => away.post('/api/auth/logout', undefined, 204)],
    ['signed out with its refresh token', ({ away: { refreshToken }, ada }) => {
      return ada.post('/api/auth/logout', { refreshToken }, 204);
    }],
    ['ended by a change of the password', ({ ada }) => {
      return ada.post('/api/auth/password', { currentPassword: ada.password, newPassword: 'another password' }, 204);
    }],
  ]) {
    test(`a login ${how} takes its connections and tokens with it`, async (t) => {
      const devices = await twoDevices(t);
      const { away, lost, others } = devices;
      const times = [];
      const ends = lost.map((socket) => once(socket, 'disconnect').then((reason) => {
        times.push(performance.now());
        return reason;
      }));
      await end(devices);
      const answered = performance.now();
      assert.deepEqual(await Promise.all(ends), ['io server disconnect', 'io server disconnect']);
      for (const socket of lost) assert.equal(socket.active, false, 'no automatic reconnect');
      const closed = Math.max(...times) - answered;
      const unheard = await untilRefused(away, answered);
      assert.ok(closed < 1000, `the connections closed ${closed} ms after the answer`);
      const [close, refusal] = [closed, unheard].map((time) => time.toFixed(1));
      t.diagnostic(`${house}: connections closed after ${close} ms, token refused after ${refusal} ms`);
      const error = once(away.open(t, transport), 'connect_error');
      assert.equal((await error).message, 'unauthenticated');
      await away.isRefused(401, 'unauthenticated', 'POST', '/api/auth/refresh', { refreshToken: away.refreshToken });

      await Promise.all(others.map(flushed));
      for (const person of [devices.ada, devices.grace]) await person.get('/api/users/me');
    });
  }

  test('no connection that begins while its login ends outlives it', async (t) => {
    const ada = await house.person('ada');
    let closed = 0;
    for (let round = 0; round < 5; round += 1) {
      const away = await ada.elsewhere();
      const ends = [];
      /** Connects over and over until that is refused. */
      const lane = async () => {
        for (;;) {
          const socket = away.open(t, transport);
          const end = new Promise((resolve) => socket.once('disconnect', resolve));
          try {
            await connected(socket);
          } catch ({ cause }) {
            // Whoever polls may ask when the session was ended already, and has not heard why: the client tries again.
            if (transport !== websocket && cause.message === 'xhr poll error') {
              socket.disconnect();
              continue;
            }
            assert.equal(cause.message, 'unauthenticated');
            return;
          }
          ends.push(end);
        }
      };
      const first = await away.connect(t, transport);
      ends.push(once(first, 'disconnect'));
      const lanes = Promise.all(Array.from({ length: 4 }, lane));
      await Promise.all([lanes, ada.delete(`/api/auth/logins/${sid(away)}`)]);
      for (const reason of await within(5000, Promise.all(ends), 'the end of every connection')) {
        assert.equal(reason, 'io server disconnect');
      }
      closed += ends.length;
    }
    t.diagnostic(`${house}: ${closed} connections closed, 20 refused`);
  });

  test('a connection that was lengthened by another login ends with that one', async (t) => {
    const [ada] = await house.people('ada');
    const away = await ada.elsewhere();
    const [moved, stayed] = await Promise.all([ada.connect(t, transport), ada.connect(t, transport)]);
    await succeed(moved, 'auth:refresh', { token: away.token });
    const reason = once(moved, 'disconnect');
    await ada.delete(`/api/auth/logins/${sid(away)}`);
    assert.equal(await reason, 'io server disconnect');
    await flushed(stayed);
  });
});

inEveryHouse((house) => {
  test('one sees where one is signed in, and nobody else does', async (t) => {
    const [ada, grace] = await house.people('ada', 'grace');
    const away = await ada.elsewhere();
    const { items, nextCursor } = await ada.get('/api/auth/logins');
    assert.equal(nextCursor, null);
    const current = new Map(items.map((login) => [login.id, login.current]));
    assert.deepEqual(current, new Map([[sid(ada), true], [sid(away), false]]));
    const socket = await ada.connect(t, websocket);
    await grace.isRefused(404, 'not_found', 'DELETE', `/api/auth/logins/${sid(ada)}`);
    await grace.isRefused(404, 'not_found', 'DELETE', '/api/auth/logins/that-one');
    await ada.delete(`/api/auth/logins/${sid(away)}`);
    assert.deepEqual((await ada.get('/api/auth/logins')).items.map(({ id }) => id), [sid(ada)]);
    await ada.isRefused(404, 'not_found', 'DELETE', `/api/auth/logins/${sid(away)}`);
    await flushed(socket);
    await refused(socket, 'auth:refresh', { token: away.token }, 'unauthenticated');
  });

  test('the password changes only for who knows it', async () => {
    const ada = await house.person('ada');
    const change = (currentPassword, newPassword) => ['POST', '/api/auth/password', { currentPassword, newPassword }];
    await ada.isRefusedField('currentPassword', ...change('not the password', 'another password'));
    await ada.isRefusedField('newPassword', ...change(ada.password, 'short'));
    const old = ada.password;
    await ada.post('/api/auth/password', change(old, 'another password')[2], 204);
    await ada.isRefused(401, 'invalid_credentials', 'POST', '/api/auth/login', { email: ada.email, password: old });
    ada.password = 'another password';
    await ada.login();
    await ada.get('/api/users/me');
  });
});
