use rondo_domain::{
    clock::Clock as _,
    event::PersonalEvent,
    ids::InvitationId,
    invitation::{Invitation, Status},
    page::Limit,
    store::{Conflict, InvitationReads as _, Store as _, StoreError},
};

use crate::harness::{House, on_both};

async fn settle(house: &House, invitation: &Invitation, status: Status) -> Invitation {
    let settled = Invitation { status, ..invitation.clone() };
    let mut tx = house.store.begin().await.unwrap();
    tx.settle_invitation(&settled, house.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    settled
}

on_both! {
    async fn an_invitation_reads_back_with_its_session_and_inviter(house: &House) {
        let ada = house.person("Ada").await;
        let room = house.room(&ada).await;
        let invitation = house.invitation(&room, &ada, "grace@example.org").await;
        assert_eq!(house.store.invitation(invitation.id).await.unwrap(), Some(invitation.clone()));
        assert_eq!(house.store.invitation(InvitationId::generate()).await.unwrap(), None);
        let mut tx = house.store.begin().await.unwrap();
        assert_eq!(tx.locked_invitation(invitation.id).await.unwrap(), Some(invitation.clone()));
        assert_eq!(tx.locked_invitation(InvitationId::generate()).await.unwrap(), None);
        let pending = tx.pending_invitation(room.id, "grace@example.org").await.unwrap();
        assert_eq!(pending, Some(invitation));
        assert_eq!(tx.pending_invitation(room.id, "ada@example.org").await.unwrap(), None);
    }

    async fn an_address_has_one_pending_invitation_into_a_session(house: &House) {
        let ada = house.person("Ada").await;
        let (room, other) = (house.room(&ada).await, house.room(&ada).await);
        let first = house.invitation(&room, &ada, "grace@example.org").await;
        let mut tx = house.store.begin().await.unwrap();
        let twice = tx.insert_invitation(&house.unsent(&room, &ada, "grace@example.org")).await;
        assert!(matches!(twice, Err(StoreError::Conflict(Conflict::Invitation))));
        drop(tx);
        house.invitation(&other, &ada, "grace@example.org").await;
        house.invitation(&room, &ada, "alan@example.org").await;

        let declined = settle(house, &first, Status::Declined).await;
        assert_eq!(house.store.invitation(first.id).await.unwrap(), Some(declined));
        house.invitation(&room, &ada, "grace@example.org").await;

        let mut tx = house.store.begin().await.unwrap();
        let nowhere = tx.settle_invitation(&house.unsent(&room, &ada, "x@example.org"), house.clock.now()).await;
        assert!(matches!(nowhere, Err(StoreError::Corrupt(_))));
    }

    async fn an_address_sees_what_waits_for_it(house: &House) {
        let ada = house.person("Ada").await;
        let mut made = Vec::new();
        for _ in 0..7 {
            let room = house.room(&ada).await;
            made.push(house.invitation(&room, &ada, "grace@example.org").await);
            house.invitation(&room, &ada, "alan@example.org").await;
            house.clock.advance(1_000);
        }
        for (n, status) in [(1, Status::Accepted), (2, Status::Declined), (3, Status::Revoked), (4, Status::Expired)] {
            settle(house, &made[n], status).await;
        }
        let of = async |now, after, limit| {
            let limit = Limit::parse(limit).unwrap();
            house.store.invitations_for("grace@example.org", now, after, limit).await.unwrap()
        };
        let page = of(house.clock.now(), None, 2).await;
        assert_eq!(page.items, [made[6].clone(), made[5].clone()]);
        let page = of(house.clock.now(), page.next, 2).await;
        assert_eq!((page.items, page.next), (vec![made[0].clone()], None));

        let later = made[5].expires_at;
        assert_eq!(of(later, None, 20).await.items, [made[6].clone()], "what runs out at this moment has run out");
        let mut tx = house.store.begin().await.unwrap();
        let waiting = tx.pending_invitations("grace@example.org", house.clock.now()).await.unwrap();
        assert_eq!(waiting, [made[0].clone(), made[5].clone(), made[6].clone()]);
        assert!(tx.pending_invitations("nobody@example.org", later).await.unwrap().is_empty());
    }

    async fn a_buried_session_takes_its_invitations_back(house: &House) {
        let ada = house.person("Ada").await;
        let (room, other) = (house.room(&ada).await, house.room(&ada).await);
        let pending = house.invitation(&room, &ada, "grace@example.org").await;
        let accepted = house.invitation(&room, &ada, "alan@example.org").await;
        let accepted = settle(house, &accepted, Status::Accepted).await;
        let elsewhere = house.invitation(&other, &ada, "grace@example.org").await;
        let mut tx = house.store.begin().await.unwrap();
        tx.lock_session(room.id).await.unwrap().unwrap();
        tx.bury_session(room.id, house.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        let status = async |id| house.store.invitation(id).await.unwrap().unwrap().status;
        assert_eq!(status(pending.id).await, Status::Revoked);
        assert_eq!(status(accepted.id).await, Status::Accepted);
        assert_eq!(status(elsewhere.id).await, Status::Pending);
        let waiting = house.store.invitations_for("grace@example.org", house.clock.now(), None, Limit::default());
        assert_eq!(waiting.await.unwrap().items, [elsewhere]);
    }

    async fn a_session_lists_all_of_its_invitations(house: &House) {
        let ada = house.person("Ada").await;
        let (room, other) = (house.room(&ada).await, house.room(&ada).await);
        let mut made = Vec::new();
        for n in 0..5 {
            let invitation = house.invitation(&room, &ada, &format!("guest{n}@example.org")).await;
            made.push(if n == 2 { settle(house, &invitation, Status::Declined).await } else { invitation });
            house.invitation(&other, &ada, &format!("guest{n}@example.org")).await;
        }
        made.reverse();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = house.store.invitations_of(room.id, after, Limit::parse(2).unwrap()).await.unwrap();
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, made);
    }

    async fn whoever_is_invited_is_told_after_the_commit(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let room = house.room(&ada).await;
        let invitation = house.unsent(&room, &ada, &grace.email);
        let mut tx = house.store.begin().await.unwrap();
        tx.tell(grace.id, PersonalEvent::InvitationCreated(invitation.clone()));
        drop(tx);
        assert!(house.bus.signals().is_empty(), "nothing was committed");
        let mut tx = house.store.begin().await.unwrap();
        tx.insert_invitation(&invitation).await.unwrap();
        tx.tell(grace.id, PersonalEvent::InvitationCreated(invitation));
        assert!(house.bus.signals().is_empty());
        tx.commit().await.unwrap();
        assert_eq!(house.bus.told(), [(grace.id, "invitation:create")]);
    }
}
