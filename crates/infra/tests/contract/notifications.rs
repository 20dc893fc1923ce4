use rondo_domain::{
    account::User,
    clock::Clock as _,
    ids::{NotificationId, SessionId, UserId},
    notification::{Notice, Notification, Place, Who},
    page::Limit,
    store::{NotificationReads as _, Store as _},
};

use crate::harness::{House, on_both};

fn removal(house: &House, user: UserId, by: &User) -> Notification {
    let place = Place { session_id: SessionId::generate(), session_name: "Fulbito 'del' jueves 🦤".to_owned() };
    Notification::new(user, Notice::MemberRemoved { place, by: Who::from(by) }, house.clock.now())
}

async fn notify(house: &House, notifications: &[Notification]) {
    let mut tx = house.store.begin().await.unwrap();
    tx.notify(notifications).await.unwrap();
    tx.commit().await.unwrap();
}

async fn unread(house: &House, user: UserId) -> (Vec<NotificationId>, i64) {
    let page = house.store.notifications(user, true, None, Limit::parse(100).unwrap()).await.unwrap();
    (page.items.iter().map(|stored| stored.id).collect(), house.store.unread_notifications(user).await.unwrap())
}

on_both! {
    async fn a_notification_is_stored_as_it_is_told(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let new = removal(house, grace.id, &ada);
        let mut tx = house.store.begin().await.unwrap();
        tx.notify(std::slice::from_ref(&new)).await.unwrap();
        assert!(house.bus.signals().is_empty());
        tx.commit().await.unwrap();
        assert_eq!(house.bus.told(), [(grace.id, "notification:create")]);

        let page = house.store.notifications(grace.id, false, None, Limit::default()).await.unwrap();
        let stored = &page.items[0];
        assert_eq!((stored.id, &*stored.kind, stored.read_at, stored.created_at), (new.id, "member_removed", None, new.created_at));
        assert_eq!(stored.data, serde_json::to_string(&new.notice).unwrap());
        assert!(house.store.notifications(ada.id, false, None, Limit::default()).await.unwrap().items.is_empty());
    }

    async fn notifications_page_from_the_newest_and_without_those_that_were_read(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let mut made = Vec::new();
        for _ in 0..9 {
            let new = removal(house, grace.id, &ada);
            notify(house, std::slice::from_ref(&new)).await;
            notify(house, &[removal(house, ada.id, &grace)]).await;
            made.insert(0, new.id);
        }
        let at = house.clock.now();
        let mut tx = house.store.begin().await.unwrap();
        for id in [made[0], made[4]] {
            assert!(tx.read_notification(grace.id, id, at).await.unwrap());
        }
        tx.commit().await.unwrap();
        let still_unread: Vec<_> = made.iter().copied().filter(|id| *id != made[0] && *id != made[4]).collect();
        for (only_unread, expected) in [(false, &made), (true, &still_unread)] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let limit = Limit::parse(4).unwrap();
                let page = house.store.notifications(grace.id, only_unread, after, limit).await.unwrap();
                seen.extend(page.items.iter().map(|stored| stored.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(&seen, expected);
        }
        assert_eq!(unread(house, grace.id).await, (still_unread, 7));
        assert_eq!(house.store.unread_notifications(ada.id).await.unwrap(), 9);
    }

    async fn a_notification_is_read_once_and_by_its_own_person(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let new = removal(house, grace.id, &ada);
        notify(house, std::slice::from_ref(&new)).await;
        let first = house.clock.now();
        let read = async |user, id| {
            let mut tx = house.store.begin().await.unwrap();
            let known = tx.read_notification(user, id, house.clock.now()).await.unwrap();
            tx.commit().await.unwrap();
            known
        };
        assert!(!read(ada.id, new.id).await);
        assert!(!read(grace.id, NotificationId::generate()).await);
        assert!(read(grace.id, new.id).await);
        house.clock.advance(1_000);
        assert!(read(grace.id, new.id).await, "again is without effect");
        let page = house.store.notifications(grace.id, false, None, Limit::default()).await.unwrap();
        assert_eq!(page.items[0].read_at, Some(first));
    }

    async fn all_of_a_person_are_read_at_once(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let many: Vec<_> = (0..5).flat_map(|_| [removal(house, grace.id, &ada), removal(house, ada.id, &grace)]).collect();
        notify(house, &many).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.read_notifications(grace.id, house.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(unread(house, grace.id).await, (vec![], 0));
        assert_eq!(unread(house, ada.id).await.1, 5);
    }

    async fn a_crowd_is_notified_in_one_transaction(house: &House) {
        let people = house.people(137).await;
        let many: Vec<_> = people.iter().map(|user| removal(house, user.id, &people[0])).collect();
        notify(house, &many).await;
        let told: Vec<_> = people.iter().map(|user| (user.id, "notification:create")).collect();
        assert_eq!(house.bus.told(), told);
        for new in many {
            assert_eq!(unread(house, new.user_id).await, (vec![new.id], 1));
        }
        notify(house, &[]).await;
    }
}
