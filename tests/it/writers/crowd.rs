//! People who write until they are stopped, and what they remember of it.

use std::collections::HashMap;

use rondo_testkit::{Person, Room, shape::assert_counted};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle};

/// What one writer knows when it stops.
#[derive(Default)]
pub(super) struct Diary {
    /// What was acknowledged.
    pub(super) acknowledged: Vec<Value>,
    /// The name of the message that was under way.
    pub(super) pending: Option<String>,
}

/// Writes one message after the other, each under a name of its own, until one is not acknowledged. Tells of each that
/// is.
pub(super) fn write(room: &Room, author: &Person, writer: usize, told: mpsc::UnboundedSender<()>) -> JoinHandle<Diary> {
    let (room, author) = (room.clone(), author.clone());
    tokio::spawn(async move {
        let mut diary = Diary::default();
        for number in 1.. {
            let name = format!("{writer}-{number}");
            match send(&room, &author, &name).await {
                Ok((201, message)) => diary.acknowledged.push(message),
                Ok((200, message)) => panic!("{message} was never sent before"),
                Ok(_) | Err(_) => {
                    diary.pending = Some(name);
                    break;
                }
            }
            // Nobody listens once the server is to fall.
            let _ = told.send(());
        }
        diary
    })
}

/// Sends the message of this name, or sends it again.
pub(super) async fn send(room: &Room, author: &Person, name: &str) -> Result<(u16, Value), String> {
    let body = json!({"content": format!("this is {name}"), "clientMessageId": name});
    let answer = author.post(&room.path("/messages")).json(body).attempt().await?;
    Ok((answer.status, answer.body))
}

/// Insists that messages and events of a room count without gap or repeat and tell the same, and gives the messages by
/// the name that their client gave them.
pub(super) async fn read_back(room: &Room, reader: &Person) -> HashMap<String, Value> {
    let messages = room.messages(reader).await;
    assert_counted(&messages, "seq", messages.len());
    let events = room.events(reader).await;
    assert_counted(&events, "position", events.len());
    let told = events.iter().filter(|event| event["type"] == "message:create").map(|event| &event["data"]);
    assert!(told.eq(&messages), "the log tells of each message once, in order");
    let session = room.seen_by(reader).await;
    assert_eq!((&session["lastSeq"], &session["lastPosition"]), (&json!(messages.len()), &json!(events.len())));
    let count = messages.len();
    let named: HashMap<_, _> = messages
        .into_iter()
        .map(|message| (message["clientMessageId"].as_str().unwrap().to_owned(), message))
        .collect();
    assert_eq!(named.len(), count, "no message is there twice");
    named
}
