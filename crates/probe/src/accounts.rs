//! People and sessions of the run's own, made over REST.

use crate::{
    Outcome,
    http_client::{Connection, Request},
    process::run_id,
};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinSet, time::timeout};

const PATIENCE: Duration = Duration::from_secs(15);
/// Connections over which many people are made at once.
const SIDE_BY_SIDE: usize = 16;

/// A person, signed in, and a session of theirs.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) token: String,
    pub(crate) session: String,
}

/// A public session and the access tokens of those who have joined it, its owner apart.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) owner: Owner,
    pub(crate) members: Vec<String>,
}

/// Calls the REST surface as somebody, one request at a time.
#[derive(Debug)]
pub(crate) struct Rest {
    addr: SocketAddr,
    connection: Connection,
}

impl Rest {
    pub(crate) async fn open(addr: SocketAddr) -> Outcome<Self> {
        Ok(Self { addr, connection: Connection::open(addr).await? })
    }

    /// Registers somebody new; gives the access token.
    pub(crate) async fn register(&mut self, name: &str) -> Outcome<String> {
        let (email, password) = (format!("{name}-{}@probe.example", run_id()), format!("pw-{}", run_id()));
        self.register_as(name, &email, &password).await
    }

    pub(crate) async fn register_as(&mut self, name: &str, email: &str, password: &str) -> Outcome<String> {
        let body = json!({ "email": email, "password": password, "displayName": name }).to_string();
        text(&self.post("/api/auth/register", None, &body, 201).await?, "accessToken")
    }

    pub(crate) async fn create_session(&mut self, token: &str, name: &str) -> Outcome<String> {
        let body = json!({ "name": name, "visibility": "public" }).to_string();
        text(&self.post("/api/sessions", Some(token), &body, 201).await?, "id")
    }

    /// Joins a public session.
    pub(crate) async fn join(&mut self, token: &str, session: &str) -> Outcome<()> {
        self.post(&format!("/api/sessions/{session}/join"), Some(token), "{}", 200).await.map(drop)
    }

    pub(crate) async fn say(&mut self, owner: &Owner, content: &str) -> Outcome<()> {
        let body = json!({ "content": content }).to_string();
        self.post(&format!("/api/sessions/{}/messages", owner.session), Some(&owner.token), &body, 201).await.map(drop)
    }

    pub(crate) async fn session(&mut self, owner: &Owner) -> Outcome<Value> {
        self.get(&format!("/api/sessions/{}", owner.session), &owner.token).await
    }

    /// The last `seq` that the session has stored.
    pub(crate) async fn last_seq(&mut self, owner: &Owner) -> Outcome<u64> {
        self.session(owner).await?["lastSeq"].as_u64().ok_or_else(|| "a session has no lastSeq".into())
    }

    pub(crate) async fn last_position(&mut self, owner: &Owner) -> Outcome<u64> {
        self.session(owner).await?["lastPosition"].as_u64().ok_or_else(|| "a session has no lastPosition".into())
    }

    /// `count` people with a session each.
    pub(crate) async fn owners(&mut self, count: u32) -> Outcome<Vec<Owner>> {
        let mut owners = Vec::new();
        for number in 1..=count {
            let token = self.register(&format!("probe-{number}")).await?;
            let session = self.create_session(&token, &format!("Probe {number}")).await?;
            owners.push(Owner { token, session });
        }
        Ok(owners)
    }

    pub(crate) async fn get(&mut self, path: &str, token: &str) -> Outcome<Value> {
        self.call(Request::get(path).by(token), 200).await
    }

    async fn post(&mut self, path: &str, token: Option<&str>, body: &str, expected: u16) -> Outcome<Value> {
        self.call(Request { token, ..Request::post(path, body) }, expected).await
    }

    pub(crate) async fn call(&mut self, request: Request<'_>, expected: u16) -> Outcome<Value> {
        let body = self.bytes(request, expected).await?;
        Ok(serde_json::from_slice(body)
            .map_err(|error| format!("{} {} did not answer JSON: {error}", request.method, request.path))?)
    }

    /// The body of the answer as it came.
    pub(crate) async fn bytes(&mut self, request: Request<'_>, expected: u16) -> Outcome<&[u8]> {
        let what = format!("{} {}", request.method, request.path);
        let status = timeout(PATIENCE, self.connection.exchange(&request.bytes(self.addr)))
            .await
            .map_err(|_| format!("{what} was not answered within {PATIENCE:?}"))??;
        let answer = self.connection.body();
        if status == 429 {
            return Err(format!("{what} was rate limited: start the server with RATE_LIMIT=off").into());
        }
        if status != expected {
            let answer: String = String::from_utf8_lossy(answer).chars().take(300).collect();
            return Err(format!("{what} answered {status}, not {expected}: {answer}").into());
        }
        Ok(answer)
    }

    /// A header of the last answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.connection.header(name)
    }
}

/// Registers so many people side by side; gives their access tokens.
pub(crate) async fn people(addr: SocketAddr, count: u32) -> Outcome<Vec<String>> {
    let next = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..SIDE_BY_SIDE {
        let next = Arc::clone(&next);
        tasks.spawn(async move {
            let (mut rest, mut tokens) = (Rest::open(addr).await?, Vec::new());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok::<_, crate::Failure>(tokens);
                }
                tokens.push(rest.register(&format!("probe-{number}")).await?);
            }
        });
    }
    let mut tokens = Vec::new();
    while let Some(done) = tasks.join_next().await {
        tokens.extend(done??);
    }
    Ok(tokens)
}

/// Owners of rooms that this run has made.
static OWNERS: AtomicU32 = AtomicU32::new(1);

/// Spreads people over new sessions, in turn; each joins one.
pub(crate) async fn rooms(addr: SocketAddr, count: usize, people: &[String]) -> Outcome<Vec<Room>> {
    let mut rest = Rest::open(addr).await?;
    let mut rooms = Vec::new();
    for number in 1..=count {
        let owner = OWNERS.fetch_add(1, Ordering::Relaxed);
        let token = rest.register(&format!("owner-{owner}")).await?;
        let session = rest.create_session(&token, &format!("Room {number}")).await?;
        let members = people.iter().skip(number - 1).step_by(count).cloned().collect();
        rooms.push(Room { owner: Owner { token, session }, members });
    }
    let mut joins = Vec::new();
    for room in &rooms {
        joins.extend(room.members.iter().map(|token| (token.clone(), room.owner.session.clone())));
    }
    join_all(addr, joins).await?;
    Ok(rooms)
}

/// Joins people to public sessions, side by side.
async fn join_all(addr: SocketAddr, joins: Vec<(String, String)>) -> Outcome<()> {
    let joins: Arc<[(String, String)]> = joins.into();
    let mut tasks = JoinSet::new();
    for first in 0..SIDE_BY_SIDE {
        let joins = Arc::clone(&joins);
        tasks.spawn(async move {
            let mut rest = Rest::open(addr).await?;
            for (token, session) in joins.iter().skip(first).step_by(SIDE_BY_SIDE) {
                rest.join(token, session).await?;
            }
            Ok::<_, crate::Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

fn text(value: &Value, field: &str) -> Outcome<String> {
    value[field].as_str().map(str::to_owned).ok_or_else(|| format!("an answer has no {field}").into())
}
