// Databases that belong to one server: a file beside its data, or a fresh Postgres database made with psql.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

const postgres = process.env.TEST_POSTGRES_URL;

function psql(statement) {
  const quiet = ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1'];
  try {
    execFileSync('psql', [postgres, ...quiet, '--command', statement], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    // The failure's own message repeats the command line, and with it the password.
    throw new Error(`psql could not run "${statement}": ${error.stderr?.toString().trim() || error.code}`);
  }
}

function sqliteIn(folder) {
  return { url: `sqlite://${join(folder, 'rondo.db')}?mode=rwc`, drop() {} };
}

function freshPostgres() {
  const name = `rondo_js_${randomBytes(6).toString('hex')}`;
  // template0: nobody can be connected to it, so that files creating databases at once do not meet.
  psql(`CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(postgres);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => psql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

export const databases = [{ name: 'SQLite', lease: sqliteIn }];
if (postgres) {
  databases.push({ name: 'Postgres', lease: freshPostgres });
  console.log('Databases: SQLite and Postgres.');
} else {
  console.log('Databases: SQLite ONLY; set TEST_POSTGRES_URL to run on Postgres as well.');
}
