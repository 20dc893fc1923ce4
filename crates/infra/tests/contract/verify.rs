use rondo_domain::{
    account::{Login, LoginOrigin, RefreshToken, User},
    clock::Clock as _,
    event::SessionEvent,
    ids::LoginId,
    invitation::Status,
    message::{Message, NewMessage, PostMessage},
    notification::{Notice, Notification, Place, Who},
    policy::Role,
    session::{Session, Visibility},
    store::{MessageReads as _, MessageWriter as _, Store as _},
};
use rondo_infra::db::{
    DatabaseSettings, examine, verify,
    writer::{Writer, WriterSettings},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, TransactionTrait as _};
use uuid::Uuid;

use crate::harness::{House, membership, on_both};

/// A little of everything: talk with an answer, an edit and a tombstone, invitations, a deleted session, a family of tokens.
pub(crate) async fn furnish(house: &House) {
    let people = house.people(3).await;
    let [ada, grace, _] = &people[..] else { unreachable!() };
    let members = [(ada, Role::Owner), (grace, Role::Member), (&people[2], Role::Viewer)];
    let room = house.session("Room", Visibility::Public, &members).await;
    talk(house, &room, ada, grace).await;
    change(house, &room, ada).await;
    for email in ["a@b.org", "b@b.org"] {
        house.invitation(&room, ada, email).await;
    }
    close(house, ada).await;
    family(house, ada).await;
}

async fn talk(house: &House, room: &Session, ada: &User, grace: &User) {
    let (writer, task) = Writer::start(&house.store, WriterSettings::default());
    let mut posted: Vec<Message> = Vec::new();
    for name in ["one", "two", "three", "four", "five"] {
        let post = house.named_post(room.id, ada, &format!("{name} <@{}>", grace.id), name);
        let reply_to = posted.first().map(|first| first.id);
        house.clock.advance(1_000);
        let post = NewMessage { post: PostMessage { reply_to, ..post.post }, created_at: house.clock.now(), ..post };
        posted.push(writer.post(post).await.unwrap().message);
    }
    writer.close().await;
    task.await.unwrap();
    let now = Some(house.clock.now());
    let mut tx = house.store.begin().await.unwrap();
    tx.lock_session(room.id).await.unwrap().unwrap();
    let edited = Message { content: Some("better".to_owned()), edited_at: now, ..posted[2].clone() };
    tx.edit_message(&edited).await.unwrap();
    tx.append(&SessionEvent::MessageUpdated(edited)).await.unwrap();
    let gone = Message { content: None, deleted_at: now, ..posted[3].clone() };
    tx.bury_message(&gone).await.unwrap();
    tx.append(&SessionEvent::MessageDeleted(gone)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(house.store.message(posted[3].id).await.unwrap().unwrap().content.is_none());
}

/// What else is told of a session.
async fn change(house: &House, room: &Session, ada: &User) {
    let joined = membership(room.id, ada, Role::Owner, house.clock.now());
    let mut tx = house.store.begin().await.unwrap();
    tx.lock_session(room.id).await.unwrap().unwrap();
    for event in [
        SessionEvent::SessionUpdated(room.clone()),
        SessionEvent::MemberUpdated(joined.clone()),
        SessionEvent::MemberRemoved { session: room.id, user: ada.id },
        SessionEvent::InvitationAccepted { invitation: house.unsent(room, ada, "c@b.org"), membership: joined },
    ] {
        tx.append(&event).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn close(house: &House, ada: &User) {
    let room = house.room(ada).await;
    let invitation = house.invitation(&room, ada, "a@b.org").await;
    let (now, place) = (house.clock.now(), Place { session_id: room.id, session_name: room.name });
    let mut tx = house.store.begin().await.unwrap();
    tx.lock_session(room.id).await.unwrap().unwrap();
    tx.append(&SessionEvent::SessionDeleted(room.id)).await.unwrap();
    tx.bury_session(room.id, now).await.unwrap();
    let notice = Notice::SessionDeleted { place, by: Who::from(ada) };
    tx.notify(&[Notification::new(ada.id, notice, now)]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(invitation.status, Status::Pending, "deleting the session has revoked it since");
}

async fn family(house: &House, ada: &User) {
    let now = house.clock.now();
    let login = Login {
        id: LoginId::generate(),
        user_id: ada.id,
        origin: LoginOrigin::default(),
        created_at: now,
        revoked_at: None,
    };
    let token = |n: u8, parent: Option<u8>| RefreshToken {
        digest: [n; 32],
        login_id: login.id,
        parent: parent.map(|parent| [parent; 32]),
        created_at: now,
        expires_at: now,
        spent_at: None,
        voided_at: None,
    };
    let mut tx = house.store.begin().await.unwrap();
    tx.insert_login(&login).await.unwrap();
    tx.insert_refresh_token(&RefreshToken { spent_at: Some(now), ..token(1, None) }).await.unwrap();
    tx.insert_refresh_token(&RefreshToken { voided_at: Some(now), ..token(2, Some(1)) }).await.unwrap();
    tx.insert_refresh_token(&token(3, Some(1))).await.unwrap();
    tx.commit().await.unwrap();
}

/// A connection on which neither foreign keys nor checks nor indexes that refuse something hold, until its transaction is rolled back.
async fn lawless(house: &House, raw: &DatabaseConnection) -> DatabaseTransaction {
    if house.is_postgres() {
        let txn = raw.begin().await.unwrap();
        let drop_all = "DO $$ DECLARE r record; BEGIN \
            FOR r IN SELECT conrelid::regclass AS t, conname AS c FROM pg_constraint \
                WHERE contype IN ('f', 'c') AND connamespace = current_schema()::regnamespace \
            LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', r.t, r.c); END LOOP; \
            FOR r IN SELECT indexrelid::regclass AS i FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid \
                WHERE (indisunique OR relname = 'notification_mention_idx') AND NOT indisprimary AND relnamespace = current_schema()::regnamespace \
            LOOP EXECUTE format('DROP INDEX %s', r.i); END LOOP; END $$";
        txn.execute_unprepared(drop_all).await.unwrap();
        return txn;
    }
    raw.execute_unprepared("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").await.unwrap();
    let txn = raw.begin().await.unwrap();
    for index in ["message_seq_key", "message_client_message_id_key", "app_user_email_key", "invitation_pending_key"] {
        txn.execute_unprepared(&format!("DROP INDEX {index}")).await.unwrap();
    }
    for index in ["refresh_token_successor_key", "notification_mention_idx"] {
        txn.execute_unprepared(&format!("DROP INDEX {index}")).await.unwrap();
    }
    txn
}

/// What is done to the data, and the rule that must be found broken by it.
fn breakages(stranger: &str, short: &str) -> Vec<(&'static str, String)> {
    const MESSAGES: &str = "messages are numbered 1, 2, 3 … up to their session's counter";
    const EVENTS: &str = "events are numbered without gap from where the log begins up to their session's counter";
    const LATER: &str = "a later message has a later position, and none lies beyond the log";
    const LOGGED: &str = "every message is in the log, as far as it is kept";
    const TOLD: &str = "every kept event of a message is of one that is there";
    const CONTENT: &str = "a message has content unless it was deleted";
    const ANSWERS: &str = "an answer answers an earlier message of its session";
    const ACTIVITY: &str = "a session knows its newest message and its activity";
    const ENDED: &str = "session:delete ends the log of a deleted session, and of no other";
    const INVITATIONS: &str = "an invitation waits or is settled, and none waits for a deleted session";
    const TEXTS: &str = "kept events tell what is so, and nothing of deleted messages";
    const ROOMS: &str = "sessions and what is in them have no orphans";
    const ACCOUNTS: &str = "accounts and what is theirs have no orphans";
    const NOTICES: &str = "notifications are of a known kind, and quote no deleted message";
    let buried = "(SELECT id FROM message WHERE deleted_at IS NOT NULL)";
    let mut breakages: Vec<(&str, String)> = [
        (MESSAGES, "DELETE FROM message WHERE seq = 3"),
        (MESSAGES, "UPDATE message SET seq = 2 WHERE seq = 3"),
        (MESSAGES, "UPDATE message SET seq = seq + 1"),
        (MESSAGES, "UPDATE session SET last_seq = last_seq + 1 WHERE last_seq > 0"),
        (EVENTS, "DELETE FROM session_event WHERE position = 2"),
        (EVENTS, "DELETE FROM session_event"),
        (EVENTS, "UPDATE session SET log_floor = 1 WHERE last_position > 1"),
        (EVENTS, "UPDATE session SET last_position = last_position + 1"),
        (LATER, "UPDATE message SET position = 1 WHERE seq = 2"),
        (LATER, "UPDATE message SET position = 1000 WHERE seq = 5"),
        (LOGGED, "UPDATE session_event SET subject_id = NULL WHERE kind = 'message:create'"),
        (LOGGED, "UPDATE session_event SET kind = 'message:update' WHERE kind = 'message:create'"),
        (TOLD, "DELETE FROM message WHERE seq = 5"),
        (TOLD, "UPDATE message SET position = position + 1"),
        (TOLD, "UPDATE message SET deleted_at = NULL, content = 'back' WHERE deleted_at IS NOT NULL"),
        (CONTENT, "UPDATE message SET content = 'back' WHERE deleted_at IS NOT NULL"),
        (CONTENT, "UPDATE message SET content = NULL WHERE seq = 1"),
        (ANSWERS, "UPDATE message SET reply_to = id WHERE seq = 2"),
        ("a clientMessageId stands for one message", "UPDATE message SET client_message_id = 'same'"),
        ("a session counts its members", "UPDATE session SET member_count = member_count + 1"),
        ("a session counts its members", "DELETE FROM membership WHERE role = 'viewer'"),
        (ACTIVITY, "UPDATE session SET last_message_at = '2000-01-01T00:00:00+00:00'"),
        (ACTIVITY, "UPDATE session SET last_message_at = NULL"),
        (ACTIVITY, "UPDATE session SET active_at = '2000-01-01T00:00:00+00:00'"),
        ("nobody has read beyond the newest message", "UPDATE membership SET read_seq = 6 WHERE role = 'member'"),
        ("nobody has read beyond the newest message", "UPDATE membership SET read_seq = -1"),
        ("every role is one", "UPDATE membership SET role = 'king' WHERE role = 'member'"),
        ("every role is one", "UPDATE invitation SET role = 'owner'"),
        ("every living session has an owner", "UPDATE membership SET role = 'moderator' WHERE role = 'owner'"),
        ("every session is private or public", "UPDATE session SET visibility = 'secret'"),
        (ENDED, "UPDATE session SET deleted_at = NULL"),
        (ENDED, "UPDATE session SET deleted_at = updated_at"),
        (INVITATIONS, "UPDATE invitation SET status = 'lost'"),
        (INVITATIONS, "UPDATE invitation SET settled_at = created_at"),
        (INVITATIONS, "UPDATE invitation SET status = 'pending', settled_at = NULL"),
        ("an address waits for one invitation into a session", "UPDATE invitation SET email = 'same'"),
        ("an address has one account", "UPDATE app_user SET email = 'same'"),
        ("a refresh token has at most one successor in force", "UPDATE refresh_token SET voided_at = NULL"),
        (
            "a refresh token with a successor is spent, and both are of one login",
            "UPDATE refresh_token SET spent_at = NULL",
        ),
        (TEXTS, "UPDATE session_event SET data = 'nothing' WHERE position = 1"),
        (TEXTS, "UPDATE session_event SET data = '[]' WHERE position = 1"),
        (TEXTS, "UPDATE session_event SET kind = 'message:forget' WHERE kind = 'message:update'"),
        (TEXTS, "UPDATE session_event SET data = '{\"content\":\"other\"}' WHERE position = 1"),
        (TEXTS, "UPDATE session_event SET data = '{\"content\":null}' WHERE position = 1"),
        (NOTICES, "UPDATE notification SET data = 'nothing'"),
        (NOTICES, "UPDATE notification SET kind = ''"),
        (NOTICES, "UPDATE notification SET kind = 'greeting' WHERE kind = 'mention'"),
        (ACTIVITY, "UPDATE session SET active_at = '2100-01-01T00:00:00+00:00'"),
        (ROOMS, "DELETE FROM session"),
        (ACCOUNTS, "DELETE FROM login"),
        (ACCOUNTS, "DELETE FROM app_user"),
    ]
    .map(|(rule, sql)| (rule, sql.to_owned()))
    .into();
    let content = "SET data = '{\"content\":\"still here\"}'";
    breakages.push((TEXTS, format!("UPDATE session_event {content} WHERE subject_id IN {buried}")));
    breakages.push((ANSWERS, format!("UPDATE message SET reply_to = {stranger} WHERE seq = 2")));
    breakages.push((TOLD, format!("UPDATE session_event SET subject_id = {stranger} WHERE kind = 'message:update'")));
    let digests = "digests and fingerprints have 32 bytes";
    breakages.push((digests, format!("UPDATE refresh_token SET digest = {short} WHERE parent IS NULL")));
    for (rule, table, column) in [
        (ROOMS, "membership", "session_id"),
        (ROOMS, "membership", "user_id"),
        (ROOMS, "message", "session_id"),
        (ROOMS, "message", "author_id"),
        (ROOMS, "session_event", "session_id"),
        (ROOMS, "invitation", "session_id"),
        (ROOMS, "invitation", "inviter_id"),
        (ACCOUNTS, "login", "user_id"),
        (ACCOUNTS, "refresh_token", "login_id"),
        (ACCOUNTS, "notification", "user_id"),
    ] {
        let one = match table {
            "membership" => "WHERE role = 'viewer'",
            "message" => "WHERE seq = 5",
            "session_event" => "WHERE position = 5",
            _ => "",
        };
        breakages.push((rule, format!("UPDATE {table} SET {column} = {stranger} {one}")));
    }
    breakages
}

/// What is done to single cells and to what events tell, in the words of either database.
fn untruths(postgres: bool) -> Vec<(&'static str, String)> {
    const WORDS: &str = "addresses and search names are kept as they are looked for";
    const NOTICES: &str = "notifications are of a known kind, and quote no deleted message";
    const TEXTS: &str = "kept events tell what is so, and nothing of deleted messages";
    const ID: &str = "\"00000000-0000-0000-0000-000000000007\"";
    let set = |table: &str, path: &[&str], value: &str, of: &str| {
        let data = if postgres {
            format!("jsonb_set(data::jsonb, '{{{}}}', '{value}')::text", path.join(","))
        } else {
            format!("json_set(data, '$.{}', json('{value}'))", path.join("."))
        };
        format!("UPDATE {table} SET data = {data} WHERE {of}")
    };
    let mut untruths = vec![
        (WORDS, "UPDATE app_user SET email = 'Person1@example.org' WHERE email LIKE 'person1%'".to_owned()),
        (WORDS, "UPDATE app_user SET search_name = display_name".to_owned()),
        (WORDS, "UPDATE session SET search_name = 'other'".to_owned()),
        (WORDS, "UPDATE invitation SET email = 'nobody' WHERE email = 'a@b.org'".to_owned()),
        (NOTICES, set("notification", &["excerpt"], "\"still here\"", "kind = 'mention'")),
    ];
    let (first, edit, end) =
        ("position = 1 AND kind = 'message:create'", "kind = 'message:update'", "kind = 'message:delete'");
    for (path, value, of) in [
        (&["seq"][..], "7", first),
        (&["author", "id"], ID, first),
        (&["author", "createdAt"], "\"yesterday\"", first),
        (&["clientMessageId"], "\"other\"", first),
        (&["clientMessageId"], "null", first),
        (&["replyTo"], ID, first),
        (&["createdAt"], "\"2000-01-01T00:00:00.000Z\"", first),
        (&["createdAt"], "\"yesterday\"", first),
        (&["createdAt"], "7", first),
        (&["editedAt"], "\"2000-01-01T00:00:00.000Z\"", first),
        (&["deletedAt"], "\"2000-01-01T00:00:00.000Z\"", first),
        (&["id"], ID, first),
        (&["sessionId"], ID, first),
        (&["content"], "\"other\"", edit),
        (&["editedAt"], "null", edit),
        (&["editedAt"], "\"2000-01-01T00:00:00.000Z\"", edit),
        (&["deletedAt"], "null", end),
        (&["id"], ID, "kind = 'session:update'"),
        (&["sessionId"], ID, "kind = 'session:delete'"),
        (&["user", "id"], ID, "kind = 'member:update'"),
        (&["userId"], ID, "kind = 'member:remove'"),
        (&["membership", "sessionId"], ID, "kind = 'invitation:accept'"),
        (&["membership", "user", "id"], ID, "kind = 'invitation:accept'"),
    ] {
        untruths.push((TEXTS, set("session_event", path, value, of)));
    }
    for (kind, fields) in [
        ("message:create", "id sessionId seq author content clientMessageId replyTo createdAt editedAt deletedAt"),
        ("session:update", "id name visibility memberCount lastSeq lastPosition createdAt updatedAt"),
        ("session:delete", "sessionId"),
        ("member:update", "sessionId user role joinedAt"),
        ("member:remove", "sessionId userId"),
        ("invitation:accept", "invitation membership"),
    ] {
        for field in fields.split(' ') {
            let without = if postgres {
                format!("(data::jsonb - '{field}')::text")
            } else {
                format!("json_remove(data, '$.{field}')")
            };
            untruths.push((TEXTS, format!("UPDATE session_event SET data = {without} WHERE kind = '{kind}'")));
        }
    }
    let moments: &[&str] = if postgres {
        &["infinity", "-infinity"]
    } else {
        &[
            "yesterday",
            "",
            "2026-02-30T12:00:00.000+00:00",
            "2026-01-01T25:00:00.000+00:00",
            "2026-01-01 12:00:00.000+00:00",
            "2026-01-01T12:00:00.00x+00:00",
            "2026-01-01T12:00:00000+00:00",
            "2026-01-01T12:00:00.000+02:00",
            "2026-01-01T12:00:00.000Z",
        ]
    };
    for moment in moments {
        for (table, column) in [("message", "created_at"), ("notification", "created_at"), ("app_user", "updated_at")] {
            untruths.push(("every moment is one", format!("UPDATE {table} SET {column} = '{moment}'")));
        }
    }
    untruths
}

on_both! {
    async fn sound_data_breaks_no_rule(house: &House) {
        furnish(house).await;
        let mut told = Vec::new();
        let sound = verify(&house.settings, |finding| told.push(finding.to_string())).await.unwrap();
        assert!(sound, "{told:#?}");
        assert!(told.len() > 20 && told.iter().all(|line| line.starts_with("ok ")));
        assert!(told.iter().any(|line| line.ends_with("(messages: 5)")), "{told:#?}");
    }

    async fn whatever_is_broken_is_found(house: &House) {
        furnish(house).await;
        let raw = house.raw().await;
        let lawless = lawless(house, &raw).await;
        let stranger = Uuid::from_u128(7);
        let (stranger, short) = if house.is_postgres() {
            (format!("'{stranger}'"), r"'\x07'")
        } else {
            (format!("x'{}'", stranger.simple()), "x'07'")
        };
        for (rule, sql) in breakages(&stranger, short).into_iter().chain(untruths(house.is_postgres())) {
            let broken = lawless.begin().await.unwrap();
            let changed = broken.execute_unprepared(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            assert!(changed.rows_affected() > 0, "{sql}");
            let mut found = Vec::new();
            let sound = examine(&broken, |finding| found.push(finding.clone())).await;
            assert!(!sound.unwrap_or_else(|error| panic!("{sql}: {error}")), "{sql}");
            let finding = found.iter().find(|finding| finding.rule == rule).unwrap_or_else(|| panic!("no rule: {rule}"));
            assert!(!finding.holds() && !finding.told.is_empty(), "{sql}: not found by: {rule}");
            assert!(finding.to_string().starts_with("FAULT "));
            broken.rollback().await.unwrap();
        }
        let mut sound = true;
        examine(&lawless, |finding| sound &= finding.holds()).await.unwrap();
        assert!(sound, "what was rolled back is whole again");
        lawless.rollback().await.unwrap();
        raw.close().await.unwrap();
    }

    async fn what_cannot_be_told_is_an_error(house: &House) {
        house.db.revert(Some(1)).await.unwrap();
        let error = verify(&house.settings, |_| ()).await.unwrap_err();
        assert!(error.to_string().contains("earlier release"), "{error}");
        house.db.migrate().await.unwrap();
        let raw = house.raw().await;
        raw.execute_unprepared("INSERT INTO seaql_migrations VALUES ('m29990101_000000_later', 0)").await.unwrap();
        let error = verify(&house.settings, |_| ()).await.unwrap_err();
        assert!(error.to_string().contains("later release"), "{error}");
        raw.execute_unprepared("DROP TABLE seaql_migrations").await.unwrap();
        let error = verify(&house.settings, |_| ()).await.unwrap_err();
        assert!(error.to_string().contains("no schema of Rondo"), "{error}");
        raw.close().await.unwrap();
        let missing = DatabaseSettings::new("sqlite:///nowhere/rondo.db?mode=rwc");
        assert!(verify(&missing, |_| ()).await.unwrap_err().to_string().contains("there is no file"));
    }
}
