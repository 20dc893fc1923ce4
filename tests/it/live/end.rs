//! Who loses a session loses its room at once.

use std::sync::Arc;

use rondo_testkit::{Backend, Person, Room, Socket, TestApp, TestDb, on_each_database};
use serde_json::json;

/// A room with its two members, each with a connection that joined.
async fn room(app: &TestApp) -> (Room, [Person; 2], [Socket; 2]) {
    let people = [app.user("ada").await, app.user("grace").await];
    let room = app.session().public().owned_by(&people[0]).create().await;
    room.join(&people[1]).await;
    let sockets = [people[0].socket().await, people[1].socket().await];
    for socket in &sockets {
        socket.join(&room.id).await;
    }
    (room, people, sockets)
}

on_each_database! {
    async fn who_leaves_hears_of_it_last_on_every_connection(app: TestApp) {
        let (room, [ada, grace], [mut hers, first]) = room(&app).await;
        let second = grace.socket().await;
        second.join(&room.id).await;
        room.post(&ada, "one").await;

        room.leave(&grace).await;
        // Rooms are told in order: once ada heard the last message, whatever the others brought grace is sent.
        for _ in 0..3 {
            room.post(&ada, "without grace").await;
        }

        for _ in 0..4 {
            hers.next_event("message:create").await;
        }
        for mut socket in [first, second] {
            let refused = socket.refused("message:create", json!({"sessionId": room.id, "content": "hi"})).await;
            assert_eq!(refused, "forbidden");
            assert_eq!(socket.refused("session:join", json!({"sessionId": room.id})).await, "forbidden");
            let heard = socket.heard_lasting();
            let names: Vec<_> = heard.iter().map(|event| event.name.as_str()).collect();
            assert_eq!(names, ["message:create", "member:remove"]);
            let expected = json!({"sessionId": room.id, "userId": grace.id, "position": 3});
            assert_eq!(heard[1].data, expected);
        }
    }

    async fn who_joins_again_and_is_refused_stays_in_the_room(backend: Backend) {
        let database = Arc::new(TestDb::create(backend).await);
        let app = TestApp::over(&database, &[]).await;
        let (room, [ada, grace], [_, mut socket]) = room(&app).await;

        database.run("ALTER TABLE session_event RENAME TO somewhere_else").await;
        let again = json!({"sessionId": room.id, "after": 0});
        assert_ne!(socket.ask("session:join", again).await["ok"], true);
        database.run("ALTER TABLE somewhere_else RENAME TO session_event").await;

        room.post(&ada, "still heard").await;
        assert_eq!(socket.next_event("message:create").await.data["content"], "still heard");
        let present = ada.get(&room.path("/presence")).await.told(200);
        assert_eq!(present["presenceCount"], 2);
        room.leave(&grace).await;
        socket.next_event("member:remove").await;
    }

    async fn who_comes_back_hears_again(app: TestApp) {
        let (room, [ada, grace], [_, mut socket]) = room(&app).await;
        room.leave(&grace).await;
        socket.next_event("member:remove").await;
        room.join(&grace).await;

        let joined = socket.join_after(&room.id, 2).await;

        assert_eq!(joined["events"][0]["type"], "member:update");
        let message = room.post(&ada, "welcome back").await;
        assert_eq!(socket.next_event("message:create").await.data["id"], message["id"]);
    }

    async fn a_deleted_session_is_heard_of_last_by_all(app: TestApp) {
        let (room, [ada, _], sockets) = room(&app).await;
        room.post(&ada, "one").await;

        ada.delete(&room.path("")).await.assert_status(204);

        for mut socket in sockets {
            let heard = [socket.next_event("message:create").await, socket.next_event("session:delete").await];
            assert_eq!(heard[1].data, json!({"sessionId": room.id, "position": 3}));
            assert_eq!(socket.refused("session:join", json!({"sessionId": room.id})).await, "not_found");
            let send = json!({"sessionId": room.id, "content": "hi"});
            assert_eq!(socket.refused("message:create", send).await, "not_found");
            assert_eq!(socket.heard_lasting(), []);
        }
    }

    async fn who_was_away_when_it_was_deleted_still_hears_of_it(app: TestApp) {
        let (room, [ada, _], [_, socket]) = room(&app).await;
        drop(socket);
        ada.delete(&room.path("")).await.assert_status(204);

        let joined = ada.socket().await.join_after(&room.id, 1).await;

        assert_eq!(
            joined["events"],
            json!([{"type": "session:delete", "position": 2, "data": {"sessionId": room.id}}])
        );
    }

    async fn who_leaves_the_room_alone_stays_a_member(app: TestApp) {
        let (room, [ada, grace], [mut hers, mut socket]) = room(&app).await;

        socket.done("session:leave", json!({"sessionId": room.id})).await;
        for _ in 0..2 {
            room.post(&ada, "hi").await;
            hers.next_event("message:create").await;
        }

        let send = json!({"sessionId": room.id, "content": "I am still here"});
        socket.done("message:create", send).await;
        hers.next_event("message:create").await;
        assert_eq!(socket.heard_lasting(), []);
        assert_eq!(room.messages(&grace).await.len(), 3);
    }
}
