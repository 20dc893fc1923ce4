//! People and sessions of the run's own, made over REST.

use crate::{
    Outcome,
    http_client::{Connection, request},
    process::run_id,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(15);

/// A person, signed in, and a session of theirs.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) token: String,
    pub(crate) session: String,
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
        let body = json!({
            "email": format!("{name}-{}@probe.example", run_id()),
            "password": format!("pw-{}", run_id()),
            "displayName": name,
        });
        let tokens = self.call("POST", "/api/auth/register", None, Some(&body), 201).await?;
        text(&tokens, "accessToken")
    }

    pub(crate) async fn create_session(&mut self, token: &str, name: &str) -> Outcome<String> {
        let session = self.call("POST", "/api/sessions", Some(token), Some(&json!({ "name": name })), 201).await?;
        text(&session, "id")
    }

    /// The last `seq` that the session has stored.
    pub(crate) async fn last_seq(&mut self, owner: &Owner) -> Outcome<u64> {
        let path = format!("/api/sessions/{}", owner.session);
        let session = self.call("GET", &path, Some(&owner.token), None, 200).await?;
        session["lastSeq"].as_u64().ok_or_else(|| "a session has no lastSeq".into())
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

    async fn call(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
        expected: u16,
    ) -> Outcome<Value> {
        let bytes = request(method, self.addr, path, token, body.map(Value::to_string).as_deref());
        let status = timeout(PATIENCE, self.connection.exchange(&bytes))
            .await
            .map_err(|_| format!("{method} {path} was not answered within {PATIENCE:?}"))??;
        let answer = self.connection.body();
        if status == 429 {
            return Err(format!("{method} {path} was rate limited: start the server with RATE_LIMIT=off").into());
        }
        if status != expected {
            let answer: String = String::from_utf8_lossy(answer).chars().take(300).collect();
            return Err(format!("{method} {path} answered {status}, not {expected}: {answer}").into());
        }
        Ok(serde_json::from_slice(answer).map_err(|error| format!("{method} {path} did not answer JSON: {error}"))?)
    }
}

fn text(value: &Value, field: &str) -> Outcome<String> {
    value[field].as_str().map(str::to_owned).ok_or_else(|| format!("an answer has no {field}").into())
}
