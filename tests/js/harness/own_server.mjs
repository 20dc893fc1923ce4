// A database server of the tests' own: stopped, killed and started again at will, on the same port and data.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quietPort } from './programs.mjs';
import { within } from './socket.mjs';

const open = new Set();
process.on('exit', () => open.forEach((server) => server.abandon()));

export class OwnServer {
  #child;
  #ended;
  #log = '';

  /** Makes the server's folder and chooses its port. */
  async prepare() {
    open.add(this);
    this.folder = await mkdtemp(join(tmpdir(), `rondo-js-${this.constructor.name.toLowerCase()}-`));
    this.port = await quietPort();
  }

  /** Runs the program until it says that it is `ready`. */
  async launch(program, args, { ready, ...options }) {
    assert.ok(!this.#child, `${this.constructor.name} is running already`);
    const child = spawn(program, args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.#ended.then(() => (this.#child = undefined));
    let said = '';
    const isReady = new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          this.#log = (this.#log + text).slice(-8192);
          if (said === null) return;
          said += text;
          if (!ready.test(said)) return;
          said = null;
          resolve();
        });
      }
      this.#ended.then((how) => reject(new Error(`${program} ended (${how}) before it was ready:\n${this.#log}`)));
    });
    await within(60_000, isReady, `starting ${program}`);
  }

  get isRunning() {
    return this.#child !== undefined;
  }

  /** Ends it by this signal. */
  async end(signal) {
    assert.ok(this.#child, `${this.constructor.name} is not running; its log ends:\n${this.#log}`);
    this.#child.kill(signal);
    await within(30_000, this.#ended, `ending ${this.constructor.name} by ${signal}`);
  }

  async close() {
    try {
      if (this.isRunning) await this.end(this.constructor.farewell);
    } finally {
      this.abandon();
    }
  }

  /** Leaves nothing behind; synchronous, so that it also serves a process that is exiting. */
  abandon() {
    if (!open.delete(this)) return;
    this.#child?.kill('SIGQUIT');
    if (this.folder) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}
