use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use rondo_domain::{
    account::{Login, LoginOrigin, RefreshToken, User, ports::AccountReads as _},
    clock::Clock,
    event::SessionEvent,
    idempotency::{IdempotencyKey, Memo, StoredAnswer},
    ids::{LoginId, MessageId, SessionId},
    invitation::Status,
    message::{NewMessage, PostMessage},
    page::{Limit, MessageKey},
    policy::Role,
    session::Visibility,
    store::{
        EventLog as _, InvitationReads as _, MessageReads as _, MessageWriter as _, SessionReads as _, Store as _,
    },
};
use rondo_infra::db::{
    Retention, RetentionSettings, Swept, verify,
    writer::{Writer, WriterSettings},
};
use uuid::Uuid;

use crate::harness::{House, on_both};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// More than a batch takes.
const MANY: usize = 620;

impl House {
    fn retention(&self, node: u128) -> Retention {
        let settings = RetentionSettings { events: Duration::from_hours(30 * 24) };
        Retention::new(&self.db, Arc::clone(&self.clock) as Arc<dyn Clock>, settings, Uuid::from_u128(node))
    }

    async fn sweep(&self) -> Swept {
        self.retention(1).sweep().await.unwrap()
    }

    async fn assert_sound(&self) {
        let mut broken = Vec::new();
        let sound = verify(&self.settings, |finding| {
            if !finding.holds() {
                broken.push(finding.to_string());
            }
        });
        assert!(sound.await.unwrap(), "{broken:#?}");
    }

    /// Posts this often; each message after the first answers it.
    async fn talk(&self, session: SessionId, author: &User, count: usize) {
        let (writer, task) = Writer::start(&self.store, WriterSettings::default());
        let first = self.post(session, author, "first");
        let first = writer.post(first).await.unwrap().message.id;
        let answer = |n: usize| {
            let post = self.post(session, author, &format!("answer {n}"));
            NewMessage { post: PostMessage { reply_to: Some(first), ..post.post }, ..post }
        };
        for posted in join_all((1..count).map(|n| writer.post(answer(n)))).await {
            posted.unwrap();
        }
        writer.close().await;
        task.await.unwrap();
    }

    async fn bury(&self, session: SessionId) {
        let mut tx = self.store.begin().await.unwrap();
        tx.lock_session(session).await.unwrap().unwrap();
        tx.append(&SessionEvent::SessionDeleted(session)).await.unwrap();
        tx.bury_session(session, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A login with a spent token and its successor, which is good for so many days.
    async fn login(&self, user: &User, seed: u8, days: i64) -> LoginId {
        let now = self.clock.now();
        let (id, origin) = (LoginId::generate(), LoginOrigin::default());
        let login = Login { id, user_id: user.id, origin, created_at: now, revoked_at: None };
        let expires_at = now + Duration::from_millis(u64::try_from(days * DAY).unwrap());
        let root = RefreshToken {
            digest: [seed; 32],
            login_id: id,
            parent: None,
            created_at: now,
            expires_at: now + Duration::from_hours(24),
            spent_at: Some(now),
            voided_at: None,
        };
        let next =
            RefreshToken { digest: [seed + 1; 32], parent: Some(root.digest), spent_at: None, expires_at, ..root };
        let mut tx = self.store.begin().await.unwrap();
        tx.insert_login(&login).await.unwrap();
        for token in [root, next] {
            tx.insert_refresh_token(&token).await.unwrap();
        }
        tx.commit().await.unwrap();
        id
    }
}

on_both! {
    async fn old_events_go_from_the_beginning_and_messages_stay(house: &House) {
        let ada = house.person("Ada").await;
        let (long, short, quiet) = (house.room(&ada).await, house.room(&ada).await, house.room(&ada).await);
        house.talk(long.id, &ada, MANY).await;
        house.talk(short.id, &ada, 3).await;
        house.clock.advance(20 * DAY);
        house.talk(long.id, &ada, 5).await;
        assert_eq!(house.sweep().await, Swept::default(), "nothing is old yet");

        house.clock.advance(11 * DAY);
        let swept = house.sweep().await;

        assert_eq!(swept, Swept { events: MANY as u64 + 3, ..Swept::default() });
        let positions = async |session: SessionId| {
            let kept = house.store.events(session, 0, i64::MAX, Limit::EVENTS_MAX).await.unwrap();
            kept.iter().map(|event| event.position).collect::<Vec<_>>()
        };
        let last = i64::try_from(MANY).unwrap();
        assert_eq!(positions(long.id).await, (last + 1..=last + 5).collect::<Vec<_>>());
        assert!(positions(short.id).await.is_empty());
        for (session, floor, end) in [(&long, last, last + 5), (&short, 3, 3), (&quiet, 0, 0)] {
            let access = house.store.access(session.id, ada.id).await.unwrap().unwrap();
            assert_eq!((access.log_floor, access.last_position), (floor, end));
            assert!(access.recovers(floor) && (floor == 0 || !access.recovers(floor - 1)));
        }
        let first = house.store.messages(long.id, MessageKey::After(0), Limit::EVENTS_MAX).await.unwrap();
        assert_eq!(first.items[0].content.as_deref(), Some("first"));
        house.assert_sound().await;
        house.talk(short.id, &ada, 1).await;
        assert_eq!(positions(short.id).await, [4], "the log goes on where it stood");
        house.assert_sound().await;
    }

    async fn an_old_event_behind_a_young_one_waits_for_it(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        house.talk(room.id, &ada, 1).await;
        house.clock.advance(-DAY); // another node's clock
        house.talk(room.id, &ada, 1).await;
        house.clock.advance(30 * DAY + HOUR);
        assert_eq!(house.sweep().await.events, 0);
        house.clock.advance(DAY);
        assert_eq!(house.sweep().await.events, 2);
    }

    async fn a_deleted_session_goes_with_all_that_was_in_it_once_its_log_is_old(house: &House) {
        let people = house.people(4).await;
        let members: Vec<_> = people.iter().map(|user| (user, Role::Owner)).collect();
        let (gone, kept) = (house.session("Gone", Visibility::Public, &members).await, house.room(&people[0]).await);
        house.talk(gone.id, &people[0], MANY).await;
        house.talk(kept.id, &people[0], 2).await;
        house.invitation(&gone, &people[0], "a@b.org").await;
        house.bury(gone.id).await;
        house.clock.advance(29 * DAY);
        assert_eq!(house.sweep().await, Swept::default());

        house.clock.advance(2 * DAY);
        let swept = house.sweep().await;

        assert_eq!(swept, Swept { events: MANY as u64 + 3, sessions: 1, ..Swept::default() });
        assert!(house.store.access(gone.id, people[0].id).await.unwrap().is_none());
        let left = house.store.messages(gone.id, MessageKey::After(0), Limit::EVENTS_MAX).await.unwrap();
        assert!(left.items.is_empty());
        assert!(house.store.message(MessageId::generate()).await.unwrap().is_none());
        house.assert_sound().await;
    }

    async fn tokens_and_logins_go_when_nobody_can_use_them(house: &House) {
        let ada = house.person("Ada").await;
        let lasting = house.login(&ada, 10, 30).await;
        let short = house.login(&ada, 20, 1).await;
        let ended = house.login(&ada, 30, 30).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.revoke_login(ended, house.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        house.clock.advance(DAY);
        assert_eq!(house.sweep().await, Swept::default(), "what has just run out is kept for a day");

        house.clock.advance(DAY + HOUR);
        let swept = house.sweep().await;

        assert_eq!(swept, Swept { tokens: 5, logins: 2, ..Swept::default() });
        assert!(house.store.login_is_live(lasting).await.unwrap());
        for login in [short, ended] {
            assert!(!house.store.login_is_live(login).await.unwrap());
        }
        let mut tx = house.store.begin().await.unwrap();
        assert!(tx.lock_refresh_token(&[11; 32]).await.unwrap().is_some());
        assert!(tx.lock_refresh_token(&[10; 32]).await.unwrap().is_none());
        drop(tx);
        house.assert_sound().await;
    }

    async fn a_key_is_forgotten_after_a_day_and_not_before(house: &House) {
        let ada = house.person("Ada").await;
        let remember = async |key: &str| {
            let answer = StoredAnswer { status: 201, location: None, body: "{}".to_owned() };
            let key = IdempotencyKey::parse(key).unwrap();
            let mut tx = house.store.begin().await.unwrap();
            tx.remember(Some(Memo { user: ada.id, key, fingerprint: [7; 32], answer })).await.unwrap();
            tx.commit().await.unwrap();
        };
        for n in 0..MANY {
            remember(&format!("old-{n}")).await;
        }
        house.clock.advance(HOUR);
        remember("young").await;
        house.clock.advance(23 * HOUR);
        assert_eq!(house.sweep().await.keys, 0);
        house.clock.advance(1);
        assert_eq!(house.sweep().await, Swept { keys: MANY as u64, ..Swept::default() });
        let young = IdempotencyKey::parse("young").unwrap();
        assert!(house.store.remembered(ada.id, &young, house.clock.now()).await.unwrap().is_some());
    }

    async fn an_invitation_is_marked_when_it_expires_and_goes_long_after(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let (late, answered) =
            (house.invitation(&room, &ada, "a@b.org").await, house.invitation(&room, &ada, "b@b.org").await);
        let mut answered = answered;
        answered.status = Status::Declined;
        let mut tx = house.store.begin().await.unwrap();
        tx.settle_invitation(&answered, house.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        house.clock.advance(59_000);
        assert_eq!(house.sweep().await, Swept::default());

        house.clock.advance(1_000);
        assert_eq!(house.sweep().await, Swept { expired: 1, ..Swept::default() });
        assert_eq!(house.store.invitation(late.id).await.unwrap().unwrap().status, Status::Expired);
        house.assert_sound().await;
        house.clock.advance(30 * DAY + 1);
        assert_eq!(house.sweep().await, Swept { invitations: 1, ..Swept::default() });
        assert!(house.store.invitation(late.id).await.unwrap().is_none());
        assert_eq!(house.store.invitation(answered.id).await.unwrap().unwrap().status, Status::Declined);
    }

    async fn one_node_at_a_time_does_it_and_not_again_too_soon(house: &House) {
        let (one, other) = (house.retention(1), house.retention(2));
        assert_eq!(one.sweep_if_due().await.unwrap(), Some(Swept::default()));
        for node in [&one, &other] {
            assert_eq!(node.sweep_if_due().await.unwrap(), None);
        }
        house.clock.advance(HOUR - 1);
        assert_eq!(other.sweep_if_due().await.unwrap(), None);
        house.clock.advance(1);
        assert_eq!(other.sweep_if_due().await.unwrap(), Some(Swept::default()));
        assert_eq!(one.sweep_if_due().await.unwrap(), None);
    }
}
