//! Posts that are written by what the writer remembers of those before: whatever changes in between is seen all the same.

use futures_util::future::join_all;
use rondo_domain::{
    account::User,
    clock::Clock as _,
    event::SessionEvent,
    ids::{MessageId, SessionId},
    message::{MessageError, NewMessage},
    page::{Limit, MessageKey},
    policy::Role,
    session::{Session, SessionError, Visibility},
    store::{EventLog as _, MessageReads as _, MessageWriter as _, SessionReads as _, Store as _},
};
use rondo_infra::db::writer::{Writer, WriterSettings};
use sea_orm::ConnectionTrait as _;
use uuid::Uuid;

use crate::harness::{House, on_both, soon};

/// Posts until the writer remembers, as the last of them shows on PostgreSQL.
async fn warm_up(house: &House, writer: &Writer, session: SessionId, author: &User) {
    let before = writer.figures().recalled.get();
    for text in ["one", "two", "three"] {
        soon(writer.post(house.post(session, author, text))).await.unwrap();
    }
    assert_eq!(writer.figures().recalled.get() > before, house.is_postgres());
}

/// The numbers of all messages and the positions of all events run on without a gap.
async fn assert_whole(house: &House, session: &Session, owner: &User) {
    let page = house.store.messages(session.id, MessageKey::After(0), Limit::parse(100).unwrap()).await.unwrap();
    assert!(page.items.iter().map(|message| message.seq).eq((1..).take(page.items.len())));
    let (seen, access) = house.store.look(session.id, owner.id).await.unwrap().unwrap();
    let events = house.store.events(session.id, 0, i64::MAX, Limit::EVENTS_MAX).await.unwrap();
    assert!(events.iter().map(|event| event.position).eq(1..=access.last_position));
    assert_eq!(seen.last_seq, i64::try_from(page.items.len()).unwrap());
}

fn raw_id(id: Uuid, house: &House) -> String {
    if house.is_postgres() { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
}

on_both! {
    async fn who_writes_on_is_written_at_once_and_numbers_run_on(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let room = house.session("Room", Visibility::Private, &[(&ada, Role::Owner), (&grace, Role::Member)]).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        warm_up(house, &writer, room.id, &ada).await;
        let before = writer.figures().recalled.get();
        for seq in 4..=9 {
            let posted = soon(writer.post(house.named_post(room.id, &ada, "on", &format!("name {seq}")))).await.unwrap();
            assert_eq!((posted.message.seq, posted.repeated), (seq, false));
        }
        let recalled = writer.figures().recalled.get() - before;
        assert_eq!(recalled, if house.is_postgres() { 6 } else { 0 });
        // Somebody who was not seen yet is asked about, and has not changed the room for the others.
        soon(writer.post(house.post(room.id, &grace, "hello"))).await.unwrap();
        for author in [&ada, &grace, &ada] {
            soon(writer.post(house.post(room.id, author, "and on"))).await.unwrap();
        }
        assert_eq!(writer.figures().recalled.get() - before, if house.is_postgres() { 9 } else { 0 });
        assert_eq!(house.bus.positions()[&room.id], (1..=13).collect::<Vec<_>>());
        let (seen, _) = house.store.look(room.id, ada.id).await.unwrap().unwrap();
        assert_eq!((seen.last_seq, seen.unread_count), (13, 0));
        assert_whole(house, &room, &ada).await;
    }

    async fn a_role_that_changed_is_seen(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let room = house.session("Room", Visibility::Private, &[(&ada, Role::Owner), (&grace, Role::Member)]).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let raw = house.raw().await;
        let place = format!("session_id = {} AND user_id = {}", raw_id(room.id.0, house), raw_id(grace.id.0, house));
        // Not even an event tells of it.
        for (change, is_refused) in [
            (format!("UPDATE membership SET role = 'viewer' WHERE {place}"), true),
            (format!("UPDATE membership SET role = 'owner' WHERE {place}"), false),
            (format!("DELETE FROM membership WHERE {place}"), true),
        ] {
            raw.execute_unprepared(&format!("UPDATE membership SET role = 'member' WHERE {place}")).await.unwrap();
            warm_up(house, &writer, room.id, &grace).await;
            raw.execute_unprepared(&change).await.unwrap();
            let outcome = soon(writer.post(house.post(room.id, &grace, "and now?"))).await;
            assert_eq!(outcome.is_err(), is_refused, "{change}: {outcome:?}");
            soon(writer.post(house.post(room.id, &ada, "others go on"))).await.unwrap();
        }
        assert_whole(house, &room, &ada).await;
    }

    async fn a_right_that_is_lost_while_the_post_waits_for_the_lock_is_lost(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let room = house.session("Room", Visibility::Private, &[(&ada, Role::Owner), (&grace, Role::Member)]).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        warm_up(house, &writer, room.id, &grace).await;
        let mut held = house.store.begin().await.unwrap();
        held.lock_session(room.id).await.unwrap().unwrap();
        let (outcome, ()) = tokio::join!(biased; writer.post(house.post(room.id, &grace, "still here?")), async {
            held.delete_member(room.id, grace.id).await.unwrap();
            held.commit().await.unwrap();
        });
        assert!(matches!(outcome, Err(MessageError::Session(SessionError::Unknown))), "{outcome:?}");
        warm_up(house, &writer, room.id, &ada).await;
        let mut held = house.store.begin().await.unwrap();
        held.lock_session(room.id).await.unwrap().unwrap();
        let (outcome, ()) = tokio::join!(biased; writer.post(house.post(room.id, &ada, "still there?")), async {
            held.bury_session(room.id, house.clock.now()).await.unwrap();
            held.commit().await.unwrap();
        });
        assert!(matches!(outcome, Err(MessageError::Session(SessionError::Unknown))), "{outcome:?}");
    }

    async fn a_new_name_stands_in_the_next_message(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        warm_up(house, &writer, room.id, &ada).await;
        let rename = format!("UPDATE app_user SET display_name = 'Ada King' WHERE id = {}", raw_id(ada.id.0, house));
        house.raw().await.execute_unprepared(&rename).await.unwrap();
        let posted = soon(writer.post(house.post(room.id, &ada, "who am I?"))).await.unwrap();
        assert_eq!(posted.message.author.display_name, "Ada King");
        let told = house.bus.heard().pop().unwrap();
        assert!(told.data.contains("Ada King"), "{}", told.data);
    }

    async fn a_name_that_was_used_is_repeated_and_makes_no_second_message(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        warm_up(house, &writer, room.id, &ada).await;
        let named = |text: &str| house.named_post(room.id, &ada, text, "the name");
        let first = soon(writer.post(named("first"))).await.unwrap();
        let again = soon(writer.post(named("again"))).await.unwrap();
        assert_eq!((again.repeated, &again.message), (true, &first.message));
        warm_up(house, &writer, room.id, &ada).await;
        assert_whole(house, &room, &ada).await;
    }

    async fn other_events_and_other_nodes_move_the_numbers_on(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let room = house.session("Room", Visibility::Private, &[(&ada, Role::Owner), (&grace, Role::Member)]).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let (other, _other_task) = Writer::start(&house.store, WriterSettings::default());
        warm_up(house, &writer, room.id, &ada).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.lock_session(room.id).await.unwrap().unwrap();
        tx.append(&SessionEvent::SessionUpdated(room.clone())).await.unwrap();
        tx.commit().await.unwrap();
        soon(writer.post(house.post(room.id, &ada, "after an event"))).await.unwrap();
        warm_up(house, &writer, room.id, &ada).await;
        for _ in 0..4 {
            soon(other.post(house.post(room.id, &grace, "of the other node"))).await.unwrap();
            soon(writer.post(house.post(room.id, &ada, "of this one"))).await.unwrap();
        }
        // Where two take turns neither goes by what it remembers, for each try would be in vain.
        let before = writer.figures().recalled.get() + other.figures().recalled.get();
        soon(other.post(house.post(room.id, &grace, "once more"))).await.unwrap();
        assert_eq!(writer.figures().recalled.get() + other.figures().recalled.get(), before);
        assert_whole(house, &room, &ada).await;
    }

    async fn one_who_is_refused_does_not_hold_up_those_who_are_remembered(house: &House) {
        let people = house.people(40).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let mut rooms = Vec::new();
        for person in &people {
            let room = house.room(person).await;
            warm_up(house, &writer, room.id, person).await;
            rooms.push(room);
        }
        let stranger = house.person("Stranger").await;
        let mut posts: Vec<NewMessage> =
            rooms.iter().zip(&people).map(|(room, person)| house.post(room.id, person, "all at once")).collect();
        posts.insert(20, house.post(rooms[0].id, &stranger, "let me in"));
        for _ in 0..3 {
            let all = posts.iter().map(|post| {
                writer.post(NewMessage { id: MessageId::generate(), ..post.clone() })
            });
            let outcomes = soon(join_all(all)).await;
            for (number, outcome) in outcomes.iter().enumerate() {
                assert_eq!(outcome.is_err(), number == 20, "{number}: {outcome:?}");
            }
        }
        for (room, person) in rooms.iter().zip(&people) {
            assert_whole(house, room, person).await;
        }
    }
}
