//! Two hundred who write at once.

use futures_util::future::join_all;
use rondo_testkit::{Person, Room, TestApp, on_each_database};
use serde_json::Value;

use super::crowd::{read_back, send};

const WRITERS: usize = 200;
const EACH: usize = 3;

async fn people(app: &TestApp, count: usize) -> Vec<Person> {
    join_all((0..count).map(async |number| app.user(&format!("person-{number}")).await)).await
}

/// Has 200 writers post at once, and insists that each message is acknowledged as it is then read.
async fn write_and_read_back(rooms: &[(Room, [Person; 2])]) {
    let writing = (0..WRITERS).map(|writer| {
        let (room, members) = rooms[writer % rooms.len()].clone();
        let author = members[writer / rooms.len() % 2].clone();
        tokio::spawn(async move {
            let mut acknowledged: Vec<Value> = Vec::new();
            for number in 0..EACH {
                let (status, message) = send(&room, &author, &format!("{writer}-{number}")).await.unwrap();
                assert_eq!(status, 201, "{message}");
                assert_eq!(message["author"]["id"], author.id);
                let last = acknowledged.last().map_or(0, |message| message["seq"].as_u64().unwrap());
                assert!(message["seq"].as_u64().unwrap() > last, "who waits for an answer writes in order");
                acknowledged.push(message);
            }
            acknowledged
        })
    });
    let acknowledged: Vec<_> = join_all(writing).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(acknowledged.len(), WRITERS * EACH);

    let mut written = 0;
    for (room, members) in rooms {
        let stored = read_back(room, &members[0]).await;
        written += stored.len();
        for message in acknowledged.iter().filter(|message| message["sessionId"] == room.id) {
            assert_eq!(stored[message["clientMessageId"].as_str().unwrap()], *message);
        }
    }
    assert_eq!(written, acknowledged.len());
}

on_each_database! {
    async fn two_hundred_writers_in_one_session_are_all_counted(app: TestApp) {
        let people = people(&app, 2).await;
        let room = app.session().public().owned_by(&people[0]).create().await;
        room.join(&people[1]).await;

        write_and_read_back(&[(room, [people[0].clone(), people[1].clone()])]).await;
    }

    async fn two_hundred_writers_in_fifty_sessions_are_all_counted(app: TestApp) {
        let people = people(&app, 8).await;
        let rooms = join_all((0..50).map(async |number| {
            let members = [people[number % 8].clone(), people[(number + 1) % 8].clone()];
            let room = app.session().public().owned_by(&members[0]).create().await;
            room.join(&members[1]).await;
            (room, members)
        }));

        write_and_read_back(&rooms.await).await;
    }
}
