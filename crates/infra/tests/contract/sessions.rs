use rondo_domain::{
    clock::Clock as _,
    event::SessionEvent,
    ids::{SessionId, UserId},
    meter::metered,
    page::{ActivityKey, Limit},
    policy::Role,
    session::{Session, Visibility},
    store::{Conflict, SessionReads as _, Store as _, StoreError},
};

use crate::harness::{House, membership, on_both};

async fn public(house: &House, user: UserId, query: Option<&str>) -> Vec<String> {
    let page = house.store.public_sessions(user, query, None, Limit::default()).await.unwrap();
    page.items.into_iter().map(|session| session.name).collect()
}

on_both! {
    async fn a_session_reads_back_as_each_person_sees_it(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let written = house.session("Sala", Visibility::Public, &[(&ada, Role::Owner)]).await;
        let (seen, access) = house.store.look(written.id, ada.id).await.unwrap().unwrap();
        assert_eq!(seen, Session { role: Some(Role::Owner), member_count: 1, ..written.clone() });
        assert_eq!((access.role, access.deleted, access.last_position, access.log_floor), (Some(Role::Owner), false, 0, 0));
        let (seen, _) = house.store.look(written.id, grace.id).await.unwrap().unwrap();
        assert_eq!(seen, Session { role: None, member_count: 1, ..written.clone() });
        let access = house.store.access(written.id, grace.id).await.unwrap().unwrap();
        assert_eq!((access.visibility, access.role), (Visibility::Public, None));
        assert!(house.store.access(SessionId::generate(), ada.id).await.unwrap().is_none());
        assert!(house.store.look(SessionId::generate(), ada.id).await.unwrap().is_none());
    }

    async fn a_draft_is_written_over_a_locked_session(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let mut tx = house.store.begin().await.unwrap();
        let mut locked = tx.lock_session(room.id).await.unwrap().unwrap();
        assert_eq!(locked, Session { member_count: 1, ..room.clone() });
        assert!(tx.lock_session(SessionId::generate()).await.unwrap().is_none());
        house.clock.advance(1_000);
        locked.name = "Sala ÑANDÚ".to_owned();
        locked.description = None;
        locked.visibility = Visibility::Public;
        locked.updated_at = house.clock.now();
        tx.update_session(room.id, &locked.draft()).await.unwrap();
        tx.commit().await.unwrap();
        let (seen, _) = house.store.look(room.id, ada.id).await.unwrap().unwrap();
        assert_eq!(seen, Session { role: Some(Role::Owner), ..locked });
        assert_eq!(public(house, ada.id, Some("ñandú")).await, ["Sala ÑANDÚ"]);
    }

    async fn members_come_go_and_are_counted(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let room = house.room(&ada).await;
        let at = house.clock.now();
        let mut tx = house.store.begin().await.unwrap();
        tx.lock_session(room.id).await.unwrap().unwrap();
        assert_eq!(tx.role(room.id, ada.id).await.unwrap(), Some(Role::Owner));
        assert_eq!(tx.role(room.id, grace.id).await.unwrap(), None);
        assert_eq!(tx.owners(room.id).await.unwrap(), [ada.id]);
        tx.insert_member(&membership(room.id, &grace, Role::Owner, at), 0).await.unwrap();
        assert_eq!(tx.owners(room.id).await.unwrap(), [ada.id, grace.id]);
        assert_eq!(tx.lock_session(room.id).await.unwrap().unwrap().member_count, 2);
        assert!(tx.delete_member(room.id, ada.id).await.unwrap());
        assert!(!tx.delete_member(room.id, ada.id).await.unwrap());
        tx.commit().await.unwrap();
        let (seen, access) = house.store.look(room.id, ada.id).await.unwrap().unwrap();
        assert_eq!((seen.member_count, seen.role, access.role), (1, None, None));

        let mut tx = house.store.begin().await.unwrap();
        let twice = tx.insert_member(&membership(room.id, &grace, Role::Member, at), 0).await;
        assert!(matches!(twice, Err(StoreError::Conflict(Conflict::Other))));
        drop(tx);
        let mut tx = house.store.begin().await.unwrap();
        let nowhere = tx.insert_member(&membership(SessionId::generate(), &grace, Role::Member, at), 0).await;
        assert!(matches!(nowhere, Err(StoreError::Corrupt(_))));
    }

    async fn a_buried_session_is_left_to_its_log(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.session("Sala", Visibility::Public, &[(&ada, Role::Owner)]).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.lock_session(room.id).await.unwrap().unwrap();
        tx.append(&SessionEvent::SessionDeleted(room.id)).await.unwrap();
        tx.bury_session(room.id, house.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(house.store.access(room.id, ada.id).await.unwrap().unwrap().deleted);
        let (_, access) = house.store.look(room.id, ada.id).await.unwrap().unwrap();
        assert!(access.deleted);
        assert_eq!(access.last_position, 1);
        assert!(house.store.begin().await.unwrap().lock_session(room.id).await.unwrap().is_none());
        assert!(house.store.sessions_of(ada.id, None, Limit::default()).await.unwrap().items.is_empty());
        assert!(public(house, ada.id, None).await.is_empty());
    }

    async fn lists_run_from_the_newest_activity_and_page_without_gap_or_repeat(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let mut made = Vec::new();
        for n in 0..25 {
            // Several at the same moment, one on a whole second: the id decides, and text sorts as time does.
            if n % 3 == 0 {
                house.clock.advance(500);
            }
            made.push(house.session(&format!("S{n}"), Visibility::Public, &[(&ada, Role::Owner)]).await);
        }
        house.session("Hidden", Visibility::Private, &[(&grace, Role::Owner)]).await;
        made.sort_by_key(|session| (session.active_at, session.id));
        made.reverse();
        let expected: Vec<_> = made.iter().map(|session| session.id).collect();
        for mine in [true, false] {
            let (mut seen, mut after): (Vec<SessionId>, Option<ActivityKey>) = (Vec::new(), None);
            loop {
                let limit = Limit::parse(7).unwrap();
                let (page, sent) = metered(async {
                    if mine {
                        house.store.sessions_of(ada.id, after, limit).await.unwrap()
                    } else {
                        house.store.public_sessions(grace.id, None, after, limit).await.unwrap()
                    }
                })
                .await;
                assert_eq!(sent, 1);
                let role = mine.then_some(Role::Owner);
                assert!(page.items.iter().all(|session| session.role == role && session.member_count == 1));
                seen.extend(page.items.iter().map(|session| session.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected);
        }
    }

    async fn a_search_takes_every_character_for_itself(house: &House) {
        let ada = house.person("Ada").await;
        for name in ["100% Real", "100 Real", "snake_case", "snakecase", r"back\slash", "ÑANDÚ Room"] {
            house.clock.advance(1);
            house.session(name, Visibility::Public, &[(&ada, Role::Owner)]).await;
        }
        assert_eq!(public(house, ada.id, Some("100%")).await, ["100% Real"]);
        assert_eq!(public(house, ada.id, Some("_c")).await, ["snake_case"]);
        assert_eq!(public(house, ada.id, Some(r"k\s")).await, [r"back\slash"]);
        assert_eq!(public(house, ada.id, Some("ñandú")).await, ["ÑANDÚ Room"]);
        assert_eq!(public(house, ada.id, Some("real")).await, ["100 Real", "100% Real"]);
        assert!(public(house, ada.id, Some("nothing of the kind")).await.is_empty());
        assert_eq!(public(house, ada.id, None).await.len(), 6);
    }

    async fn a_locked_session_waits_for_the_one_before(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let mut first = house.store.begin().await.unwrap();
        first.lock_session(room.id).await.unwrap().unwrap();
        first.append(&SessionEvent::SessionUpdated(room.clone())).await.unwrap();
        let (store, id) = (house.store.clone(), room.id);
        let second = tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            tx.lock_session(id).await.unwrap().unwrap().last_position
        });
        // A reader is never kept waiting, and sees nothing of what is not committed.
        let access = house.store.access(room.id, ada.id).await.unwrap().unwrap();
        assert_eq!(access.last_position, 0);
        assert!(!second.is_finished());
        first.commit().await.unwrap();
        assert_eq!(second.await.unwrap(), 1);
    }
}
