// Fills a server with a little of everything, for the dumps beside this file: `node make.mjs http://127.0.0.1:4000`.
// README.md tells how they are made.
const api = `${process.argv[2]}/api`;

async function ask(method, path, { token, body, status, headers } = {}) {
  const answer = await fetch(api + path, {
    method,
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

const person = async (name) => {
  const body = { email: `${name.toLowerCase()}@example.org`, password: `the password of ${name}`, displayName: name };
  await ask("POST", "/auth/register", { body, status: 201 });
  const login = { email: body.email, password: body.password, includeRefreshToken: true };
  const tokens = await ask("POST", "/auth/login", { body: login, status: 200 });
  const next = await ask("POST", "/auth/refresh", { body: { refreshToken: tokens.refreshToken }, status: 200 });
  return { token: next.accessToken, id: next.user.id, email: body.email };
};

const [ada, grace, linus] = [await person("Ada"), await person("Grace"), await person("Linus")];
const session = (owner, body) => ask("POST", "/sessions", { token: owner.token, body, status: 201 });
const hall = await session(ada, { name: "The hall", description: "Für alle 🎉", color: "teal", visibility: "public" });
const study = await session(ada, { name: "The study", imageUrl: "https://example.org/study.png" });
const gone = await session(ada, { name: "Gone" });

const post = (author, room, body) =>
  ask("POST", `/sessions/${room.id}/messages`, { token: author.token, body, status: 201 });
for (const guest of [grace, linus]) await ask("POST", `/sessions/${hall.id}/join`, { token: guest.token, status: 200 });
const messages = [];
for (let n = 1; n <= 12; n += 1) {
  const author = [ada, grace, linus][n % 3];
  const replyTo = n % 4 === 0 ? messages[0].id : undefined;
  messages.push(await post(author, hall, { content: `Message ${n} ñ 🙂`, clientMessageId: `c-${n}`, replyTo }));
}
await post(ada, hall, { content: `Look, <@${grace.id}>` });
const [edited, buried] = [messages[2], messages[4]];
const path = (message) => `/sessions/${hall.id}/messages/${message.id}`;
await ask("PATCH", path(edited), { token: ada.token, body: { content: "Said better" }, status: 200 });
await ask("PATCH", path(buried), { token: linus.token, body: { content: "Said worse" }, status: 200 });
await ask("DELETE", path(buried), { token: linus.token, status: 204 });
await ask("PUT", `/sessions/${hall.id}/read`, { token: linus.token, body: { seq: 9 }, status: 204 });
await ask("PATCH", `/sessions/${hall.id}/members/${grace.id}`, { token: ada.token, body: { role: "moderator" }, status: 200 });
await ask("POST", `/sessions/${hall.id}/leave`, { token: linus.token, status: 204 });
await ask("PATCH", `/sessions/${hall.id}`, { token: ada.token, body: { name: "The great hall" }, status: 200 });

const invite = (room, email) =>
  ask("POST", "/invitations", { token: ada.token, body: { sessionId: room.id, email, role: "member" }, status: 201 });
const [accepted, declined] = [await invite(study, grace.email), await invite(study, linus.email)];
await ask("POST", `/invitations/${accepted.id}/accept`, { token: grace.token, status: 200 });
await ask("POST", `/invitations/${declined.id}/decline`, { token: linus.token, status: 200 });
const revoked = await invite(study, linus.email);
await ask("DELETE", `/invitations/${revoked.id}`, { token: ada.token, status: 204 });
await invite(study, "nobody-yet@example.org");
await post(grace, study, { content: "Hello" });

await post(ada, gone, { content: "Soon gone" });
await ask("DELETE", `/sessions/${gone.id}`, { token: ada.token, status: 204 });
await ask("POST", "/notifications/read-all", { token: grace.token, status: 204 });
await ask("PATCH", "/users/me", {
  token: ada.token,
  body: { bio: "Counts" },
  headers: { "idempotency-key": "profile-1" },
  status: 200,
});
await ask("POST", "/auth/logout", { token: linus.token, status: 204 });
