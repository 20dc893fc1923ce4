// The contract's shapes. A key more is as wrong as a key less: it is how an address or a hash would leak.

import assert from 'node:assert/strict';

const keys = {
  user: ['id', 'displayName', 'avatarUrl', 'bio', 'createdAt'],
  session: [
    'id', 'name', 'description', 'color', 'imageUrl', 'visibility', 'role', 'memberCount', 'lastSeq', 'lastPosition',
    'unreadCount', 'lastMessageAt', 'createdAt', 'updatedAt',
  ],
  message: [
    'id', 'sessionId', 'seq', 'author', 'content', 'clientMessageId', 'replyTo', 'createdAt', 'editedAt', 'deletedAt',
  ],
  membership: ['sessionId', 'user', 'role', 'joinedAt'],
  invitation: ['id', 'sessionId', 'sessionName', 'inviter', 'email', 'role', 'status', 'expiresAt', 'createdAt'],
  notification: ['id', 'type', 'data', 'readAt', 'createdAt'],
  presence: ['user', 'connections', 'since'],
  join: ['session', 'presence', 'presenceCount', 'position', 'recovered', 'events', 'more'],
  event: ['type', 'position', 'data'],
};

function assertKeys(value, kind) {
  assert.deepEqual(Object.keys(value).sort(), [...keys[kind]].sort(), `the keys of a ${kind}`);
}

export function assertId(value) {
  assert.match(value, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'a UUIDv7');
}

export function assertTime(value) {
  assert.match(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'RFC 3339 in UTC with milliseconds');
}

/** A person as others see them: without an e-mail. */
export function assertUser(user) {
  assertKeys(user, 'user');
  assertId(user.id);
  assertTime(user.createdAt);
}

export function assertSession(session) {
  assertKeys(session, 'session');
  assertId(session.id);
  assertTime(session.createdAt);
  assertTime(session.updatedAt);
}

export function assertMessage(message) {
  assertKeys(message, 'message');
  assertId(message.id);
  assertId(message.sessionId);
  assertUser(message.author);
  assertTime(message.createdAt);
  assert.ok(Number.isInteger(message.seq) && message.seq >= 1);
}

export function assertMembership(membership) {
  assertKeys(membership, 'membership');
  assertId(membership.sessionId);
  assertUser(membership.user);
  assertTime(membership.joinedAt);
}

export function assertInvitation(invitation) {
  assertKeys(invitation, 'invitation');
  assertId(invitation.id);
  assertId(invitation.sessionId);
  assertUser(invitation.inviter);
  assertTime(invitation.expiresAt);
  assertTime(invitation.createdAt);
}

/** A new notification of this type about a session. */
export function assertNotification(notification, type, session) {
  assertKeys(notification, 'notification');
  assertId(notification.id);
  assertTime(notification.createdAt);
  assert.equal(notification.type, type);
  assert.equal(notification.readAt, null);
  assert.equal(notification.data.sessionId, session.id);
  assert.equal(notification.data.sessionName, session.name);
}

export function assertPresence(presence) {
  assertKeys(presence, 'presence');
  assertUser(presence.user);
  assertTime(presence.since);
  assert.ok(Number.isInteger(presence.connections) && presence.connections >= 1);
}

export function assertJoin(joined) {
  assertKeys(joined, 'join');
  assertSession(joined.session);
  joined.presence.forEach(assertPresence);
  joined.events.forEach((event) => assertKeys(event, 'event'));
  assert.ok(Number.isInteger(joined.presenceCount));
  assert.ok(Number.isInteger(joined.position));
  assert.equal(typeof joined.recovered, 'boolean');
  assert.equal(typeof joined.more, 'boolean');
}

/** Numbers that go first, first + 1, … last: no gap, no repeat, in order. */
export function assertRun(numbers, first, last) {
  const off = numbers.findIndex((number, index) => number !== first + index);
  if (off !== -1) {
    const around = numbers.slice(Math.max(0, off - 3), off + 4).join(', ');
    assert.fail(`${first + off} was expected at place ${off}, among … ${around} …`);
  }
  assert.equal(numbers.length, last - first + 1, `the run goes from ${first} to ${last}`);
}
