// What stands before the nodes: each new connection goes to the next node that is ready.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const lookEveryMs = 150;

export class Balancer {
  #nodes;
  #unready = new Set();
  #next = 0;
  #open = new Set();
  #server = createServer((client) => this.#serve(client));
  #looking;

  constructor(nodes) {
    this.#nodes = nodes;
  }

  async open() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    this.#looking = setInterval(() => this.#nodes.forEach((node) => this.#look(node)), lookEveryMs);
    this.#looking.unref();
  }

  async #look(node) {
    try {
      const headers = { connection: 'close' };
      const { status } = await fetch(`${node.url}/health/ready`, { headers, signal: AbortSignal.timeout(2000) });
      if (status === 200) this.#unready.delete(node);
      else this.#unready.add(node);
    } catch {
      this.#unready.add(node);
    }
  }

  /** All nodes, the next one first; those that are not ready come last. */
  #candidates() {
    this.#next += 1;
    const turned = this.#nodes.map((_, n) => this.#nodes[(n + this.#next) % this.#nodes.length]);
    return turned.toSorted((a, b) => this.#unready.has(a) - this.#unready.has(b));
  }

  async #serve(client) {
    this.#keep(client);
    for (const node of this.#candidates()) {
      const upstream = connect(node.port, '127.0.0.1');
      try {
        await once(upstream, 'connect');
      } catch {
        this.#unready.add(node);
        continue;
      }
      this.#keep(upstream);
      client.once('close', () => upstream.destroy());
      upstream.once('close', () => client.destroy());
      if (client.destroyed) upstream.destroy();
      else client.pipe(upstream).pipe(client);
      return;
    }
    client.destroy();
  }

  #keep(socket) {
    this.#open.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#open.delete(socket));
  }

  async close() {
    if (!this.#server.listening) return;
    clearInterval(this.#looking);
    const closed = once(this.#server.close(), 'close');
    this.#open.forEach((socket) => socket.destroy());
    await closed;
  }
}
