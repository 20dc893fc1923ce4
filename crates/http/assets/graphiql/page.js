'use strict';

const socket = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/graphql`;

/** Why a connection was closed, where people can do something about it. */
const closed = {
  unauthenticated: 'Nobody is signed in: put { "Authorization": "Bearer …" } with a good access token among the headers.',
  token_expired: 'The access token ran out: sign in again, and put the new one among the headers.',
};

/**
 * One operation over a connection of its own, which speaks for whoever the headers name. When it is closed, that is told:
 * whether to try again is for whoever looks at the page.
 */
const line = (headers) => ({
  subscribe(payload, sink) {
    const connection = new WebSocket(socket, 'graphql-transport-ws');
    const say = (message) => connection.send(JSON.stringify(message));
    let over = false;
    const end = (tell) => {
      if (over) return;
      over = true;
      connection.close(1000);
      tell();
    };
    const hear = {
      connection_ack: () => say({ id: '1', type: 'subscribe', payload }),
      ping: () => say({ type: 'pong' }),
      next: (value) => sink.next(value),
      error: (errors) => end(() => sink.error(errors)),
      complete: () => end(() => sink.complete()),
    };
    connection.onopen = () => say({ type: 'connection_init', payload: headers ?? {} });
    connection.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      hear[message.type]?.(message.payload);
    };
    connection.onclose = ({ code, reason }) => {
      const message = closed[reason] ?? `The connection was closed: ${reason || code}.`;
      end(() => sink.error([{ message, extensions: { code: reason || `${code}` } }]));
    };
    return () => end(() => sink.complete());
  },
});

const fetcher = (asked, options) =>
  GraphiQL.createFetcher({ url: '/graphql', wsClient: line(options?.headers) })(asked, options);

const welcome = `# Sign in, put the access token among the headers below as
#   { "Authorization": "Bearer …" }
# and ask again.

mutation SignIn {
  login(input: { email: "demo@rondo.dev", password: "rondo-demo-2026" }) {
    accessToken
  }
}

query Mine {
  sessions(first: 10) {
    nodes {
      id
      name
      unreadCount
      messages(first: 3) { nodes { content author { displayName } } }
    }
  }
}

subscription Heard($sessionId: ID!) {
  sessionEvents(sessionId: $sessionId) { position type data }
}
`;

ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultQuery: welcome,
    defaultEditorToolsVisibility: 'headers',
    shouldPersistHeaders: false,
  }),
);
