// GraphQL over HTTP: the audits of the specification, and Apollo Client with what it does by itself.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { BatchHttpLink } from '@apollo/client/link/batch-http';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { relayStylePagination } from '@apollo/client/utilities';
import { auditServer } from 'graphql-http';
import { inEveryHouse, test } from './harness.mjs';

const SESSIONS = gql`
  query Sessions($first: Int, $after: String) {
    sessions(first: $first, after: $after) {
      edges { cursor node { id name visibility unreadCount } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

const CREATE_SESSION = gql`
  mutation CreateSession($input: CreateSessionInput!) {
    createSession(input: $input) { id name visibility unreadCount }
  }
`;

/** Apollo Client as somebody; `link` makes the link out of its options. */
function clientOf(person, link = (options) => new HttpLink(options)) {
  const cache = new InMemoryCache({ typePolicies: { Query: { fields: { sessions: relayStylePagination() } } } });
  const options = { uri: `${person.house.url}/graphql`, headers: { authorization: `Bearer ${person.token}` } };
  return new ApolloClient({ cache, link: link(options) });
}

/** What went wrong with an operation, in the order of its errors. */
async function codesOf(operation) {
  const error = await operation.then(() => assert.fail('it was not refused'), (error) => error);
  assert.ok(CombinedGraphQLErrors.is(error), `${error}`);
  return error.errors.map(({ extensions }) => extensions.code);
}

inEveryHouse((house) => {
  test('every audit of GraphQL over HTTP passes', async () => {
    const results = await auditServer({ url: `${house.url}/graphql` });
    assert.ok(results.length > 50, `there are ${results.length} audits`);
    const failed = results.filter(({ status }) => status !== 'ok');
    assert.deepEqual(failed.map(({ id, name, reason }) => `${id} ${name}: ${reason}`), []);
  });

  test('Apollo Client asks, changes and pages', async () => {
    const ada = await house.person('ada');
    const client = clientOf(ada);
    for (const name of ['one', 'two', 'three']) {
      const { data } = await client.mutate({ mutation: CREATE_SESSION, variables: { input: { name, visibility: 'PUBLIC' } } });
      assert.deepEqual([data.createSession.name, data.createSession.visibility], [name, 'PUBLIC']);
    }
    const query = client.watchQuery({ query: SESSIONS, variables: { first: 2 } });
    const { data: first } = await query.refetch();
    assert.equal(first.sessions.pageInfo.hasNextPage, true);
    await query.fetchMore({ variables: { after: first.sessions.pageInfo.endCursor } });
    const names = query.getCurrentResult().data.sessions.edges.map(({ node }) => node.name);
    assert.deepEqual(names, ['three', 'two', 'one']);
    assert.ok(client.cache.extract()[`Session:${first.sessions.edges[0].node.id}`], 'sessions stand in its cache by their ids');
  });

  test('a refused field leaves the others standing', async () => {
    const ada = await house.person('ada');
    const query = gql`query { me { id displayName } session(id: "nowhere") { id } }`;
    const { data, error } = await clientOf(ada).query({ query, errorPolicy: 'all' });
    assert.deepEqual([data.me.displayName, data.session], ['ada', null]);
    assert.deepEqual(error.errors.map(({ extensions }) => extensions.code), ['not_found']);
    assert.deepEqual(await codesOf(clientOf(ada).query({ query })), ['not_found']);
    const nobody = clientOf({ house, token: 'nonsense' });
    assert.deepEqual(await codesOf(nobody.query({ query: SESSIONS })), ['unauthenticated']);
    assert.deepEqual(await codesOf(clientOf(ada).query({ query: gql`query { nonsense }` })), ['validation_failed']);
  });

  test('a persisted query is sent with its text once, and by GET from then on', async () => {
    const ada = await house.person('ada');
    const sent = [];
    const fetcher = (url, options) => {
      sent.push({ method: options.method, text: `${url} ${options.body ?? ''}` });
      return fetch(url, options);
    };
    const sha256 = (text) => createHash('sha256').update(text).digest('hex');
    const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
    const client = () => clientOf(ada, (options) => ApolloLink.from([persisted, new HttpLink({ ...options, fetch: fetcher })]));
    const unique = gql(`query Unique { me { id displayName } nobody${Date.now()}: __typename }`);
    for (const requests of [2, 1]) {
      sent.length = 0;
      const { data } = await client().query({ query: unique });
      assert.equal(data.me.displayName, 'ada');
      assert.equal(sent.length, requests);
      assert.equal(sent[0].method, 'GET');
      assert.ok(!sent[0].text.includes('displayName'), 'the hash alone travels');
    }
  });

  test('a batch is one request', async () => {
    const ada = await house.person('ada');
    let requests = 0;
    const fetcher = (...request) => { requests += 1; return fetch(...request); };
    const client = clientOf(ada, (options) => new BatchHttpLink({ ...options, fetch: fetcher }));
    const answers = await Promise.all([
      client.query({ query: gql`query One { me { id } }` }),
      client.query({ query: gql`query Two { me { displayName } }` }),
    ]);
    assert.deepEqual(answers.map(({ data }) => data.me.id ?? data.me.displayName), [ada.user.id, 'ada']);
    assert.equal(requests, 1);
  });
});
