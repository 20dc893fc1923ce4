// A session with people in it, and its traffic.

import { sessionPath } from './person.mjs';
import { succeed } from './socket.mjs';

/** A public session of ada's with these others in it, by name and role; everyone has entered, ada before the others. */
export async function room(t, house, transport, roles = {}) {
  const names = Object.keys(roles);
  const [ada, ...others] = await house.people('ada', ...names);
  const { id } = await ada.createSession();
  for (const [n, person] of others.entries()) {
    await person.becomeMember({ id });
    if (roles[names[n]] !== 'member') await ada.setRole({ id }, person, roles[names[n]]);
  }
  await ada.enter(t, transport, { id });
  await Promise.all(others.map((person) => person.enter(t, transport, { id })));
  await ada.ear.until(() => ada.ear.all('session:join').length === others.length, 'everybody coming');
  const people = Object.fromEntries(others.map((person, n) => [names[n], person]));
  const session = await ada.get(sessionPath({ id }));
  return { session, sessionId: id, position: session.lastPosition, ada, ...people };
}

/** Does something over and over, on several lanes, until `stop`, which gives all that came of it. */
export function busily(act, lanes = 1) {
  const done = [];
  let going = true;
  const lane = async (_, n) => {
    for (let count = 0; going; count += 1) done.push(await act(count, n));
  };
  const doing = Promise.all(Array.from({ length: lanes }, lane));
  doing.catch(() => {}); // told by `stop`
  return {
    async stop() {
      going = false;
      await doing;
      return done;
    },
  };
}

/** Writes as fast as answers come. */
export function writeBusily(socket, { id: sessionId }, lanes = 8) {
  const write = (count, lane) => {
    const payload = { sessionId, content: `lane ${lane}, message ${count}` };
    return succeed(socket, 'message:create', payload, { timeout: 30_000 });
  };
  return busily(write, lanes);
}

/** Starts and stops typing as fast as answers come. */
export function typeBusily(socket, { id: sessionId }) {
  const type = (count) => succeed(socket, count % 2 ? 'typing:stop' : 'typing:start', { sessionId });
  return busily(type);
}

/** The least, the middle and the most of some durations, for the report. */
export function spread(durations) {
  const sorted = durations.toSorted((a, b) => a - b);
  const [least, middle, most] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map((n) => sorted[n].toFixed(1));
  return `${least} / ${middle} / ${most} ms (least, median, most of ${sorted.length})`;
}
