use rondo_infra::db::Database;
use sea_orm::ConnectionTrait as _;

use crate::harness::{House, on_both, soon};

const TABLES: [&str; 11] = [
    "app_user",
    "login",
    "refresh_token",
    "session",
    "membership",
    "message",
    "session_event",
    "invitation",
    "notification",
    "idempotency_key",
    "chore",
];

async fn standing(house: &House) -> Vec<&'static str> {
    let raw = house.raw().await;
    let mut standing = Vec::new();
    for table in TABLES {
        if raw.execute_unprepared(&format!("SELECT 1 FROM {table} WHERE 1 = 0")).await.is_ok() {
            standing.push(table);
        }
    }
    raw.close().await.unwrap();
    standing
}

on_both! {
    async fn the_schema_goes_up_down_and_up_again(house: &House) {
        assert_eq!(standing(house).await, TABLES);
        for kept in [11, 11, 10, 10, 7] {
            house.db.revert(Some(1)).await.unwrap(); // the first two and the fourth are indexes alone
            assert_eq!(standing(house).await, TABLES[..kept]);
        }
        house.db.revert(Some(1)).await.unwrap();
        assert_eq!(standing(house).await, TABLES[..5]);
        house.db.revert(None).await.unwrap();
        assert!(standing(house).await.is_empty());
        house.db.migrate().await.unwrap();
        house.db.migrate().await.unwrap();
        assert_eq!(standing(house).await, TABLES);
        house.person("Ada").await;
    }

    async fn several_nodes_may_start_at_once(house: &House) {
        house.db.revert(None).await.unwrap();
        let nodes = (0..4).map(|_| {
            let settings = house.settings.clone();
            tokio::spawn(async move {
                let db = Database::connect(&settings).await.unwrap();
                let outcome = db.migrate().await;
                db.close().await;
                outcome
            })
        });
        for node in nodes.collect::<Vec<_>>() {
            soon(node).await.unwrap().unwrap();
        }
        assert_eq!(standing(house).await, TABLES);
    }

    async fn the_schema_itself_keeps_the_rules(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let raw = house.raw().await;
        let id = |id: uuid::Uuid| {
            if house.is_postgres() { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
        };
        let (room, ada) = (id(room.id.0), id(ada.id.0));
        let message = |message: &str, seq: i64, content: &str, reply_to: &str, deleted_at: &str| {
            let message = id(message.parse().unwrap());
            format!(
                "INSERT INTO message (id, session_id, seq, author_id, content, reply_to, position, created_at, deleted_at) \
                 VALUES ({message}, {room}, {seq}, {ada}, {content}, {reply_to}, 1, '2026-01-01T00:00:00+00:00', {deleted_at})"
            )
        };
        let (one, other) = ("00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002");
        let gone = "'2026-01-01T00:00:00+00:00'";
        let refused = [
            format!("UPDATE session SET visibility = 'secret' WHERE id = {room}"),
            format!("UPDATE session SET log_floor = last_position + 1 WHERE id = {room}"),
            format!("UPDATE session SET member_count = -1 WHERE id = {room}"),
            format!("UPDATE membership SET role = 'king' WHERE session_id = {room}"),
            format!("UPDATE membership SET read_seq = -1 WHERE session_id = {room}"),
            message(one, 0, "'hello'", "NULL", "NULL"),
            message(one, 1, "NULL", "NULL", "NULL"),
            message(one, 1, "'hello'", "NULL", gone),
            message(one, 1, "'hello'", &id(other.parse().unwrap()), "NULL"),
        ];
        for sql in refused {
            assert!(raw.execute_unprepared(&sql).await.is_err(), "{sql}");
        }
        raw.execute_unprepared(&message(one, 1, "'hello'", "NULL", "NULL")).await.unwrap();
        raw.execute_unprepared(&message(other, 2, "NULL", &id(one.parse().unwrap()), gone)).await.unwrap();
        assert!(raw.execute_unprepared(&message("00000000-0000-7000-8000-000000000003", 2, "'x'", "NULL", "NULL")).await.is_err());
        raw.close().await.unwrap();
    }

    async fn the_schema_keeps_the_rules_of_invitations_notifications_and_keys(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let raw = house.raw().await;
        let bytes = |hex: &str| if house.is_postgres() { format!("'\\x{hex}'") } else { format!("x'{hex}'") };
        let id = |id: uuid::Uuid| {
            if house.is_postgres() { format!("'{id}'") } else { bytes(&id.simple().to_string()) }
        };
        let (room, ada, at) = (id(room.id.0), id(ada.id.0), "'2026-01-01T00:00:00+00:00'");
        let new = || id(rondo_domain::InvitationId::generate().0);
        let invitation = |role: &str, status: &str, settled_at: &str| {
            let columns = "id, session_id, inviter_id, email, role, status, expires_at, created_at, settled_at";
            let id = new();
            format!(
                "INSERT INTO invitation ({columns}) \
                 VALUES ({id}, {room}, {ada}, 'a@b.org', '{role}', '{status}', {at}, {at}, {settled_at})"
            )
        };
        let notification = |user: &str, kind: &str| {
            let id = new();
            format!(
                "INSERT INTO notification (id, user_id, kind, data, created_at) VALUES ({id}, {user}, '{kind}', '{{}}', {at})"
            )
        };
        let key = |user: &str, bytes_of_print: usize, status: i32| {
            let print = bytes(&"07".repeat(bytes_of_print));
            format!(
                "INSERT INTO idempotency_key (user_id, key, fingerprint, status, body, created_at) \
                 VALUES ({user}, 'k', {print}, {status}, '', {at})"
            )
        };
        let refused = [
            invitation("owner", "pending", "NULL"),
            invitation("member", "lost", "NULL"),
            invitation("member", "pending", at),
            invitation("member", "accepted", "NULL"),
            notification(&ada, ""),
            notification(&new(), "mention"),
            key(&ada, 31, 200),
            key(&ada, 32, 0),
            key(&new(), 32, 200),
        ];
        for sql in refused {
            assert!(raw.execute_unprepared(&sql).await.is_err(), "{sql}");
        }
        for sql in [
            invitation("member", "pending", "NULL"),
            invitation("member", "accepted", at),
            invitation("viewer", "accepted", at),
            notification(&ada, "of_a_later_version"),
            key(&ada, 32, 204),
        ] {
            raw.execute_unprepared(&sql).await.unwrap();
        }
        for sql in [invitation("viewer", "pending", "NULL"), key(&ada, 32, 204)] {
            assert!(raw.execute_unprepared(&sql).await.is_err(), "{sql}");
        }
        raw.close().await.unwrap();
    }
}
