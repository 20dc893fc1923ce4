// The database servers' own programs, for tests that stop, kill and start them. `cargo xtask test` installs what is missing.

import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { once } from 'node:events';

/** Where packages put PostgreSQL without putting it on the PATH; a folder per version stands in each. */
const postgresHomes = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt', '/usr'];

/** The paths of these programs of one PostgreSQL: the newest version that has all of them. */
export function postgresPrograms(...names) {
  const folders = [...postgresHomes.flatMap(versions), ...pathFolders()];
  const folder = folders.find((one) => names.every((name) => runnable(join(one, name))));
  if (!folder) throw missing(names.join(' and '), 'postgresql');
  return names.map((name) => join(folder, name));
}

/** The path of Redis, or of Valkey, which speaks the same. */
export function redisProgram() {
  const paths = ['redis-server', 'valkey-server'].flatMap((name) => pathFolders().map((folder) => join(folder, name)));
  const path = paths.find(runnable);
  if (!path) throw missing('redis-server', 'redis-server');
  return path;
}

/** As whom a server runs that refuses root: `{uid, gid}`, or nothing when we are not root. */
export function lesserAccount() {
  if (process.getuid() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' })));
      return { uid, gid };
    } catch {
      // The next one, then.
    }
  }
  throw new Error('PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` here');
}

/** A port that is free, and not among those that the system gives to outgoing connections: it stays free meanwhile. */
export async function quietPort() {
  for (let tries = 0; tries < 50; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const probe = createServer().listen(port, '127.0.0.1');
    try {
      await once(probe, 'listening');
      probe.close();
      await once(probe, 'close');
      return port;
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
    }
  }
  throw new Error('no free port was found between 20000 and 32000');
}

function versions(home) {
  const number = (name) => Number(/^(?:pgsql-|postgresql@)?(\d+)$/.exec(name)?.[1] ?? -1);
  try {
    const found = readdirSync(home).filter((name) => number(name) > 0);
    return found.sort((a, b) => number(b) - number(a)).map((name) => join(home, name, 'bin'));
  } catch {
    return [];
  }
}

const pathFolders = () => (process.env.PATH ?? '').split(delimiter).filter(Boolean);

function runnable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function missing(what, debianPackage) {
  return new Error(`${what} is not installed, and these tests start a server of their own: \`cargo xtask test\` installs it, or \
\`apt-get install ${debianPackage}\``);
}
