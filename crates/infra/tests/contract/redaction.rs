use rondo_domain::{
    clock::Clock as _,
    event::{EventKind, SessionEvent},
    ids::{MessageId, SessionId, UserId},
    message::Message,
    page::{Limit, MessageKey},
    policy::Role,
    session::Visibility,
    store::{EventLog as _, MessageReads as _, MessageWriter as _, NotificationReads as _, Store as _, StoreError},
};
use rondo_infra::db::writer::{Writer, WriterSettings};
use rondo_wire::view::MessageView;
use serde_json::json;

use crate::harness::{House, on_both, soon};

/// What the log tells, as `(kind, what the message said)`.
async fn told(house: &House, session: SessionId) -> Vec<(EventKind, Option<String>)> {
    let events = house.store.events(session, 0, i64::MAX, Limit::EVENTS_MAX).await.unwrap();
    let said = |data: &str| {
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        data["content"].as_str().map(str::to_owned)
    };
    events.iter().map(|event| (event.kind, said(&event.data))).collect()
}

async fn edit(house: &House, message: &Message, text: &str) -> Message {
    house.clock.advance(1_000);
    let edited = Message { content: Some(text.to_owned()), edited_at: Some(house.clock.now()), ..message.clone() };
    let mut tx = house.store.begin().await.unwrap();
    tx.lock_session(message.session_id).await.unwrap().unwrap();
    tx.edit_message(&edited).await.unwrap();
    tx.append(&SessionEvent::MessageUpdated(edited.clone())).await.unwrap();
    tx.commit().await.unwrap();
    edited
}

fn buried(house: &House, message: &Message) -> Message {
    Message { content: None, deleted_at: Some(house.clock.now()), ..message.clone() }
}

on_both! {
    async fn an_edited_message_reads_back(house: &House) {
        let ada = house.person("Ada").await;
        let (room, other) = (house.room(&ada).await, house.room(&ada).await);
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let message = soon(writer.post(house.named_post(room.id, &ada, "first", "name"))).await.unwrap().message;
        assert_eq!(house.store.message(message.id).await.unwrap(), Some(message.clone()));
        assert_eq!(house.store.message(MessageId::generate()).await.unwrap(), None);
        let edited = edit(house, &message, "second ñ 🦤").await;
        assert_eq!(house.store.message(message.id).await.unwrap(), Some(edited.clone()));
        let mut tx = house.store.begin().await.unwrap();
        assert_eq!(tx.locked_message(room.id, message.id).await.unwrap(), Some(edited));
        assert_eq!(tx.locked_message(other.id, message.id).await.unwrap(), None);
        let nowhere = Message { id: MessageId::generate(), ..message };
        assert!(matches!(tx.edit_message(&nowhere).await, Err(StoreError::Corrupt(_))));
    }

    async fn what_a_deleted_message_said_is_gone_from_the_kept_events_too(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let post = async |text: &str| soon(writer.post(house.post(room.id, &ada, text))).await.unwrap().message;
        let (before, secret, after) = (post("before").await, post("secret").await, post("after").await);
        let mut last = edit(house, &secret, "secret 0").await;
        edit(house, &before, "before, edited").await;
        for n in 1..12 {
            last = edit(house, &secret, &format!("secret {n}")).await;
        }

        let gone = buried(house, &last);
        let mut tx = house.store.begin().await.unwrap();
        tx.lock_session(room.id).await.unwrap().unwrap();
        tx.bury_message(&gone).await.unwrap();
        drop(tx);
        assert!(told(house, room.id).await.iter().all(|(_, said)| said.is_some()), "nothing was committed");

        let mut tx = house.store.begin().await.unwrap();
        tx.lock_session(room.id).await.unwrap().unwrap();
        tx.bury_message(&gone).await.unwrap();
        tx.append(&SessionEvent::MessageDeleted(gone.clone())).await.unwrap();
        tx.commit().await.unwrap();

        assert_eq!(house.store.message(secret.id).await.unwrap(), Some(gone.clone()));
        let page = house.store.messages(room.id, MessageKey::After(0), Limit::default()).await.unwrap();
        assert_eq!(page.items.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(page.items[1], gone);

        let told = told(house, room.id).await;
        let kept: Vec<_> = told.iter().filter_map(|(_, said)| said.as_deref()).collect();
        assert_eq!(kept, ["before", after.content.as_deref().unwrap(), "before, edited"]);
        let kinds: Vec<_> = told.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds[..3], [EventKind::MessageCreate; 3]);
        assert_eq!(kinds[3..16], [EventKind::MessageUpdate; 13]);
        assert_eq!(kinds[16..], [EventKind::MessageDelete]);
        let events = house.store.events(room.id, 1, 2, Limit::EVENTS_MAX).await.unwrap();
        let data: serde_json::Value = serde_json::from_str(&events[0].data).unwrap();
        let expected = Message { content: None, ..secret };
        assert_eq!(data, serde_json::to_value(MessageView::from(&expected)).unwrap(), "only the content went");
    }

    async fn a_deleted_message_is_neither_edited_nor_found_elsewhere(house: &House) {
        let ada = house.person("Ada").await;
        let (room, other) = (house.room(&ada).await, house.room(&ada).await);
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let message = soon(writer.post(house.post(room.id, &ada, "hello"))).await.unwrap().message;
        let mut tx = house.store.begin().await.unwrap();
        tx.bury_message(&buried(house, &message)).await.unwrap();
        assert!(matches!(tx.edit_message(&message).await, Err(StoreError::Corrupt(_))));
        let elsewhere = Message { session_id: other.id, ..buried(house, &message) };
        assert!(matches!(tx.bury_message(&elsewhere).await, Err(StoreError::Corrupt(_))));
    }

    async fn the_mentions_of_a_message_follow_it_alone(house: &House) {
        let people = house.people(3).await;
        let members: Vec<_> = people.iter().map(|user| (user, Role::Member)).collect();
        let room = house.session("Fulbito", Visibility::Private, &members).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let text = format!("<@{}> <@{}>", people[1].id, people[2].id);
        let post = async || soon(writer.post(house.post(room.id, &people[0], &text))).await.unwrap().message;
        let (message, other) = (post().await, post().await);
        let excerpts = async |user: UserId| {
            let page = house.store.notifications(user, false, None, Limit::default()).await.unwrap();
            let told = |data: &str| serde_json::from_str::<serde_json::Value>(data).unwrap()["excerpt"].clone();
            page.items.iter().map(|stored| told(&stored.data)).collect::<Vec<_>>()
        };
        let before = house.bus.stale().len();
        let edited = edit(house, &message, &"ñ".repeat(300)).await;
        let quoted: Vec<_> = people[1..].iter().map(|user| user.id).collect();
        assert_eq!(house.bus.stale()[before..], quoted, "their kept answers may quote it");
        assert_eq!(excerpts(people[1].id).await, [json!(text), json!("ñ".repeat(200))]);
        let mut tx = house.store.begin().await.unwrap();
        tx.bury_message(&buried(house, &edited)).await.unwrap();
        drop(tx);
        assert_eq!(excerpts(people[2].id).await[1], json!("ñ".repeat(200)), "nothing was committed");
        let mut tx = house.store.begin().await.unwrap();
        tx.bury_message(&buried(house, &edited)).await.unwrap();
        tx.commit().await.unwrap();

        for user in &people[1..] {
            assert_eq!(excerpts(user.id).await, [json!(other.content), json!(null)]);
        }
    }

    async fn an_edit_that_outgrows_one_statement_is_taken_out_as_well(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let mut last = soon(writer.post(house.post(room.id, &ada, "short"))).await.unwrap().message;
        for n in 0..6 {
            last = edit(house, &last, &format!("{n}{}", "🦤".repeat(3_999))).await;
        }
        let mut tx = house.store.begin().await.unwrap();
        tx.bury_message(&buried(house, &last)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(told(house, room.id).await.iter().all(|(_, said)| said.is_none()));
    }
}
