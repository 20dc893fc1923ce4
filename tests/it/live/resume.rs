//! One cursor: what was missed and what comes meet without gap or repeat.

use std::collections::VecDeque;

use futures_util::future::join_all;
use rondo_testkit::{Person, Room, TestApp, on_each_database, within};
use serde_json::{Value, json};

const WRITERS: u64 = 4;
const EACH: u64 = 40;
const LISTENERS: usize = 8;
/// The joining of the second member, and every message.
const EVENTS: u64 = 1 + WRITERS * EACH;

/// Joins after what was heard so far, and hears on up to a position; gives every position in the order of hearing.
async fn hear(person: &Person, room: &Room, after: u64, up_to: u64) -> Vec<u64> {
    let mut socket = person.socket().await;
    let joined = socket.join_after(&room.id, after).await;
    assert_eq!((&joined["recovered"], &joined["more"]), (&json!(true), &json!(false)));
    let replayed: VecDeque<&Value> = joined["events"].as_array().unwrap().iter().collect();
    let mut heard: Vec<u64> = replayed.iter().map(|event| event["position"].as_u64().unwrap()).collect();
    assert_eq!(joined["position"].as_u64().unwrap(), heard.last().copied().unwrap_or(after));
    while heard.last().copied().unwrap_or(after) < up_to {
        heard.push(socket.next_lasting().await.position());
    }
    heard
}

/// Listens to everything, with a new connection after every stretch.
async fn listen(person: Person, room: Room, stretch: u64) -> Vec<u64> {
    let mut heard: Vec<u64> = Vec::new();
    loop {
        let after = heard.last().copied().unwrap_or(0);
        if after >= EVENTS {
            return heard;
        }
        heard.extend(hear(&person, &room, after, EVENTS.min(after + stretch)).await);
    }
}

on_each_database! {
    async fn joining_while_others_write_leaves_no_gap_and_repeats_nothing(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;

        let writing = (0..WRITERS).map(|writer| {
            let (room, author) = (room.clone(), if writer % 2 == 0 { ada.clone() } else { grace.clone() });
            tokio::spawn(async move {
                for number in 0..EACH {
                    room.post(&author, &format!("{writer}-{number}")).await;
                }
            })
        });
        let writing: Vec<_> = writing.collect();
        let listening = (1..=LISTENERS).map(|listener| {
            let person = if listener % 2 == 0 { &ada } else { &grace };
            tokio::spawn(listen(person.clone(), room.clone(), 10 * u64::try_from(listener).unwrap()))
        });
        let listening: Vec<_> = listening.collect();

        within("the writers", join_all(writing)).await.into_iter().for_each(Result::unwrap);
        for heard in within("the listeners", join_all(listening)).await {
            assert_eq!(heard.unwrap(), (1..=EVENTS).collect::<Vec<_>>());
        }
    }

    async fn what_was_missed_is_given_as_the_log_has_it(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        for number in 0..5 {
            room.post(&ada, &format!("message {number}")).await;
        }
        let socket = ada.socket().await;

        let joined = socket.join_after(&room.id, 2).await;

        assert_eq!(*joined["events"].as_array().unwrap(), room.events_after(&ada, 2).await);
        assert_eq!((&joined["position"], &joined["recovered"]), (&json!(5), &json!(true)));
        let beyond = socket.join_after(&room.id, 6).await;
        assert_eq!(
            (&beyond["recovered"], &beyond["events"], &beyond["position"]),
            (&json!(false), &json!([]), &json!(5))
        );
        let refused = socket.refused("session:join", json!({"sessionId": room.id, "after": -1})).await;
        assert_eq!(refused, "validation_failed");
    }

    async fn more_than_five_hundred_are_paged(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let talk = async |writer: usize| {
            for number in 0..51 {
                room.post(&ada, &format!("{writer}-{number}")).await;
            }
        };
        join_all((0..10).map(talk)).await;
        let mut socket = ada.socket().await;

        let joined = socket.join_after(&room.id, 0).await;

        let events = joined["events"].as_array().unwrap();
        assert_eq!((events.len(), &joined["more"], &joined["position"]), (500, &json!(true), &json!(510)));
        let rest = room.events_after(&ada, 500).await;
        assert_eq!(rest.len(), 10);
        room.post(&ada, "live").await;
        assert_eq!(socket.next_lasting().await.position(), 511, "live events begin right after the position");
    }
}
