// A PostgreSQL of the tests' own.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OwnServer } from './own_server.mjs';
import { lesserAccount, postgresPrograms } from './programs.mjs';

/** The machine does not fail in these tests, the server does: what it wrote may stay in the system's memory. */
const settings = [
  'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'full_page_writes=off', 'max_connections=200',
];

const ready = /database system is ready to accept connections/;
const locale = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8';

export class Postgres extends OwnServer {
  static farewell = 'SIGINT';
  #program;
  #account;

  async open() {
    const [initdb, postgres] = postgresPrograms('initdb', 'postgres');
    this.#program = postgres;
    this.#account = lesserAccount();
    await this.prepare();
    const { uid, gid } = this.#account;
    const password = randomBytes(16).toString('hex');
    const passwordFile = join(this.folder, 'password');
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (uid !== undefined) for (const path of [this.folder, passwordFile]) chownSync(path, uid, gid);
    const args = [
      `--pgdata=${this.#data}`, '--username=postgres', '--auth=password', `--pwfile=${passwordFile}`, '--encoding=UTF8',
      `--locale=${locale}`, '--no-sync',
    ];
    await promisify(execFile)(initdb, args, { ...this.#account, cwd: this.folder, timeout: 60_000 });
    this.url = `postgres://postgres:${password}@127.0.0.1:${this.port}/postgres`;
    await this.start();
  }

  get #data() {
    return join(this.folder, 'data');
  }

  start() {
    const args = ['-D', this.#data, '-p', String(this.port), ...settings.flatMap((setting) => ['-c', setting])];
    return this.launch(this.#program, args, { ready, ...this.#account });
  }

  /** A fast shutdown: transactions under way are broken off. */
  stop() {
    return this.end('SIGINT');
  }

  /** SIGKILL, as by a power cut; its children notice and end too. */
  kill() {
    return this.end('SIGKILL');
  }
}
