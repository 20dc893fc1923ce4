// Two nodes on one PostgreSQL and one Redis, and a balancer before them.

import { after, before, test as nodeTest } from 'node:test';
import { Balancer } from './balancer.mjs';
import { House } from './house.mjs';
import { Person, sessionPath } from './person.mjs';
import { Postgres } from './postgres.mjs';
import { quietPort } from './programs.mjs';
import { Redis } from './redis.mjs';

export class Cluster {
  #opened = [];

  constructor(settings = {}) {
    this.postgres = new Postgres();
    this.redis = new Redis();
    this.settings = settings;
  }

  async open() {
    await Promise.all([this.#open(this.postgres), this.#open(this.redis)]);
    this.nodes = await Promise.all([this.#node('node A'), this.#node('node B')]);
    [this.a, this.b] = this.nodes;
    this.balancer = new Balancer(this.nodes);
    await this.#open(this.balancer);
  }

  async #open(part) {
    this.#opened.push(part);
    await part.open();
    return part;
  }

  async #node(name) {
    const database = { name, lease: () => ({ url: this.postgres.url, drop() {} }) };
    const port = String(await quietPort());
    return this.#open(new House(database, { REDIS_URL: this.redis.url, PORT: port, ...this.settings }));
  }

  /** The last opened part first; each is closed, whatever becomes of the others. */
  async close() {
    const failures = [];
    for (const part of this.#opened.toReversed()) await part.close().catch((error) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join('\n'));
  }

  /** The balancer's: who uses it does not know which node serves. */
  get url() {
    return this.balancer.url;
  }

  other(node) {
    return node === this.a ? this.b : this.a;
  }
}

/** Runs `body` on a cluster that is up before the first test and down after the last. */
export function inCluster(body, settings) {
  const cluster = new Cluster(settings);
  before(() => cluster.open(), { timeout: 120_000 });
  after(() => cluster.close(), { timeout: 120_000 });
  body(cluster);
}

/** A test of faults: with servers that start, stop and recover in it. */
export function trial(name, body) {
  nodeTest(name, { timeout: 180_000 }, body);
}

/** The same person, served by another node (or by the balancer). */
export function at(node, { email, password, token: accessToken, refreshToken, user }) {
  return new Person(node, email, password, { accessToken, refreshToken, user });
}

/** What a node says of itself: `{status, body}`. */
export async function health(node, path = '/health') {
  const headers = { connection: 'close' };
  const answer = await fetch(node.url + path, { headers, signal: AbortSignal.timeout(10_000) });
  return { status: answer.status, body: await answer.json() };
}

/** Who is present according to the node that serves this person, as `{userId: connections}`. */
export async function presenceSeenBy(person, session) {
  const { items } = await person.get(`${sessionPath(session)}/presence?limit=100`);
  return Object.fromEntries(items.map(({ user, connections }) => [user.id, connections]));
}
