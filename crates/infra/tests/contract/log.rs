use rondo_domain::{
    clock::Clock as _,
    event::{EventKind, SessionEvent},
    ids::SessionId,
    meter::metered,
    page::Limit,
    policy::Role,
    store::{EventLog as _, Head, Store as _, StoreError},
};

use crate::harness::{House, membership, on_both};

on_both! {
    async fn events_are_numbered_kept_and_told_after_the_commit(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let events = [
            SessionEvent::SessionUpdated(room.clone()),
            SessionEvent::MemberUpdated(membership(room.id, &ada, Role::Owner, house.clock.now())),
            SessionEvent::MemberRemoved { session: room.id, user: ada.id },
            SessionEvent::SessionDeleted(room.id),
        ];
        let mut tx = house.store.begin().await.unwrap();
        tx.lock_session(room.id).await.unwrap().unwrap();
        for (event, position) in events.iter().zip(1..) {
            assert_eq!(tx.append(event).await.unwrap(), position);
        }
        assert!(house.bus.heard().is_empty());
        tx.commit().await.unwrap();

        let kept = house.store.events(room.id, 0, 4, Limit::EVENTS_MAX).await.unwrap();
        let kinds: Vec<_> = kept.iter().map(|event| event.kind).collect();
        assert_eq!(
            kinds,
            [EventKind::SessionUpdate, EventKind::MemberUpdate, EventKind::MemberRemove, EventKind::SessionDelete]
        );
        assert_eq!(kept[2].subject, Some(ada.id.0));
        assert_eq!(&*kept[3].data, format!(r#"{{"sessionId":"{}"}}"#, room.id));
        let heard: Vec<_> = house.bus.heard().iter().map(|event| (**event).clone()).collect();
        assert_eq!(heard, kept);

        let positions = async |after, until, limit| {
            let limit = Limit::parse_events(limit).unwrap();
            let page = house.store.events(room.id, after, until, limit).await.unwrap();
            page.iter().map(|event| event.position).collect::<Vec<_>>()
        };
        assert_eq!(positions(1, 3, 500).await, [2, 3]);
        assert_eq!(positions(0, 4, 2).await, [1, 2]);
        assert!(positions(4, 4, 500).await.is_empty());
    }

    async fn a_dropped_transaction_tells_nobody_and_takes_no_position(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.append(&SessionEvent::SessionDeleted(room.id)).await.unwrap();
        drop(tx);
        let mut tx = house.store.begin().await.unwrap();
        assert_eq!(tx.append(&SessionEvent::SessionUpdated(room.clone())).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(house.bus.positions()[&room.id], [1]);
    }

    async fn an_unknown_session_has_no_log(house: &House) {
        let mut tx = house.store.begin().await.unwrap();
        let nowhere = tx.append(&SessionEvent::SessionDeleted(SessionId::generate())).await;
        assert!(matches!(nowhere, Err(StoreError::Corrupt(_))));
        assert!(house.store.events(SessionId::generate(), 0, 9, Limit::EVENTS_MAX).await.unwrap().is_empty());
    }

    async fn heads_take_any_number_of_ids(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let other = house.room(&ada).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.append(&SessionEvent::SessionDeleted(room.id)).await.unwrap();
        tx.bury_session(room.id, house.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        let mut expected = vec![Head { session: room.id, position: 1 }, Head { session: other.id, position: 0 }];
        expected.sort_by_key(|head| head.session);
        for others in [0, 3, 600, 40_000] {
            let mut ids: Vec<_> = (0..others).map(|_| SessionId::generate()).collect();
            ids.insert(others / 2, room.id);
            ids.push(other.id);
            let (heads, sent) = metered(house.store.heads(&ids)).await;
            let mut heads = heads.unwrap();
            heads.sort_by_key(|head| head.session);
            assert_eq!(heads, expected, "among {others}");
            assert!(others > 500 || sent == 1);
        }
        assert!(house.store.heads(&[]).await.unwrap().is_empty());
    }
}
