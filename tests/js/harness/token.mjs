// Tokens as an attacker, or a clock, would make them. The tests know the key because they gave it to the server.

import { createHmac } from 'node:crypto';

export const jwtSecret = 'the-key-of-the-javascript-tests-0123456789';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What a token says, unverified. */
export function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
}

/** A token with these claims, signed with HS256. */
export function sign(claims, { key = jwtSecret, header = { alg: 'HS256', typ: 'JWT' } } = {}) {
  const body = `${encode(header)}.${encode(claims)}`;
  return `${body}.${createHmac('sha256', key).update(body).digest('base64url')}`;
}

/** A token with these claims that claims to need no signature. */
export function unsigned(claims) {
  return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`;
}

/** The same token with another signature of the right length. */
export function tampered(token) {
  const [header, , signature] = token.split('.');
  const claims = { ...claimsOf(token), exp: claimsOf(token).exp + 3600 };
  return `${header}.${encode(claims)}.${signature}`;
}
