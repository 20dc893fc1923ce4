//! `typing:start`, `typing:stop` and `message:read`: passing things.

use std::time::{Duration, Instant};

use rondo_testkit::{TestApp, on_each_database, shape::assert_user};
use serde_json::json;

on_each_database! {
    async fn the_room_but_the_sender_sees_who_types(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let (mut hers, mut other) = (ada.socket().await, grace.socket().await);
        hers.join(&room.id).await;
        let typing = || json!({"sessionId": room.id});
        assert_eq!(other.refused("typing:start", typing()).await, "not_joined");
        other.join(&room.id).await;

        other.done("typing:start", typing()).await;
        other.done("typing:stop", typing()).await;

        for name in ["typing:start", "typing:stop"] {
            let heard = hers.next_event(name).await.data;
            assert_user(&heard["user"]);
            assert_eq!((&heard["sessionId"], &heard["user"]["id"]), (&json!(room.id), &json!(grace.id)));
            assert!(heard.get("position").is_none(), "{heard}");
        }
        room.post(&ada, "after").await;
        other.next_event("message:create").await;
        assert!(other.heard().iter().all(|event| !event.name.starts_with("typing")));
        assert_eq!(room.seen_by(&ada).await["lastPosition"], 2);
    }

    async fn a_start_without_renewal_stops_by_itself(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let (mut hers, other) = (ada.socket().await, grace.socket().await);
        hers.join(&room.id).await;
        other.join(&room.id).await;
        other.done("typing:start", json!({"sessionId": room.id})).await;
        hers.next_event("typing:start").await;
        hers.next_event("typing:stop").await;
    }

    async fn who_is_removed_types_no_more(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let (mut hers, other) = (ada.socket().await, grace.socket().await);
        hers.join(&room.id).await;
        other.join(&room.id).await;
        other.done("typing:start", json!({"sessionId": room.id})).await;
        hers.next_event("typing:start").await;

        ada.delete(&room.member_path(&grace)).await.assert_status(204);
        let removed = Instant::now();

        assert_eq!(hers.next_event("typing:stop").await.data["user"]["id"], grace.id);
        assert!(removed.elapsed() < Duration::from_secs(4), "it ended by itself");
    }

    async fn read_markers_move_on_and_never_back(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let mut hers = ada.socket().await;
        hers.join(&room.id).await;
        for _ in 0..3 {
            room.post(&ada, "hi").await;
        }
        let read = async |seq: i64| grace.put(&room.path("/read")).json(json!({"seq": seq})).await;

        read(2).await.assert_status(204);
        assert_eq!(hers.next_event("message:read").await.data, json!({"sessionId": room.id, "userId": grace.id, "seq": 2}));
        read(1).await.assert_status(204);
        assert_eq!(room.seen_by(&grace).await["unreadCount"], 1);
        read(99).await.assert_status(204);
        assert_eq!(hers.next_event("message:read").await.data["seq"], 3);
        assert_eq!(room.seen_by(&grace).await["unreadCount"], 0);
        read(-1).await.assert_field("seq", "out_of_range");
    }
}
