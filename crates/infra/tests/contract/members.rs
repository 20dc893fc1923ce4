use rondo_domain::{
    bus::Signal,
    clock::Clock as _,
    event::SessionEvent,
    ids::{SessionId, UserId},
    meter::metered,
    page::{Limit, MemberKey},
    policy::Role,
    session::{Membership, Visibility},
    store::{MessageWriter as _, SessionReads as _, Store as _, StoreError},
};
use rondo_infra::db::writer::{Writer, WriterSettings};

use crate::harness::{House, membership, on_both, soon};

on_both! {
    async fn members_page_by_the_time_of_their_coming(house: &House) {
        let people = house.people(23).await;
        let room = house.room(&people[0]).await;
        let other = house.room(&people[1]).await;
        let mut expected = vec![membership(room.id, &people[0], Role::Owner, room.created_at)];
        for (n, user) in people.iter().enumerate().skip(1).rev() {
            if n % 4 == 0 {
                house.clock.advance(500);
            }
            let member = membership(room.id, user, Role::ALL[n % 4], house.clock.now());
            let mut tx = house.store.begin().await.unwrap();
            tx.insert_member(&member, 0).await.unwrap();
            tx.commit().await.unwrap();
            expected.push(member);
        }
        expected.sort_by_key(|member| (member.joined_at, member.user.id));
        let (mut seen, mut after): (Vec<Membership>, Option<MemberKey>) = (Vec::new(), None);
        loop {
            let (page, sent) = metered(house.store.members(room.id, after, Limit::parse(5).unwrap())).await;
            let page = page.unwrap();
            assert_eq!(sent, 1);
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected);
        assert_eq!(house.store.members(other.id, None, Limit::default()).await.unwrap().items.len(), 1);

        let mut tx = house.store.begin().await.unwrap();
        let mut ids: Vec<_> = people.iter().map(|user| user.id).collect();
        ids.sort();
        assert_eq!(tx.member_ids(room.id).await.unwrap(), ids);
    }

    async fn a_role_is_changed_and_owners_are_known(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let members = [(&ada, Role::Owner), (&grace, Role::Viewer)];
        let room = house.session("Room", Visibility::Private, &members).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.lock_session(room.id).await.unwrap().unwrap();
        assert_eq!(tx.owners(room.id).await.unwrap(), [ada.id]);
        let viewer = tx.membership(room.id, grace.id).await.unwrap();
        assert_eq!(viewer, Some(membership(room.id, &grace, Role::Viewer, room.created_at)));
        assert_eq!(tx.membership(room.id, UserId::generate()).await.unwrap(), None);

        tx.set_role(room.id, grace.id, Role::Owner).await.unwrap();
        assert_eq!(tx.owners(room.id).await.unwrap(), [ada.id, grace.id]);
        assert_eq!(tx.membership(room.id, grace.id).await.unwrap().unwrap().role, Role::Owner);
        tx.set_role(room.id, ada.id, Role::Member).await.unwrap();
        tx.commit().await.unwrap();
        let access = house.store.access(room.id, ada.id).await.unwrap().unwrap();
        assert_eq!(access.role, Some(Role::Member));
        let mut tx = house.store.begin().await.unwrap();
        assert_eq!(tx.owners(room.id).await.unwrap(), [grace.id]);
        assert!(tx.owners(SessionId::generate()).await.unwrap().is_empty());
        let nobody = tx.set_role(room.id, UserId::generate(), Role::Member).await;
        assert!(matches!(nobody, Err(StoreError::Corrupt(_))));
    }

    async fn a_read_marker_moves_neither_back_nor_beyond_the_last_message(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let members = [(&ada, Role::Owner), (&grace, Role::Member)];
        let room = house.session("Room", Visibility::Private, &members).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let mark = async |user, seq| {
            let mut tx = house.store.begin().await.unwrap();
            let moved = tx.mark_read(room.id, user, seq).await.unwrap();
            let stands = tx.read_marker(room.id, user).await.unwrap();
            tx.commit().await.unwrap();
            (moved, stands)
        };
        assert_eq!(mark(grace.id, 9).await, (None, 0), "there is nothing to read yet");
        for n in 0..5 {
            soon(writer.post(house.post(room.id, &ada, &n.to_string()))).await.unwrap();
        }
        assert_eq!(mark(grace.id, 3).await, (Some(3), 3));
        assert_eq!(mark(grace.id, 3).await, (None, 3));
        assert_eq!(mark(grace.id, 2).await, (None, 3));
        assert_eq!(mark(grace.id, -1).await, (None, 3));
        assert_eq!(mark(grace.id, i64::MAX).await, (Some(5), 5));
        assert_eq!(mark(grace.id, 6).await, (None, 5));
        assert_eq!(mark(ada.id, 5).await, (None, 5), "writing moved it before");
        assert_eq!(mark(UserId::generate(), 5).await, (None, 0));
        let (seen, _) = house.store.look(room.id, grace.id).await.unwrap().unwrap();
        assert_eq!(seen.unread_count, 0);
    }

    async fn a_member_sees_the_locked_session_with_their_own_marker(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let members = [(&ada, Role::Owner), (&grace, Role::Viewer)];
        let room = house.session("Room", Visibility::Private, &members).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        for n in 0..4 {
            soon(writer.post(house.post(room.id, &ada, &n.to_string()))).await.unwrap();
        }
        let mut tx = house.store.begin().await.unwrap();
        tx.mark_read(room.id, grace.id, 1).await.unwrap();
        let locked = tx.lock_session(room.id).await.unwrap().unwrap();
        let seen = tx.seen_by(locked, grace.id, Role::Viewer).await.unwrap();
        assert_eq!((seen.role, seen.unread_count), (Some(Role::Viewer), 3));
    }

    async fn an_event_that_is_also_for_some_people_goes_to_them_first(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let room = house.room(&ada).await;
        let mut tx = house.store.begin().await.unwrap();
        let joined = SessionEvent::MemberUpdated(membership(room.id, &grace, Role::Member, house.clock.now()));
        tx.append(&joined).await.unwrap();
        tx.append_for(&joined, &[ada.id, grace.id]).await.unwrap();
        tx.append_for(&joined, &[]).await.unwrap();
        tx.commit().await.unwrap();
        let told: Vec<_> = house
            .bus
            .signals()
            .into_iter()
            .map(|signal| match signal {
                Signal::Event(event) => (event.position, vec![]),
                Signal::EventFor(users, event) => (event.position, users.to_vec()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, [(1, vec![]), (2, vec![ada.id, grace.id]), (2, vec![]), (3, vec![])]);
    }
}
