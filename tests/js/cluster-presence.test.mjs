// A thousand comings and goings of every kind over two nodes, with kills of nodes among them: at the end nobody is seen who
// is not there, and nobody is missing.

import assert from 'node:assert/strict';
import { connected, cut, drop, succeed, websocket } from './harness.mjs';
import { Chance } from './harness/chance.mjs';
import { at, inCluster, presenceSeenBy, trial } from './harness/cluster.mjs';
import { eventually } from './harness/patience.mjs';

const steps = 1000;
const people = 20;
const tabsEach = 2;
const atOnce = 8;
/** After how many steps which node is killed and started again. */
const kills = new Map([[300, 'a'], [600, 'b'], [950, 'a']]);

/** One window of somebody's browser: away, connected, or in the room. */
class Tab {
  node;
  /** Which life of the node: a killed one takes its connections with it. */
  life;
  socket;
  isIn = false;
  busy = false;

  constructor(person) {
    this.person = person;
  }

  async come(t, node, life, sessionId) {
    Object.assign(this, { node, life });
    this.socket = at(node, this.person).open(t, websocket);
    // A node that is killed amid the handshake leaves the socket without a word.
    const lost = new Promise((_, reject) => this.socket.io.once('close', (reason) => reject(new Error(reason))));
    await Promise.race([connected(this.socket), lost]);
    await this.enter(sessionId);
  }

  async enter(sessionId) {
    await succeed(this.socket, 'session:join', { sessionId }, { timeout: 20_000 });
    this.isIn = true;
  }

  async leave(sessionId) {
    await succeed(this.socket, 'session:leave', { sessionId }, { timeout: 20_000 });
    this.isIn = false;
  }

  /** Ends the connection in one of several ways. */
  async lose(how) {
    await how(this.socket);
    this.forget();
  }

  forget() {
    this.socket?.disconnect();
    this.socket = undefined;
    this.node = undefined;
    this.isIn = false;
  }
}

/** Somebody who sits on one node all the while, and keeps a list of who is there by what they hear. */
class Observer {
  present = new Set();

  constructor(person, node) {
    Object.assign(this, { person: at(node, person), node });
  }

  async sitDown(t, sessionId) {
    this.socket?.disconnect();
    this.socket = await this.person.connect(t, websocket);
    const held = [];
    let hear = (change) => held.push(change);
    this.socket.onAny((event, data) => hear({ event, data }));
    const joined = await succeed(this.socket, 'session:join', { sessionId }, { timeout: 20_000 });
    this.present = new Set(joined.presence.map(({ user }) => user.id));
    hear = ({ event, data }) => {
      if (event === 'session:join') this.present.add(data.user.id);
      if (event === 'session:leave') this.present.delete(data.user.id);
    };
    held.forEach(hear);
  }
}

inCluster((cluster) => {
  trial(`${steps} comings, goings and losses, and ${kills.size} nodes killed`, async (t) => {
    const { a, b, nodes } = cluster;
    const chance = new Chance();
    t.diagnostic(`CHANCE_SEED=${chance.seed}`);
    const names = Array.from({ length: people }, (_, n) => `guest ${n}`);
    const [ada, grace, ...guests] = await a.people('ada', 'grace', ...names.map((name) => name.replace(' ', '-')));
    const session = await ada.createSession();
    const sessionId = session.id;
    await Promise.all([grace, ...guests].map((person) => person.becomeMember(session)));
    const observers = [new Observer(ada, a), new Observer(grace, b)];
    for (const observer of observers) await observer.sitDown(t, sessionId);

    const tabs = guests.flatMap((person) => Array.from({ length: tabsEach }, () => new Tab(person)));
    const alive = new Set(nodes);
    /** How often each node was killed. */
    const lives = new Map(nodes.map((node) => [node, 0]));
    const come = (tab) => {
      const node = chance.of([...alive]);
      return tab.come(t, node, lives.get(node), sessionId);
    };
    const counts = {};
    const clean = (socket) => socket.disconnect();
    const doings = {
      away: { come },
      outside: { enter: (tab) => tab.enter(sessionId), drop: (tab) => tab.lose(drop) },
      inside: {
        drop: (tab) => tab.lose(drop),
        cut: (tab) => tab.lose(cut),
        disconnect: (tab) => tab.lose(clean),
        leave: (tab) => tab.leave(sessionId),
        again: (tab) => tab.enter(sessionId),
        async switch(tab) {
          await tab.lose(drop);
          await come(tab);
        },
      },
    };

    const step = async (tab) => {
      if (tab.socket && !tab.socket.connected) tab.forget(); // its node was killed while it was free
      const choices = doings[tab.isIn ? 'inside' : tab.socket ? 'outside' : 'away'];
      const name = chance.of(Object.keys(choices));
      counts[name] = (counts[name] ?? 0) + 1;
      try {
        await choices[name](tab);
      } catch (error) {
        // Only the kill of its node may break something off.
        const { node, life } = tab;
        tab.forget();
        if (alive.has(node) && life === lives.get(node)) throw error;
      }
    };

    let taken = 0;
    let lastKill;
    let killing = Promise.resolve();
    const kill = async (node) => {
      alive.delete(node);
      lives.set(node, lives.get(node) + 1);
      await node.kill();
      lastKill = performance.now();
      for (const tab of tabs) if (tab.node === node && !tab.busy) tab.forget();
      await node.start();
      const observer = observers.find((one) => one.node === node);
      await observer.sitDown(t, sessionId);
      alive.add(node);
    };
    const lane = async () => {
      while (taken < steps) {
        const free = tabs.filter(({ busy }) => !busy);
        const tab = chance.of(free);
        taken += 1;
        if (kills.has(taken)) {
          const node = cluster[kills.get(taken)];
          killing = killing.then(() => kill(node));
          killing.catch(() => {}); // told below
        }
        tab.busy = true;
        await step(tab);
        if (tab.socket && !tab.socket.connected) tab.forget(); // its node was killed meanwhile
        tab.busy = false;
      }
    };
    const began = performance.now();
    await Promise.all(Array.from({ length: atOnce }, lane));
    await killing;
    const lasted = performance.now() - began;
    for (const tab of tabs) if (tab.socket && !tab.socket.connected) tab.forget();

    const truth = {};
    for (const { person } of [...observers, ...tabs.filter(({ isIn }) => isIn)]) {
      truth[person.user.id] = (truth[person.user.id] ?? 0) + 1;
    }
    const sorted = (record) => Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1));
    const wanted = JSON.stringify(sorted(truth));
    await Promise.all(nodes.map((node) => eventually(
      'presence being the truth',
      async () => JSON.stringify(sorted(await presenceSeenBy(at(node, ada), session))),
      (seen) => seen === wanted,
      { timeout: 60_000, every: 100 },
    )));
    const truthful = performance.now() - lastKill;
    const ids = JSON.stringify(Object.keys(truth).toSorted());
    for (const observer of observers) {
      const heard = () => JSON.stringify([...observer.present].toSorted());
      await eventually('what was heard adding up to the truth', heard, (seen) => seen === ids, { timeout: 30_000 });
    }
    assert.ok(taken >= steps);
    t.diagnostic(`${Object.entries(counts).map(([name, count]) => `${count} × ${name}`).join(', ')} in ${lasted.toFixed(0)} ms`);
    t.diagnostic(`${Object.keys(truth).length} people present at the end; presence was true on both nodes \
${truthful.toFixed(0)} ms after the last kill`);
  });
});
