// The stage every test stands on: which databases, which transports, how long a test may take.
//
//   RONDO_BIN            absolute path of the server binary (required)
//   TEST_POSTGRES_URL    postgres:// address of someone who may create databases; adds Postgres to SQLite
//   RONDO_TEST_LOGS=1    shows the server's log while the tests run

import { after, before, describe, test as nodeTest } from 'node:test';
import { databases } from './harness/database.mjs';
import { House } from './harness/house.mjs';

export * from './harness/database.mjs';
export * from './harness/house.mjs';
export * from './harness/person.mjs';
export * from './harness/room.mjs';
export * from './harness/shape.mjs';
export * from './harness/socket.mjs';
export * from './harness/token.mjs';

/** The three ways in which a client may be set up; the last one is what it does when told nothing. */
export const transports = [
  { name: 'websocket only', options: { transports: ['websocket'] }, settlesOn: 'websocket' },
  { name: 'polling only', options: { transports: ['polling'] }, settlesOn: 'polling' },
  { name: 'polling, then an upgrade', options: {}, settlesOn: 'websocket' },
];

export const [websocket] = transports;

/** A test with a deadline of its own: `--test-timeout` bounds a whole file on Node 20. */
export function test(name, body) {
  nodeTest(name, { timeout: 60_000 }, body);
}

/** Runs `body` for each database; each test file thus owns its servers. */
export function onEveryDatabase(body) {
  for (const database of databases) {
    describe(`on ${database.name}`, () => body(database));
  }
}

/** Runs `body` for each database on a server that is up before the first test and down after the last. */
export function inEveryHouse(body, settings = {}) {
  onEveryDatabase((database) => {
    const house = new House(database, settings);
    before(() => house.open());
    after(() => house.close());
    body(house);
  });
}

/** Runs `body` for each transport setting. */
export function overEveryTransport(body) {
  for (const transport of transports) {
    describe(`over ${transport.name}`, () => body(transport));
  }
}

/** The same for tests that mostly wait: all of them at once. */
export function overEveryTransportAtOnce(body) {
  describe('at once', { concurrency: true }, () => {
    for (const transport of transports) {
      describe(`over ${transport.name}`, { concurrency: true }, () => body(transport));
    }
  });
}

/** Runs `body` on every database, over every transport. */
export function everywhere(body) {
  inEveryHouse((house) => overEveryTransport((transport) => body(house, transport)));
}
