// A Redis of the tests' own, which keeps nothing.

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { OwnServer } from './own_server.mjs';
import { redisProgram } from './programs.mjs';
import { within } from './socket.mjs';

export class Redis extends OwnServer {
  static farewell = 'SIGTERM';

  async open() {
    await this.prepare();
    this.url = `redis://127.0.0.1:${this.port}`;
    await this.start();
  }

  start() {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    return this.launch(redisProgram(), args, { ready: /ready to accept connections/i });
  }

  /** Ends it without a word to anybody. */
  kill() {
    return this.end('SIGKILL');
  }

  /** Forgets all that it holds. */
  async flush() {
    const socket = connect(this.port, '127.0.0.1');
    socket.end('FLUSHALL\r\nQUIT\r\n');
    const answer = await within(10_000, text(socket), 'FLUSHALL');
    if (!answer.startsWith('+OK')) throw new Error(`FLUSHALL was answered with ${answer}`);
  }
}
