use futures_util::{FutureExt as _, StreamExt as _, future::join_all, stream::FuturesUnordered};
use rondo_domain::{
    account::User,
    clock::Clock as _,
    event::{EventKind, SessionEvent},
    ids::{MessageId, SessionId},
    message::{MessageError, NewMessage},
    page::{Limit, MessageKey},
    policy::Role,
    session::{Session, SessionError, Visibility},
    store::{
        Conflict, EventLog as _, MessageReads as _, MessageWriter as _, SessionReads as _, Store as _, StoreError,
        UnitOfWork,
    },
};
use rondo_infra::db::writer::{Writer, WriterSettings};
use rondo_wire::view::MessageView;

use crate::harness::{House, on_both, soon};

/// Holds the writer up, so that what is posted meanwhile forms one batch.
async fn hold(house: &House, session: &Session) -> Box<dyn UnitOfWork> {
    let mut tx = house.store.begin().await.unwrap();
    tx.lock_session(session.id).await.unwrap().unwrap();
    tx
}

/// The contents as they are stored, oldest first.
async fn contents(house: &House, session: SessionId) -> Vec<String> {
    let page = house.store.messages(session, MessageKey::After(0), Limit::parse(100).unwrap()).await.unwrap();
    page.items.into_iter().map(|message| message.content.unwrap()).collect()
}

async fn read_seq_of(house: &House, session: SessionId, user: &User) -> i64 {
    let (session, _) = house.store.look(session, user.id).await.unwrap().unwrap();
    session.last_seq - session.unread_count
}

on_both! {
    async fn a_post_is_stored_with_its_event_and_moves_the_sessions_counters(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let members = [(&ada, Role::Owner), (&grace, Role::Member)];
        let room = house.session("Room", Visibility::Private, &members).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.append(&SessionEvent::SessionUpdated(room.clone())).await.unwrap();
        tx.commit().await.unwrap();
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        house.clock.advance(1_234);
        let posted = soon(writer.post(house.post(room.id, &grace, "hello"))).await.unwrap();
        assert_eq!((posted.message.seq, posted.repeated), (1, false));

        let (seen, _) = house.store.look(room.id, ada.id).await.unwrap().unwrap();
        let now = house.clock.now();
        assert_eq!((seen.last_seq, seen.last_position, seen.unread_count), (1, 2, 1));
        assert_eq!((seen.last_message_at, seen.active_at), (Some(now), now));
        assert_eq!(read_seq_of(house, room.id, &grace).await, 1);

        let events = house.store.events(room.id, 1, 2, Limit::EVENTS_MAX).await.unwrap();
        assert_eq!((events.len(), events[0].kind, events[0].position), (1, EventKind::MessageCreate, 2));
        assert_eq!(events[0].subject, Some(posted.message.id.0));
        let data: serde_json::Value = serde_json::from_str(&events[0].data).unwrap();
        let expected = serde_json::to_value(MessageView::from(&posted.message)).unwrap();
        assert_eq!(data, expected);
        assert_eq!(house.bus.positions()[&room.id], [1, 2]);
    }

    async fn who_may_not_write_is_refused_and_leaves_no_trace(house: &House) {
        let people = house.people(4).await;
        let [owner, member, viewer, outsider] = &people[..] else { unreachable!() };
        let members = [(owner, Role::Owner), (member, Role::Member), (viewer, Role::Viewer)];
        let private = house.session("Private", Visibility::Private, &members).await;
        let public = house.session("Public", Visibility::Public, &members).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let post = |session: &Session, author: &User| writer.post(house.post(session.id, author, "hello"));

        let held = hold(house, &private).await;
        let (outcomes, ()) = tokio::join!(
            biased;
            join_all([post(&private, viewer), post(&private, outsider), post(&public, outsider), post(&private, member)]),
            async { drop(held) }
        );
        assert!(matches!(outcomes[0], Err(MessageError::Session(SessionError::Forbidden(Role::Viewer)))));
        assert!(matches!(outcomes[1], Err(MessageError::Session(SessionError::Unknown))));
        assert!(matches!(outcomes[2], Err(MessageError::Session(SessionError::NotMember))));
        assert_eq!(outcomes[3].as_ref().unwrap().message.seq, 1);
        let nowhere = house.draft("Nowhere", Visibility::Public);
        assert!(matches!(post(&nowhere, owner).await, Err(MessageError::Session(SessionError::Unknown))));
        assert_eq!(house.bus.positions(), [(private.id, vec![1])].into());
        assert_eq!(read_seq_of(house, private.id, viewer).await, 0);
    }

    async fn a_right_that_is_lost_before_the_lock_is_lost(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let members = [(&ada, Role::Owner), (&grace, Role::Member)];
        let room = house.session("Room", Visibility::Private, &members).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let mut held = hold(house, &room).await;
        let (outcome, ()) = tokio::join!(biased; writer.post(house.post(room.id, &grace, "still here?")), async {
            held.delete_member(room.id, grace.id).await.unwrap();
            held.commit().await.unwrap();
        });
        assert!(matches!(outcome, Err(MessageError::Session(SessionError::Unknown))));

        let mut held = hold(house, &room).await;
        let (outcome, ()) = tokio::join!(biased; writer.post(house.post(room.id, &ada, "still there?")), async {
            held.bury_session(room.id, house.clock.now()).await.unwrap();
            held.commit().await.unwrap();
        });
        assert!(matches!(outcome, Err(MessageError::Session(SessionError::Unknown))));
        assert!(contents(house, room.id).await.is_empty());
    }

    async fn an_answer_is_to_a_message_of_the_same_session(house: &House) {
        let ada = house.person("Ada").await;
        let (room, other) = (house.room(&ada).await, house.room(&ada).await);
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let first = soon(writer.post(house.post(room.id, &ada, "first"))).await.unwrap().message;
        let answer = |session: SessionId, to: MessageId| {
            let mut post = house.post(session, &ada, "answer");
            post.post.reply_to = Some(to);
            writer.post(post)
        };
        let posted = soon(answer(room.id, first.id)).await.unwrap();
        assert_eq!(posted.message.reply_to, Some(first.id));
        assert!(matches!(soon(answer(other.id, first.id)).await, Err(MessageError::Invalid(_))));
        assert!(matches!(soon(answer(room.id, MessageId::generate())).await, Err(MessageError::Invalid(_))));
    }

    async fn a_repeated_send_has_effect_once(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let members = [(&ada, Role::Owner), (&grace, Role::Member)];
        let room = house.session("Room", Visibility::Private, &members).await;
        let other = house.room(&ada).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let send = |room: SessionId, author: &User, text: &str| writer.post(house.named_post(room, author, text, "same"));

        let held = hold(house, &room).await;
        let (outcomes, ()) = tokio::join!(
            biased;
            join_all([
                writer.post(house.post(room.id, &ada, "warming up")),
                send(room.id, &ada, "one"),
                send(room.id, &ada, "two"),
                send(room.id, &grace, "hers"),
                send(other.id, &ada, "elsewhere"),
                send(room.id, &ada, "three"),
            ]),
            async { drop(held) }
        );
        let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
        assert_eq!(outcomes.iter().map(|posted| posted.repeated).collect::<Vec<_>>(), [false, false, true, false, false, true]);
        assert_eq!(outcomes[2].message, outcomes[1].message);
        assert_eq!(outcomes[5].message, outcomes[1].message);

        house.clock.advance(60_000);
        let late = soon(send(room.id, &ada, "four")).await.unwrap();
        assert!(late.repeated);
        assert_eq!(late.message, outcomes[1].message);
        assert_eq!(contents(house, room.id).await, ["warming up", "one", "hers"]);
        assert_eq!(house.bus.positions(), [(room.id, vec![1, 2, 3]), (other.id, vec![1])].into());
    }

    async fn a_text_is_stored_as_it_came_alone_and_among_many(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let texts = ["'); DROP TABLE message; --", r#"{"a\\":[NULL,'']}"#, "\\x00 \t\n\u{1}", "$1 ?1 E'\\''", "ñ 漢 \u{1f600} \u{feff}"];
        for text in texts {
            let posted = soon(writer.post(house.named_post(room.id, &ada, text, text))).await.unwrap();
            let again = soon(writer.post(house.named_post(room.id, &ada, "other", text))).await.unwrap();
            assert_eq!((again.repeated, again.message), (true, posted.message));
        }
        let held = hold(house, &room).await;
        let many: Vec<_> = (0..4).flat_map(|n| texts.map(|text| house.named_post(room.id, &ada, text, &format!("{n}{text}")))).collect();
        let (outcomes, ()) =
            tokio::join!(biased; join_all(many.into_iter().map(|post| writer.post(post))), async { drop(held) });
        assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_ok_and(|posted| !posted.repeated)));
        let stored = contents(house, room.id).await;
        assert!(stored.iter().eq([texts; 5].as_flattened()), "{stored:?}");
        let names: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap().message.client_message_id.unwrap()).collect();
        let page = house.store.messages(room.id, MessageKey::After(5), Limit::parse(100).unwrap()).await.unwrap();
        assert!(page.items.into_iter().map(|message| message.client_message_id.unwrap()).eq(names));
    }

    async fn one_bad_post_fails_alone(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let first = soon(writer.post(house.post(room.id, &ada, "first"))).await.unwrap().message;
        let held = hold(house, &room).await;
        let mut posts: Vec<NewMessage> = (0..9).map(|n| house.post(room.id, &ada, &format!("{n}"))).collect();
        posts[4].id = first.id; // the schema refuses it, and with it the whole batch
        let (outcomes, ()) =
            tokio::join!(biased; join_all(posts.into_iter().map(|post| writer.post(post))), async { drop(held) });
        for (n, outcome) in outcomes.iter().enumerate() {
            match outcome {
                Ok(posted) => assert_eq!(posted.message.content.as_deref(), Some(&*n.to_string())),
                Err(MessageError::Session(SessionError::Store(StoreError::Conflict(Conflict::Other)))) => assert_eq!(n, 4),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(contents(house, room.id).await, ["first", "0", "1", "2", "3", "5", "6", "7", "8"]);
        assert_eq!(house.bus.positions()[&room.id], (1..=9).collect::<Vec<_>>());
    }

    async fn a_full_queue_is_busy_at_once(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let settings = WriterSettings { capacity: 4, batch_posts: 1, ..WriterSettings::default() };
        let (writer, _task) = Writer::start(&house.store, settings);
        let held = hold(house, &room).await;
        let mut posts: FuturesUnordered<_> =
            (0..20).map(|n| writer.post(house.post(room.id, &ada, &format!("{n}")))).collect();
        let mut busy = 0;
        while let Some(Some(outcome)) = posts.next().now_or_never() {
            assert!(matches!(outcome, Err(MessageError::Busy)));
            busy += 1;
        }
        assert!((15..=16).contains(&busy), "four wait, and one may be on its way: {busy} were busy");
        drop(held);
        while let Some(outcome) = soon(posts.next()).await {
            outcome.unwrap();
        }
        assert_eq!(contents(house, room.id).await.len(), 20 - busy);
    }

    async fn closing_finishes_what_is_queued_and_takes_no_more(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let settings = WriterSettings { batch_posts: 8, ..WriterSettings::default() };
        let (writer, task) = Writer::start(&house.store, settings);
        let held = hold(house, &room).await;
        let posts = join_all((0..50).map(|n| writer.post(house.post(room.id, &ada, &format!("{n}")))));
        let (outcomes, ()) = tokio::join!(biased; posts, async {
            tokio::join!(biased; writer.close(), async { drop(held) });
        });
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!(contents(house, room.id).await.len(), 50);
        let late = writer.post(house.post(room.id, &ada, "late")).await;
        assert!(matches!(late, Err(MessageError::Busy)));
        soon(task).await.unwrap();
        soon(writer.close()).await;
    }

    async fn a_dead_task_answers_for_those_who_wait(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (writer, task) = Writer::start(&house.store, WriterSettings::default());
        let held = hold(house, &room).await;
        let posts = join_all((0..5).map(|n| writer.post(house.post(room.id, &ada, &format!("{n}")))));
        let (outcomes, ()) = tokio::join!(biased; soon(posts), async { task.abort() });
        let unavailable = |outcome: &Result<_, _>| {
            matches!(outcome, Err(MessageError::Session(SessionError::Store(StoreError::Unavailable(_)))))
        };
        assert!(outcomes.iter().all(unavailable));
        assert!(matches!(writer.post(house.post(room.id, &ada, "late")).await, Err(MessageError::Busy)));
        soon(writer.close()).await;
        drop(held);
    }

    async fn nobody_waits_for_an_answer_without_end(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let settings = WriterSettings { answer_within: std::time::Duration::from_millis(50), ..WriterSettings::default() };
        let (writer, _task) = Writer::start(&house.store, settings);
        let held = hold(house, &room).await;
        let outcome = soon(writer.post(house.post(room.id, &ada, "hello"))).await;
        assert!(matches!(outcome, Err(MessageError::Session(SessionError::Store(StoreError::Unavailable(_))))));
        drop(held);
    }
}

/// On SQLite whoever writes holds up all others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_somebody_holds_up_holds_up_no_other_on_postgres() {
    let house = House::postgres().await;
    house
        .host(async |house| {
            let ada = house.person("Ada").await;
            let (stuck, free) = (house.room(&ada).await, house.room(&ada).await);
            let (writer, task) = Writer::start(&house.store, WriterSettings::default());
            let held = hold(house, &stuck).await;
            let mut waits = Box::pin(writer.post(house.post(stuck.id, &ada, "1")));
            assert!((&mut waits).now_or_never().is_none());
            soon(async {
                while writer.figures().waiting.get() > 0 {
                    tokio::task::yield_now().await; // until it is alone in a batch
                }
            })
            .await;
            for n in 0..20 {
                soon(writer.post(house.post(free.id, &ada, &n.to_string()))).await.unwrap();
            }
            // Those of the session that is held up keep their order.
            let mut wait_too = Box::pin(writer.post(house.post(stuck.id, &ada, "2")));
            assert!((&mut wait_too).now_or_never().is_none());
            soon(writer.post(house.post(free.id, &ada, "20"))).await.unwrap();
            assert!((&mut waits).now_or_never().is_none() && (&mut wait_too).now_or_never().is_none());
            drop(held);
            let (first, second) = tokio::join!(soon(waits), soon(wait_too));
            assert_eq!((first.unwrap().message.seq, second.unwrap().message.seq), (1, 2));
            assert_eq!(contents(house, stuck.id).await, ["1", "2"]);
            assert_eq!(contents(house, free.id).await.len(), 21);
            writer.close().await;
            task.await.unwrap();
        })
        .await;
}
