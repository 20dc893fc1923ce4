'use strict';

const socket = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/graphql`;

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
    fetcher: GraphiQL.createFetcher({ url: '/graphql', subscriptionUrl: socket }),
    defaultQuery: welcome,
    defaultEditorToolsVisibility: 'headers',
    shouldPersistHeaders: false,
  }),
);
