// A server with its data: a temporary folder, a database, and the processes that serve them one after another.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { accessSync, constants, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { Person } from './person.mjs';
import { within } from './socket.mjs';
import { jwtSecret } from './token.mjs';

const binary = serverBinary();
const openHouses = new Set();

// A test file that dies early (a failed hook, a timeout's SIGTERM) leaves no process, folder or database behind.
process.on('exit', () => openHouses.forEach((house) => house.abandon()));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => process.exit(1));
}

function serverBinary() {
  const path = process.env.RONDO_BIN;
  if (!path || !isAbsolute(path)) {
    throw new Error(`RONDO_BIN must hold the absolute path of the server binary, and holds ${path ?? 'nothing'}`);
  }
  accessSync(path, constants.X_OK);
  return path;
}

export class House {
  #database;
  #settings;
  #folder;
  #lease;
  #process;
  #ended;
  #log = '';

  constructor(database, settings = {}) {
    this.#database = database;
    this.#settings = settings;
  }

  /** A house for one test alone. */
  static async for(t, database, settings) {
    const house = new House(database, settings);
    t.after(() => house.close());
    await house.open();
    return house;
  }

  async open() {
    openHouses.add(this);
    this.#folder = await mkdtemp(join(tmpdir(), 'rondo-js-'));
    this.#lease = this.#database.lease(this.#folder);
    await this.start();
  }

  /** Starts a server on this house's data: on any free port the first time, on the same one ever after. */
  async start() {
    assert.ok(!this.#process, 'the server is running already');
    const child = spawn(binary, {
      cwd: this.#folder,
      env: { ...inherited(), ...this.#environment() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => resolve({ error }));
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.#ended.then(() => (this.#process = undefined));
    child.stderr.setEncoding('utf8').on('data', (text) => this.#keepLog(text));
    this.port = await this.#announcedPort(child);
    this.url = `http://127.0.0.1:${this.port}`;
  }

  #environment() {
    return {
      HOST: '127.0.0.1',
      PORT: String(this.port ?? 0),
      APP_ENV: 'development',
      BCRYPT_COST: '4',
      LOG_FORMAT: 'json',
      RATE_LIMIT: 'off',
      JWT_SECRET: jwtSecret,
      DATA_DIR: this.#folder,
      DATABASE_URL: this.#lease.url,
      ...this.#settings,
    };
  }

  #announcedPort(child) {
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`the server ${why}; its log ends:\n${this.#log}`));
      const deadline = setTimeout(() => fail('did not say within 20 s that it listens'), 20_000);
      this.#ended.then((end) => {
        clearTimeout(deadline);
        fail(`ended before it listened (${describeEnd(end)})`);
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        // Read on after the answer: a full pipe would block the server.
        if (said === null) return;
        said += text;
        const match = /listening on http:\/\/127\.0\.0\.1:(\d+)\b/.exec(said);
        if (!match) return;
        said = null;
        clearTimeout(deadline);
        resolve(Number(match[1]));
      });
    });
  }

  #keepLog(text) {
    if (process.env.RONDO_TEST_LOGS === '1') process.stderr.write(text);
    this.#log = (this.#log + text).slice(-16_384);
    if (text.includes('panicked at')) process.stderr.write(`the server panicked:\n${this.#log}\n`);
  }

  /** The server's process. */
  get pid() {
    return this.#process.pid;
  }

  /** SIGTERM; the server must end well, and soon. */
  async stop() {
    const end = await this.#end('SIGTERM');
    assert.equal(end.code, 0, `the server ended badly (${describeEnd(end)}); its log ends:\n${this.#log}`);
  }

  /** SIGKILL, as by a power cut or the kernel's memory killer. */
  async kill() {
    const end = await this.#end('SIGKILL');
    assert.equal(end.signal, 'SIGKILL', `the server was gone before it was killed (${describeEnd(end)})`);
  }

  async #end(signal) {
    const child = this.#process;
    assert.ok(child, `the server is not running; its log ends:\n${this.#log}`);
    child.kill(signal);
    return within(10_000, this.#ended, `ending on ${signal}`);
  }

  async close() {
    try {
      if (this.#process) await this.stop();
    } finally {
      this.abandon();
    }
  }

  /** Leaves nothing behind; synchronous, so that it also serves a process that is exiting. */
  abandon() {
    if (!openHouses.delete(this)) return;
    this.#process?.kill('SIGKILL');
    this.#lease?.drop();
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** What a measurement is reported under. */
  toString() {
    return this.#database.name;
  }

  /** Someone with a new account, signed in. */
  person(name, options) {
    return Person.register(this, name, options);
  }

  /** Several at once: `const [ada, grace] = await house.people('ada', 'grace')`. */
  people(...names) {
    return Promise.all(names.map((name) => this.person(name)));
  }
}

// The server sees these tests' settings and nothing else of the caller's environment: no REDIS_URL, no OTEL_*.
function inherited() {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'RUST_LOG', 'RUST_BACKTRACE', 'LLVM_PROFILE_FILE', 'SYSTEMROOT'];
  return Object.fromEntries(names.filter((name) => name in process.env).map((name) => [name, process.env[name]]));
}

function describeEnd({ code, signal, error }) {
  return error?.message ?? (signal ? `signal ${signal}` : `exit code ${code}`);
}
