//! `Idempotency-Key`: effect once, however often the connection breaks.

use std::{collections::HashSet, time::Duration};

use rondo_testkit::{Person, Site, TestApp, on_each_database, shape::assert_counted, within};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::random::dice::Dice;

const ROUNDS: usize = 40;
/// How often a request is cut before it is let through.
const CUTS: usize = 4;

/// A request that is sent by hand, so that it can be cut anywhere.
struct Raw<'a> {
    site: &'a Site,
    text: String,
}

impl<'a> Raw<'a> {
    fn post(site: &'a Site, person: &Person, path: &str, key: &str, body: &Value) -> Self {
        let (body, token) = (body.to_string(), person.token());
        let text = format!(
            "POST {path} HTTP/1.1\r\nhost: rondo\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
             idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        Self { site, text }
    }

    /// Breaks off somewhere in the request, or while it is answered.
    async fn cut(&self, dice: &mut Dice) {
        let mut stream = TcpStream::connect(self.site.address()).await.unwrap();
        let bytes = self.text.as_bytes();
        let sent = if dice.below(3) == 0 { dice.below(bytes.len()) } else { bytes.len() };
        stream.write_all(&bytes[..sent]).await.unwrap();
        let moment = Duration::from_micros(u64::try_from(dice.below(6_000)).unwrap());
        drop(timeout(moment, stream.read(&mut [0])).await);
    }

    /// The status and the body.
    async fn whole(&self) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.site.address()).await.unwrap();
        stream.write_all(self.text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        within("an answer", stream.read_to_string(&mut answer)).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Is cut a few times, then asks until it is answered; gives what was made.
    async fn persist(&self, dice: &mut Dice) -> Value {
        for _ in 0..dice.below(CUTS) {
            self.cut(dice).await;
        }
        let asking = async {
            loop {
                match self.whole().await {
                    (201, made) => return made,
                    (409, problem) => assert_eq!(problem["code"], "idempotency_in_progress"),
                    (status, body) => panic!("answered {status}: {body}"),
                }
            }
        };
        within("an answer that is no refusal", asking).await
    }
}

on_each_database! {
    async fn what_is_asked_again_and_again_happens_once(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let mut dice = Dice::roll();
        let mut made = HashSet::from([room.id.clone()]);
        let mut posted = Vec::new();
        for round in 0..ROUNDS {
            let body = json!({"name": format!("room {round}")});
            let session = Raw::post(&app, &ada, "/api/sessions", &format!("s-{round}"), &body).persist(&mut dice).await;
            assert_eq!(session["name"], body["name"]);
            assert!(made.insert(session["id"].as_str().unwrap().to_owned()));
            let body = json!({"content": format!("message {round}")});
            let raw = Raw::post(&app, &ada, &room.path("/messages"), &format!("m-{round}"), &body);
            posted.push(raw.persist(&mut dice).await);
        }

        let sessions = ada.get("/api/sessions?limit=100").await.told(200);
        let there: Vec<_> = sessions["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(there.len(), made.len());
        assert!(there.iter().all(|id| made.contains(*id)));
        let messages = room.messages(&ada).await;
        assert_counted(&messages, "seq", ROUNDS);
        assert_eq!(messages, posted);
        assert_eq!(room.events(&ada).await.len(), ROUNDS);
    }

    async fn a_repeated_request_says_so_and_another_body_is_refused(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let send = async |person: &Person, name: &str| {
            person.post("/api/sessions").header("idempotency-key", "k-1").json(json!({"name": name})).await
        };
        let first = send(&ada, "A room").await;
        let again = send(&ada, "A room").await;
        assert_eq!((first.status, again.status), (201, 201));
        assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
        assert_eq!((&again.body, again.header("location")), (&first.body, first.header("location")));
        send(&ada, "Another").await.assert_problem(422, "idempotency_mismatch");
        assert_ne!(send(&grace, "A room").await.told(201)["id"], first.body["id"], "a key is a person's own");
    }
}
