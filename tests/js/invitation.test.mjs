// Inviting, answering, and taking back; who hears of it, and that each hears it once.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  Ear, assertInvitation, assertMembership, assertNotification, everywhere, flushed, inEveryHouse, refusal, refused,
  refusedField, request, room, sessionPath, succeed, test, websocket,
} from './harness.mjs';

const statuses = (invitations) => invitations.map(({ id, status }) => [id, status]);
const revoke = (person, { id }) => person.delete(`/api/invitations/${id}`);

everywhere((house, transport) => {
  /** Mary, with two connections that listen, is not in ada's session yet. */
  async function invited(t, roles = {}) {
    const there = await room(t, house, transport, roles);
    const mary = await house.person('mary');
    const sockets = await Promise.all([mary.connect(t, transport), mary.connect(t, transport)]);
    return { ...there, mary, sockets, ears: sockets.map((socket) => new Ear(socket)) };
  }

  test('an invitation reaches every connection of the invited', async (t) => {
    const { session, ada, mary, ears } = await invited(t);
    const invitation = await ada.invite(session, mary, 'viewer');
    assertInvitation(invitation);
    assert.deepEqual([invitation.inviter.id, invitation.sessionName], [ada.user.id, session.name]);
    assert.deepEqual([invitation.email, invitation.role, invitation.status], [mary.email, 'viewer', 'pending']);
    for (const ear of ears) {
      assert.deepEqual(await ear.hears('invitation:create'), invitation);
      const notification = await ear.hears('notification:create');
      assertNotification(notification, 'invitation', session);
      assert.equal(notification.data.invitationId, invitation.id);
    }
    assert.deepEqual((await mary.get('/api/invitations')).items, [invitation]);
    assert.deepEqual((await ada.get(`${sessionPath(session)}/invitations`)).items, [invitation]);
    await revoke(ada, invitation);
    await ada.invite(session, mary, 'member');
    for (const ear of ears) {
      await ear.hears('invitation:create', ({ role }) => role === 'member');
      assert.equal(ear.all('invitation:create').length, 2, 'each invitation once');
    }
  });

  test('who accepts is in, and owners, inviter and room hear it once each', async (t) => {
    const roles = { grace: 'owner', joan: 'moderator', vera: 'viewer' };
    const { session, sessionId, position, ada, grace, joan, vera, mary, sockets: [socket] } = await invited(t, roles);
    // Grace, who owns, and joan, who invites, are not in the room on their second connections.
    const outside = await Promise.all([grace, joan].map((person) => person.connect(t, transport)));
    const ears = [ada.ear, grace.ear, joan.ear, vera.ear, ...outside.map((one) => new Ear(one))];

    const { id: invitationId } = await joan.invite(session, mary);
    const accepted = await succeed(socket, 'invitation:accept', { invitationId });
    assert.deepEqual(Object.keys(accepted).sort(), ['invitation', 'membership']);
    assertInvitation(accepted.invitation);
    assertMembership(accepted.membership);
    assert.equal(accepted.invitation.status, 'accepted');
    assert.deepEqual([accepted.membership.user.id, accepted.membership.role], [mary.user.id, 'member']);
    for (const ear of ears) {
      assert.deepEqual(await ear.hears('invitation:accept'), { ...accepted, position: position + 1 });
    }
    assertNotification(await joan.ear.hears('notification:create'), 'invitation_accepted', session);
    await succeed(socket, 'session:join', { sessionId });
    assert.deepEqual((await mary.get('/api/invitations')).items, []);

    // The fence: a second acceptance takes the same ways, after the first.
    const paul = await house.person('paul');
    const second = await joan.invite(session, paul);
    await paul.post(`/api/invitations/${second.id}/accept`, undefined, 200);
    for (const ear of ears) {
      await ear.hears('invitation:accept', ({ invitation }) => invitation.id === second.id);
      assert.deepEqual(ear.lasting().map(({ event }) => event), ['invitation:accept', 'invitation:accept']);
    }
  });

  test('an inviter who was removed meanwhile hears no more of the session', async (t) => {
    const { session, ada, grace, mary } = await invited(t, { grace: 'moderator' });
    const { id } = await grace.invite(session, mary);
    await ada.remove(session, grace);
    await grace.ear.hears('member:remove');
    await mary.post(`/api/invitations/${id}/accept`, undefined, 200);
    await ada.ear.hears('invitation:accept');
    await flushed(grace.socket);
    assert.equal(grace.ear.of(session).at(-1).event, 'member:remove');
  });

  test('who declines stays outside, and the inviter is notified', async (t) => {
    const { session, sessionId, position, ada, mary, sockets: [socket] } = await invited(t);
    const { id: invitationId } = await ada.invite(session, mary);
    const declined = await succeed(socket, 'invitation:decline', { invitationId });
    assert.deepEqual(Object.keys(declined), ['invitation']);
    assertInvitation(declined.invitation);
    assert.equal(declined.invitation.status, 'declined');
    assertNotification(await ada.ear.hears('notification:create'), 'invitation_declined', session);
    await refused(socket, 'session:join', { sessionId }, 'forbidden');
    await refused(socket, 'invitation:accept', { invitationId }, 'conflict');
    assert.equal((await ada.get(sessionPath(session))).lastPosition, position, 'no lasting event');
    await ada.invite(session, mary);
  });

  test('an invitation is for nobody else', async (t) => {
    const { session, ada, mary, sockets: [socket] } = await invited(t, { grace: 'member' });
    const eve = await house.person('eve');
    const outsider = await eve.connect(t, transport);
    const { id: invitationId } = await ada.invite(session, mary);
    for (const event of ['invitation:accept', 'invitation:decline']) {
      await refused(outsider, event, { invitationId }, 'not_found');
      await refused(ada.socket, event, { invitationId }, 'not_found');
      await refused(socket, event, { invitationId: randomUUID() }, 'not_found');
      await refusedField(socket, event, { invitationId: 'that one' }, 'invitationId');
      await refusedField(socket, event, {}, 'invitationId');
    }
    await eve.isRefused(404, 'not_found', 'POST', `/api/invitations/${invitationId}/accept`);
    await eve.isRefused(404, 'not_found', 'DELETE', `/api/invitations/${invitationId}`);
    assert.deepEqual(statuses((await mary.get('/api/invitations')).items), [[invitationId, 'pending']]);
  });

  test('of two acceptances at once one succeeds', async (t) => {
    const { session, ada, mary, sockets } = await invited(t);
    const { id: invitationId } = await ada.invite(session, mary);
    const answers = await Promise.all(sockets.map((socket) => request(socket, 'invitation:accept', { invitationId })));
    assert.equal(answers.filter(({ ok }) => ok).length, 1);
    refusal(answers.find(({ ok }) => !ok), 'conflict');
    assert.equal((await ada.members(session)).length, 2);
    const types = (await ada.eventsAfter(session, 0)).map(({ type }) => type);
    assert.deepEqual(types, ['invitation:accept'], 'becoming a member by it is this one event');
  });

  test('a revoked invitation is void', async (t) => {
    const { session, ada, mary, sockets: [socket] } = await invited(t);
    const invitation = await ada.invite(session, mary);
    await revoke(ada, invitation);
    assert.deepEqual((await mary.get('/api/invitations')).items, []);
    await refused(socket, 'invitation:accept', { invitationId: invitation.id }, 'conflict');
    await ada.isRefused(409, 'conflict', 'DELETE', `/api/invitations/${invitation.id}`);
    const listed = (await ada.get(`${sessionPath(session)}/invitations`)).items;
    assert.deepEqual(statuses(listed.filter(({ status }) => status === 'pending')), []);
  });
});

inEveryHouse((house) => {
  test('an address without an account may be invited, and finds the invitation when it registers', async (t) => {
    const { session, ada } = await room(t, house, websocket);
    const email = `nina-${randomUUID()}@example.org`;
    const invitation = await ada.invite(session, { email: email.toUpperCase() });
    assert.equal(invitation.email, email);
    const nina = await house.person('nina', { email });
    assert.deepEqual((await nina.get('/api/invitations')).items, [invitation]);
    const { items: [notification], unreadCount } = await nina.get('/api/notifications');
    assertNotification(notification, 'invitation', session);
    assert.equal(unreadCount, 1);
    const { membership } = await nina.post(`/api/invitations/${invitation.id}/accept`, undefined, 200);
    assert.equal(membership.user.id, nina.user.id);
    await nina.write(session, 'here');
  });

  test('who is in, or invited already, is not invited again', async (t) => {
    const { session, ada, grace } = await room(t, house, websocket, { grace: 'moderator', joan: 'member' });
    const mary = await house.person('mary');
    const invite = (email) => ['POST', '/api/invitations', { sessionId: session.id, email, role: 'member' }];
    await ada.isRefused(409, 'conflict', ...invite(grace.email.toUpperCase()));
    await ada.isRefused(409, 'conflict', ...invite(ada.email));
    await ada.invite(session, mary);
    await grace.isRefused(409, 'conflict', ...invite(mary.email.toUpperCase()));
    const paul = await house.person('paul');
    const answers = await Promise.all([ada, grace, ada, grace].map((person) => person.send(...invite(paul.email))));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409]);
  });

  test('a moderator invites members and viewers, and takes such invitations back, whoever sent them', async (t) => {
    const { session, ada, grace } = await room(t, house, websocket, { grace: 'moderator' });
    const guests = await house.people('mary', 'paul', 'nina');
    const moderator = { sessionId: session.id, email: guests[0].email, role: 'moderator' };
    await grace.isRefused(403, 'forbidden', 'POST', '/api/invitations', moderator);
    await grace.invite(session, guests[0], 'member');
    const viewer = await ada.invite(session, guests[1], 'viewer');
    const higher = await ada.invite(session, guests[2], 'moderator');
    await revoke(grace, viewer);
    await grace.isRefused(403, 'forbidden', 'DELETE', `/api/invitations/${higher.id}`);
    await revoke(ada, higher);
  });

  test('a deleted session invites nobody any more', async (t) => {
    const { session, ada } = await room(t, house, websocket);
    const mary = await house.person('mary');
    const { id } = await ada.invite(session, mary);
    await ada.delete(sessionPath(session));
    await mary.isRefused(404, 'not_found', 'POST', `/api/invitations/${id}/accept`);
    assert.deepEqual((await mary.get('/api/invitations')).items, []);
  });

  test('members and outsiders do not invite', async (t) => {
    const { session, ada, joan, vera } = await room(t, house, websocket, { joan: 'member', vera: 'viewer' });
    const [eve, mary] = await house.people('eve', 'mary');
    const invitation = ['POST', '/api/invitations', { sessionId: session.id, email: mary.email, role: 'viewer' }];
    for (const person of [joan, vera, eve]) {
      await person.isRefused(403, 'forbidden', ...invitation);
      await person.isRefused(403, 'forbidden', 'GET', `${sessionPath(session)}/invitations`);
    }
    await ada.patch(sessionPath(session), { visibility: 'private' });
    await eve.isRefused(404, 'not_found', ...invitation);
    await eve.isRefused(404, 'not_found', 'GET', `${sessionPath(session)}/invitations`);
  });

  test('an invitation of the wrong shape is refused with the field that is wrong', async (t) => {
    const { session, ada } = await room(t, house, websocket);
    const right = { sessionId: session.id, email: 'mary@example.org', role: 'member' };
    for (const [field, value] of [
      ['role', 'owner'], ['role', 'admin'], ['role', undefined], ['email', 'nobody'], ['email', ''], ['sessionId', 'x'],
      ['note', 'welcome'],
    ]) {
      await ada.isRefusedField(field, 'POST', '/api/invitations', { ...right, [field]: value });
    }
  });
});

inEveryHouse((house) => {
  test('where unknown addresses may not be invited, the e-mail is refused', async (t) => {
    const { session, ada } = await room(t, house, websocket);
    const unknown = { sessionId: session.id, email: `${randomUUID()}@example.org`, role: 'member' };
    await ada.isRefusedField('email', 'POST', '/api/invitations', unknown);
    await ada.invite(session, await house.person('mary'));
  });
}, { INVITE_UNKNOWN: 'off' });
