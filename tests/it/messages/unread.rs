//! How posting moves the counts of what is unread.

use std::time::Duration;

use rondo_testkit::{Person, Room, TestApp, eventually, on_each_database};

/// How soon the list tells what others did: two seconds, and what a busy machine takes.
const LISTED: Duration = Duration::from_secs(2 + 8);

async fn unread(room: &Room, person: &Person) -> u64 {
    let session = room.seen_by(person).await;
    eventually("the list and the session agree", LISTED, async || {
        let list = person.get("/api/sessions").await.told(200);
        list["items"][0]["unreadCount"] == session["unreadCount"]
    })
    .await;
    session["unreadCount"].as_u64().unwrap()
}

on_each_database! {
    async fn posting_reads_what_came_before_and_is_unread_to_others(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.post(&ada, "before grace came").await;
        room.join(&grace).await;
        let at_first = unread(&room, &grace).await;

        room.post(&ada, "two").await;
        room.post(&ada, "three").await;

        assert_eq!(unread(&room, &ada).await, 0);
        assert_eq!(unread(&room, &grace).await, at_first + 2);
        room.post(&grace, "four").await;
        assert_eq!((unread(&room, &ada).await, unread(&room, &grace).await), (1, 0));
    }

    async fn what_was_said_before_one_came_is_not_unread(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.post(&ada, "before grace came").await;

        let session = room.join(&grace).await;

        assert_eq!(session["unreadCount"], 0);
    }
}
