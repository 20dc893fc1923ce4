use std::sync::Arc;

use futures_util::future::join_all;
use rondo_domain::{
    bus::Signal,
    clock::Clock as _,
    idempotency::{Guard, IdempotencyKey, Memo, StoredAnswer},
    ids::UserId,
    message::{MessageError, NewMessage},
    page::Limit,
    policy::Role,
    session::{Session, SessionError, Visibility},
    store::{Conflict, MessageWriter as _, NotificationReads as _, Posted, SessionReads as _, Store as _, StoreError},
};
use rondo_infra::db::writer::{Writer, WriterSettings};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::harness::{House, on_both, soon};

fn key(key: &str) -> IdempotencyKey {
    IdempotencyKey::parse(key).unwrap()
}

fn guarded(post: NewMessage, user: UserId, name: &str) -> NewMessage {
    let render = |posted: &Posted| StoredAnswer {
        status: if posted.repeated { 200 } else { 201 },
        location: (!posted.repeated).then(|| format!("/messages/{}", posted.message.id)),
        body: format!("{} ñ", posted.message.seq),
    };
    NewMessage { guard: Some(Guard { user, key: key(name), fingerprint: [3; 32], render: Arc::new(render) }), ..post }
}

async fn answer(house: &House, user: UserId, name: &str) -> Option<StoredAnswer> {
    let found = house.store.remembered(user, &key(name), house.clock.now()).await.unwrap();
    found.map(|found| {
        assert_eq!(found.fingerprint, [3; 32]);
        found.answer
    })
}

/// Posts all of it behind a lock on the session, so that what comes after the first forms one batch.
async fn together(
    house: &House,
    writer: &Writer,
    session: &Session,
    posts: Vec<NewMessage>,
) -> Vec<Result<Posted, MessageError>> {
    let mut held = house.store.begin().await.unwrap();
    held.lock_session(session.id).await.unwrap().unwrap();
    let (outcomes, ()) =
        tokio::join!(biased; join_all(posts.into_iter().map(|post| writer.post(post))), async { drop(held) });
    outcomes
}

/// Returns once a transaction waits for another one. On SQLite they wait for each other as they begin.
async fn somebody_waits(house: &House) {
    if house.is_postgres() {
        let raw = house.raw().await;
        let waiting = "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                       WHERE NOT l.granted AND a.datname = current_database()";
        soon(async {
            while raw.query_all_raw(Statement::from_string(DbBackend::Postgres, waiting)).await.unwrap().is_empty() {}
        })
        .await;
        raw.close().await.unwrap();
    }
}

fn is_taken(outcome: &Result<Posted, MessageError>) -> bool {
    let conflict = StoreError::Conflict(Conflict::IdempotencyKey).to_string();
    matches!(outcome, Err(MessageError::Session(SessionError::Store(error))) if error.to_string() == conflict)
}

on_both! {
    async fn a_guarded_post_is_remembered_with_the_message(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let posted = soon(writer.post(guarded(house.post(room.id, &ada, "hello"), ada.id, "k"))).await.unwrap();
        let expected = StoredAnswer {
            status: 201,
            location: Some(format!("/messages/{}", posted.message.id)),
            body: "1 ñ".to_owned(),
        };
        assert_eq!(answer(house, ada.id, "k").await, Some(expected));

        let again = soon(writer.post(guarded(house.post(room.id, &ada, "hello"), ada.id, "k"))).await;
        assert!(is_taken(&again));
        house.clock.advance(24 * 3_600_000 + 1);
        let later = soon(writer.post(guarded(house.post(room.id, &ada, "hello"), ada.id, "k"))).await.unwrap();
        assert_eq!(later.message.seq, 2);
        assert_eq!(answer(house, ada.id, "k").await.unwrap().body, "2 ñ");
    }

    async fn a_taken_key_fails_its_own_post_alone(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let members = [(&ada, Role::Owner), (&grace, Role::Member)];
        let room = house.session("Room", Visibility::Private, &members).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        soon(writer.post(guarded(house.post(room.id, &ada, "zero"), ada.id, "taken"))).await.unwrap();
        let post = |author, text: &str, name: &str| {
            let author = if author == ada.id { &ada } else { &grace };
            guarded(house.post(room.id, author, text), author.id, name)
        };
        let posts = vec![
            house.post(room.id, &ada, "warming up"),
            post(ada.id, "one", "a"),
            post(ada.id, "refused", "taken"),
            post(grace.id, "hers", "taken"),
            post(ada.id, "twice", "a"),
            house.post(room.id, &ada, "free"),
            post(ada.id, "two", "b"),
        ];
        let outcomes = together(house, &writer, &room, posts).await;
        let taken: Vec<_> = outcomes.iter().map(is_taken).collect();
        assert_eq!(taken, [false, false, true, false, true, false, false]);
        let seqs: Vec<_> = outcomes.iter().flatten().map(|posted| posted.message.seq).collect();
        assert_eq!(seqs, [2, 3, 4, 5, 6]);
        assert_eq!(house.bus.positions()[&room.id], [1, 2, 3, 4, 5, 6]);
        for (user, name, body) in [(ada.id, "taken", "1 ñ"), (ada.id, "a", "3 ñ"), (grace.id, "taken", "4 ñ"), (ada.id, "b", "6 ñ")] {
            assert_eq!(answer(house, user, name).await.unwrap().body, body);
        }
    }

    async fn a_repeated_send_is_remembered_as_it_was_answered(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        soon(writer.post(house.named_post(room.id, &ada, "hello", "name"))).await.unwrap();
        let again = guarded(house.named_post(room.id, &ada, "hello", "name"), ada.id, "k");
        assert!(soon(writer.post(again)).await.unwrap().repeated);
        let expected = StoredAnswer { status: 200, location: None, body: "1 ñ".to_owned() };
        assert_eq!(answer(house, ada.id, "k").await, Some(expected));
        assert_eq!(house.bus.positions()[&room.id], [1]);
        let access = house.store.access(room.id, ada.id).await.unwrap().unwrap();
        assert_eq!(access.last_position, 1);
    }

    async fn what_is_refused_takes_no_key(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let room = house.session("Room", Visibility::Private, &[(&ada, Role::Owner), (&grace, Role::Viewer)]).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let outcome = soon(writer.post(guarded(house.post(room.id, &grace, "hello"), grace.id, "k"))).await;
        assert!(matches!(outcome, Err(MessageError::Session(SessionError::Forbidden(Role::Viewer)))));
        assert_eq!(answer(house, grace.id, "k").await, None);
    }

    async fn many_guarded_posts_are_remembered_together(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let text = "x".repeat(500);
        let post = |n: usize| guarded(house.post(room.id, &ada, &text), ada.id, &format!("key-{n}"));
        let outcomes = together(house, &writer, &room, (0..200).map(post).collect()).await;
        for (n, outcome) in outcomes.iter().enumerate() {
            let posted = outcome.as_ref().unwrap();
            let remembered = answer(house, ada.id, &format!("key-{n}")).await.unwrap();
            assert_eq!(remembered.body, format!("{} ñ", posted.message.seq));
        }
    }

    async fn a_key_that_another_node_takes_meanwhile_has_effect_once(house: &House) {
        let ada = house.person("Ada").await;
        let (room, other) = (house.room(&ada).await, house.room(&ada).await);
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        // A transaction that does not lock the room holds the key while the batch runs into it.
        let mut held = house.store.begin().await.unwrap();
        held.lock_session(other.id).await.unwrap().unwrap();
        let taken = StoredAnswer { status: 200, location: None, body: "elsewhere".to_owned() };
        let memo = Memo { user: ada.id, key: key("k"), fingerprint: [3; 32], answer: taken.clone() };
        held.remember(Some(memo)).await.unwrap();
        let posts = join_all([
            writer.post(guarded(house.post(room.id, &ada, "guarded"), ada.id, "k")),
            writer.post(house.post(room.id, &ada, "free")),
        ]);
        let (outcomes, ()) = tokio::join!(biased; posts, async {
            somebody_waits(house).await;
            held.commit().await.unwrap();
        });
        assert!(is_taken(&outcomes[0]));
        assert_eq!(outcomes[1].as_ref().unwrap().message.seq, 1);
        assert_eq!(answer(house, ada.id, "k").await, Some(taken));
    }

    async fn a_mentioned_member_is_notified_with_the_message(house: &House) {
        let people = house.people(4).await;
        let [ada, grace, viewer, outsider] = &people[..] else { unreachable!() };
        let members = [(ada, Role::Owner), (grace, Role::Member), (viewer, Role::Viewer)];
        let room = house.session("Fulbito ñ", Visibility::Private, &members).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let text = format!("<@{}> <@{}> <@{}> <@{}> <@{}> hey!", grace.id, ada.id, outsider.id, viewer.id, grace.id);
        let posted = soon(writer.post(house.post(room.id, ada, &text))).await.unwrap().message;

        assert_eq!(house.bus.told(), [(grace.id, "notification:create"), (viewer.id, "notification:create")]);
        assert!(matches!(&house.bus.signals()[0], Signal::Event(event) if event.position == 1), "the event comes first");
        for (user, count) in [(ada, 0), (grace, 1), (viewer, 1), (outsider, 0)] {
            assert_eq!(house.store.unread_notifications(user.id).await.unwrap(), count);
        }
        let page = house.store.notifications(grace.id, true, None, Limit::default()).await.unwrap();
        assert_eq!(page.items[0].kind, "mention");
        let data: serde_json::Value = serde_json::from_str(&page.items[0].data).unwrap();
        assert_eq!(
            data,
            serde_json::json!({
                "sessionId": room.id, "sessionName": "Fulbito ñ", "messageId": posted.id, "seq": 1,
                "by": {"id": ada.id, "displayName": ada.display_name}, "excerpt": text.chars().take(200).collect::<String>(),
            })
        );
    }

    async fn a_batch_mentions_many_in_many_sessions_and_a_repeat_nobody(house: &House) {
        let people = house.people(12).await;
        let author = &people[0];
        let members: Vec<_> = people.iter().map(|user| (user, Role::Member)).collect();
        let rooms = [
            house.session("One", Visibility::Private, &members).await,
            house.session("Two", Visibility::Private, &members[..6]).await,
        ];
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let everybody = people.iter().map(|user| format!("<@{}>", user.id)).collect::<Vec<_>>().concat();
        let mut posts = vec![house.post(rooms[0].id, author, "warming up")];
        posts.extend((0..30).map(|n| house.named_post(rooms[n % 2].id, author, &everybody, &n.to_string())));
        posts.extend((0..30).map(|n| house.named_post(rooms[n % 2].id, author, &everybody, &n.to_string())));
        let outcomes = together(house, &writer, &rooms[0], posts).await;
        assert_eq!(outcomes.iter().flatten().filter(|posted| posted.repeated).count(), 30);
        for (n, user) in people.iter().enumerate() {
            let expected = if n == 0 { 0 } else if n < 6 { 30 } else { 15 };
            assert_eq!(house.store.unread_notifications(user.id).await.unwrap(), expected, "person {n}");
        }
        assert_eq!(house.bus.told().len(), 5 * 30 + 6 * 15);
    }
}
