use rondo_domain::{
    account::User,
    clock::Clock as _,
    ids::{SessionId, UserId},
    meter::metered,
    notification::{Notice, Notification, Place, Who},
    page::{Limit, MessageKey},
    policy::Role,
    session::{Session, Visibility},
    store::{
        InvitationReads as _, MessageReads as _, MessageWriter as _, NotificationReads as _, SessionReads as _,
        Store as _, StoreError,
    },
};
use rondo_infra::db::writer::{Writer, WriterSettings};

use crate::harness::{House, membership, on_both, soon};

/// Fills every list up to `count`: sessions of `ada`, and in `room` members, messages, notifications and invitations.
async fn fill(house: &House, ada: &User, room: &Session, from: usize, count: usize) {
    let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
    for n in from..count {
        let guest = house.person(&format!("Guest{n}")).await;
        house.session("Another", Visibility::Private, &[(ada, Role::Owner)]).await;
        house.invitation(room, &guest, &format!("invited{n}@example.org")).await;
        let place = Place { session_id: SessionId::generate(), session_name: "Room".to_owned() };
        let notice = Notice::SessionDeleted { place, by: Who::from(&guest) };
        let mut tx = house.store.begin().await.unwrap();
        tx.insert_member(&membership(room.id, &guest, Role::Member, house.clock.now()), 0).await.unwrap();
        tx.notify(&[Notification::new(ada.id, notice, house.clock.now())]).await.unwrap();
        tx.commit().await.unwrap();
        soon(writer.post(house.post(room.id, &guest, "hello"))).await.unwrap();
    }
}

/// How many rows each list gave, and how many queries that took.
async fn costs(house: &House, ada: UserId, room: SessionId) -> Vec<(&'static str, usize, u32)> {
    let (store, limit) = (&house.store, Limit::parse(100).unwrap());
    let costs = [
        (
            "sessions",
            metered(async { Ok::<_, StoreError>(store.sessions_of(ada, None, limit).await?.items.len()) }).await,
        ),
        ("members", metered(async { Ok(store.members(room, None, limit).await?.items.len()) }).await),
        (
            "messages",
            metered(async { Ok(store.messages(room, MessageKey::Before(None), limit).await?.items.len()) }).await,
        ),
        ("notifications", metered(async { Ok(store.notifications(ada, false, None, limit).await?.items.len()) }).await),
        ("invitations", metered(async { Ok(store.invitations_of(room, None, limit).await?.items.len()) }).await),
    ];
    costs.into_iter().map(|(list, (rows, sent))| (list, rows.unwrap(), sent)).collect()
}

on_both! {
    async fn a_list_of_fifty_costs_as_many_queries_as_one_of_five(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.session("Room", Visibility::Private, &[]).await;
        let mut filled = 0;
        for count in [5, 50] {
            fill(house, &ada, &room, filled, count).await;
            filled = count;
            for (list, rows, sent) in costs(house, ada.id, room.id).await {
                assert_eq!((rows, sent), (count, 1), "{list}");
            }
        }
    }

    async fn a_notification_to_many_costs_few_queries(house: &House) {
        let people = house.people(64).await;
        let notice = |user: &User| {
            let place = Place { session_id: SessionId::generate(), session_name: "Room".to_owned() };
            let notice = Notice::SessionDeleted { place, by: Who::from(&people[0]) };
            Notification::new(user.id, notice, house.clock.now())
        };
        let many: Vec<_> = people.iter().map(notice).collect();
        let mut tx = house.store.begin().await.unwrap();
        let (outcome, sent) = metered(tx.notify(&many)).await;
        outcome.unwrap();
        assert!(sent <= 2, "{sent} queries");
        tx.commit().await.unwrap();
    }
}
