use rondo_domain::{
    account::NameKey,
    clock::Clock as _,
    ids::{SessionId, UserId},
    lists::{ListReads as _, Span},
    meter::metered,
    notification::{Notice, Notification, Place, Who},
    page::{ActivityKey, Limit, MemberKey, MessageKey, Page},
    policy::Role,
    session::Visibility,
    store::{
        InvitationReads as _, MessageReads as _, MessageWriter as _, NotificationReads as _, SessionReads as _,
        Store as _, StoreError,
    },
};
use rondo_infra::db::writer::{Writer, WriterSettings};

use crate::harness::{House, membership, on_both, soon};

/// Every item of a list that is read page by page.
async fn whole<T, K>(read: impl AsyncFn(Option<K>, Limit) -> Result<Page<T, K>, StoreError>) -> Vec<T> {
    let (mut items, mut key) = (Vec::new(), None);
    loop {
        let page = read(key, Limit::parse(3).unwrap()).await.unwrap();
        items.extend(page.items);
        key = page.next;
        if key.is_none() {
            return items;
        }
    }
}

/// Reads a list from both ends, and finds the same in it.
macro_rules! assert_turned {
    ($forward:expr, $backward:expr, $count:expr) => {
        let (forward, mut backward) = (whole($forward).await, whole($backward).await);
        backward.reverse();
        assert_eq!(forward.len(), $count);
        assert_eq!(forward, backward);
    };
}

on_both! {
    async fn a_list_from_its_end_is_the_list_turned_round(house: &House) {
        let (ada, store, now) = (house.person("Ada").await, &house.store, house.clock.now());
        let room = house.session("Room", Visibility::Private, &[(&ada, Role::Owner)]).await;
        for n in 0..7 {
            if n % 2 == 0 {
                house.clock.advance(500);
            }
            let guest = house.person(&format!("Guest{n}")).await;
            let visibility = if n % 3 == 0 { Visibility::Private } else { Visibility::Public };
            house.session(&format!("Session{n}"), visibility, &[(&ada, Role::Owner)]).await;
            house.invitation(&room, &guest, &format!("invited{n}@example.org")).await;
            let other = house.session("Elsewhere", Visibility::Private, &[]).await;
            house.invitation(&other, &guest, "ada@example.org").await;
            let place = Place { session_id: SessionId::generate(), session_name: "Room".to_owned() };
            let notice = Notice::SessionDeleted { place, by: Who::from(&guest) };
            let notification = Notification::new(ada.id, notice, house.clock.now());
            let mut tx = store.begin().await.unwrap();
            tx.notify(std::slice::from_ref(&notification)).await.unwrap();
            if n < 2 {
                tx.read_notification(ada.id, notification.id, house.clock.now()).await.unwrap();
            }
            tx.commit().await.unwrap();
        }

        assert_turned!(
            async |key, limit| store.sessions_of(ada.id, key, limit).await,
            async |key, limit| store.sessions_before(ada.id, key, limit).await,
            8
        );
        for (query, count) in [(None, 4), (Some("session"), 4), (Some("session4"), 1), (Some("nowhere"), 0)] {
            assert_turned!(
                async |key, limit| store.public_sessions(ada.id, query, key, limit).await,
                async |key, limit| store.public_sessions_before(ada.id, query, key, limit).await,
                count
            );
        }
        for (query, count) in [(Some("guest"), 7), (Some("guest3"), 1), (Some("nobody"), 0)] {
            assert_turned!(
                async |key: Option<NameKey>, limit| {
                    rondo_domain::account::ports::AccountReads::search(&**store, query, key.as_ref(), limit).await
                },
                async |key: Option<NameKey>, limit| store.people_before(query, key.as_ref(), limit).await,
                count
            );
        }
        assert_turned!(
            async |key, limit| store.invitations_of(room.id, key, limit).await,
            async |key, limit| store.invitations_of_before(room.id, key, limit).await,
            7
        );
        assert_turned!(
            async |key, limit| store.invitations_for("ada@example.org", now, key, limit).await,
            async |key, limit| store.invitations_for_before("ada@example.org", now, key, limit).await,
            7
        );
        for (unread, count) in [(false, 7), (true, 5)] {
            assert_turned!(
                async |key, limit| store.notifications(ada.id, unread, key, limit).await,
                async |key, limit| store.notifications_before(ada.id, unread, key, limit).await,
                count
            );
        }
    }

    async fn many_sessions_cost_as_many_queries_as_one(house: &House) {
        let ada = house.person("Ada").await;
        let people = house.people(6).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let mut rooms = Vec::new();
        for n in 0..70 {
            let room = house.session(&format!("Room{n}"), Visibility::Private, &[(&ada, Role::Owner)]).await;
            let mut tx = house.store.begin().await.unwrap();
            for guest in people.iter().take(n % 7) {
                let member = membership(room.id, guest, Role::Viewer, house.clock.now());
                tx.insert_member(&member, 0).await.unwrap();
            }
            tx.commit().await.unwrap();
            if n % 10 == 0 {
                for _ in 0..n / 10 {
                    soon(writer.post(house.post(room.id, &ada, "hello"))).await.unwrap();
                }
            }
            rooms.push(room.id);
        }
        rooms.push(SessionId::generate());
        let limit = Limit::parse(3).unwrap();

        let (accesses, sent) = metered(house.store.accesses(&rooms, ada.id)).await;
        let accesses = accesses.unwrap();
        assert_eq!((accesses.len(), sent), (70, 1));
        for id in &rooms {
            assert_eq!(accesses.get(id).copied(), house.store.access(*id, ada.id).await.unwrap());
        }
        assert!(house.store.accesses(&rooms[..1], UserId::generate()).await.unwrap()[&rooms[0]].role.is_none());

        let forward: Vec<_> = rooms.iter().map(|id| (*id, Span::After(None))).collect();
        let (pages, sent) = metered(house.store.members_of(&forward, limit)).await;
        assert_eq!(sent, 1);
        let pages = pages.unwrap();
        for (id, page) in rooms.iter().zip(&pages) {
            assert_eq!(page, &house.store.members(*id, None, limit).await.unwrap());
        }
        let onward: Vec<_> = rooms.iter().zip(&pages).map(|(id, page)| (*id, Span::After(page.next))).collect();
        for ((id, span), page) in onward.iter().zip(house.store.members_of(&onward, limit).await.unwrap()) {
            let Span::After(key) = *span else { panic!() };
            assert_eq!(page, house.store.members(*id, key, limit).await.unwrap());
        }

        let asked: Vec<_> = rooms
            .iter()
            .enumerate()
            .map(|(n, id)| (*id, if n % 20 == 0 { MessageKey::After(1) } else { MessageKey::Before(None) }))
            .collect();
        let (pages, sent) = metered(house.store.messages_of(&asked, limit)).await;
        assert_eq!(sent, 2, "one for either direction");
        for ((id, key), page) in asked.iter().zip(pages.unwrap()) {
            assert_eq!(page, house.store.messages(*id, *key, limit).await.unwrap());
        }
        assert!(house.store.members_of(&[], limit).await.unwrap().is_empty());
        assert!(house.store.messages_of(&[], limit).await.unwrap().is_empty());
    }

    async fn the_members_of_a_session_turn_round(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.session("Room", Visibility::Private, &[(&ada, Role::Owner)]).await;
        for guest in house.people(9).await {
            let mut tx = house.store.begin().await.unwrap();
            tx.insert_member(&membership(room.id, &guest, Role::Member, house.clock.now()), 0).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_turned!(
            async |key, limit| house.store.members(room.id, key, limit).await,
            async |key: Option<MemberKey>, limit| {
                Ok(house.store.members_of(&[(room.id, Span::Before(key))], limit).await?.remove(0))
            },
            10
        );
        let newest: Option<ActivityKey> = None;
        assert!(house.store.sessions_before(UserId::generate(), newest, Limit::default()).await.unwrap().items.is_empty());
    }
}
