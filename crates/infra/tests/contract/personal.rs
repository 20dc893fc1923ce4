//! What is for people, as it is read again for those whom the bus may have failed.

use rondo_domain::{
    account::User,
    clock::Clock as _,
    event::SessionEvent,
    ids::{InvitationId, LoginId, NotificationId, SessionId, UserId},
    invitation::Status,
    notification::{Notice, Notification, Place, Who},
    page::Limit,
    policy::Role,
    session::{Session, Visibility},
    store::{PersonalLog as _, Store as _},
};
use uuid::Uuid;

use crate::{
    accounts::login,
    harness::{House, membership, on_both},
};

/// `guest` accepts an invitation of `inviter`.
async fn accepts(house: &House, room: &Session, inviter: &User, guest: &User) {
    let invitation = house.invitation(room, inviter, &guest.email).await;
    let now = house.clock.now();
    let invitation = invitation.settle(Status::Accepted, now).unwrap();
    let membership = membership(room.id, guest, Role::Member, now);
    let mut tx = house.store.begin().await.unwrap();
    tx.insert_member(&membership, 0).await.unwrap();
    tx.settle_invitation(&invitation, now).await.unwrap();
    tx.append(&SessionEvent::InvitationAccepted { invitation, membership }).await.unwrap();
    tx.commit().await.unwrap();
}

fn notice(house: &House, user: UserId, by: &User) -> Notification {
    let place = Place { session_id: SessionId::generate(), session_name: "Fulbito".to_owned() };
    Notification::new(user, Notice::MemberRemoved { place, by: Who::from(by) }, house.clock.now())
}

const BEGINNING: NotificationId = NotificationId(Uuid::nil());

on_both! {
    async fn people_are_told_again_of_what_they_have_not_read(house: &House) {
        let (ada, grace, joan) = (house.person("Ada").await, house.person("Grace").await, house.person("Joan").await);
        let made: Vec<_> = (0..6).map(|n| notice(house, [&grace, &joan, &ada][n % 3].id, &ada)).collect();
        let mut tx = house.store.begin().await.unwrap();
        tx.notify(&made).await.unwrap();
        tx.read_notification(joan.id, made[1].id, house.clock.now()).await.unwrap();
        tx.commit().await.unwrap();

        let asked = [grace.id, joan.id, UserId::generate()];
        let read = async |after, limit| {
            let found = house.store.notified(&asked, after, Limit::parse(limit).unwrap()).await.unwrap();
            found.into_iter().map(|(user, stored)| (user, stored.id)).collect::<Vec<_>>()
        };
        assert_eq!(read(BEGINNING, 100).await, [(grace.id, made[0].id), (grace.id, made[3].id), (joan.id, made[4].id)]);
        assert_eq!(read(BEGINNING, 1).await, [(grace.id, made[0].id)]);
        assert_eq!(read(made[3].id, 100).await, [(joan.id, made[4].id)]);
        assert!(house.store.notified(&[], BEGINNING, Limit::EVENTS_MAX).await.unwrap().is_empty());
    }

    async fn people_are_told_again_of_the_invitations_that_wait_for_them(house: &House) {
        let (ada, grace, joan) = (house.person("Ada").await, house.person("Grace").await, house.person("Joan").await);
        let mut made = Vec::new();
        for user in [&grace, &joan] {
            let room = house.room(&ada).await;
            made.push(house.invitation(&room, &ada, &user.email).await);
        }
        let read = async |users: &[UserId], after| {
            let found = house.store.invited(users, after, Limit::EVENTS_MAX).await.unwrap();
            found.into_iter().map(|(user, invitation)| (user, invitation.id)).collect::<Vec<_>>()
        };
        let beginning = InvitationId(Uuid::nil());
        let both = [(grace.id, made[0].id), (joan.id, made[1].id)];
        assert_eq!(read(&[joan.id, grace.id, ada.id], beginning).await, both);
        assert_eq!(read(&[joan.id, grace.id], made[0].id).await, both[1..]);
        assert_eq!(read(&[ada.id], beginning).await, []);
    }

    async fn owners_and_inviters_are_told_again_of_acceptances(house: &House) {
        let (ada, grace, joan) = (house.person("Ada").await, house.person("Grace").await, house.person("Joan").await);
        let (first, second, gone) =
            (house.person("First").await, house.person("Second").await, house.person("Gone").await);
        let members = [(&ada, Role::Owner), (&grace, Role::Moderator), (&joan, Role::Member), (&gone, Role::Moderator)];
        let room = house.session("Room", Visibility::Private, &members).await;
        let other = house.room(&joan).await;
        accepts(house, &room, &gone, &first).await;
        house.clock.advance(1_000);
        let later = house.clock.now();
        accepts(house, &room, &grace, &second).await;
        accepts(house, &other, &joan, &ada).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.delete_member(room.id, gone.id).await.unwrap();
        tx.commit().await.unwrap();

        let everybody = [ada.id, grace.id, joan.id, first.id, second.id, gone.id, UserId::generate()];
        let read = async |users: &[UserId], since, limit| {
            let found = house.store.accepted(users, since, Limit::parse(limit).unwrap()).await.unwrap();
            let mut told: Vec<_> =
                found.into_iter().map(|found| (found.at, found.event.session_id, found.event.position, found.user)).collect();
            told.sort();
            told
        };
        let beginning = room.created_at;
        let mut expected =
            [(beginning, room.id, 1, ada.id), (later, room.id, 2, ada.id), (later, room.id, 2, grace.id), (later, other.id, 1, joan.id)];
        expected.sort();
        assert_eq!(read(&everybody, beginning, 100).await, expected);
        assert_eq!(read(&everybody, later, 100).await, expected[1..]);
        assert_eq!(read(&everybody, beginning, 1).await, expected[..1]);
        assert_eq!(read(&[grace.id], beginning, 100).await, [(later, room.id, 2, grace.id)]);
        assert!(house.store.accepted(&[], beginning, Limit::EVENTS_MAX).await.unwrap().is_empty());
    }

    async fn of_many_logins_those_in_force_are_told(house: &House) {
        let ada = house.person("Ada").await;
        let (mut live, mut asked) = (Vec::new(), vec![LoginId::generate()]);
        for n in 0..20 {
            let login = login(house, &ada).await.id;
            asked.push(login);
            if n % 3 == 0 {
                let mut tx = house.store.begin().await.unwrap();
                tx.revoke_login(login, house.clock.now()).await.unwrap();
                tx.commit().await.unwrap();
            } else {
                live.push(login);
            }
        }
        let mut found = house.store.live_logins(&asked).await.unwrap();
        found.sort();
        live.sort();
        assert_eq!(found, live);
        assert!(house.store.live_logins(&[]).await.unwrap().is_empty());
    }
}
