//! New sessions, many at once.

use std::{sync::Arc, task::Poll};

use futures_util::{future::join_all, poll};
use rondo_domain::{
    ids::UserId,
    page::Limit,
    policy::Role,
    session::{Session, Visibility},
    store::{SessionReads as _, Store as _, StoreError},
};
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};

use crate::harness::{House, on_both, soon};

/// How many may wait.
const CAPACITY: usize = 4_096;

fn draft(house: &House, number: usize) -> Session {
    let visibility = if number.is_multiple_of(2) { Visibility::Public } else { Visibility::Private };
    let draft = house.draft(&format!("Sala ÑANDÚ {number}"), visibility);
    let description = (!number.is_multiple_of(3)).then(|| "x".repeat(number % 500));
    let image_url = number.is_multiple_of(5).then(|| format!("https://example.org/{number}.png"));
    Session { description, image_url, color: None, ..draft }
}

on_both! {
    async fn many_founded_at_once_stand_as_they_were_told_and_one_that_cannot_fails_alone(house: &House) {
        let owners = [house.person("Ada").await.id, house.person("Grace").await.id, UserId::generate()];
        let drafts: Vec<_> = (0..300).map(|number| draft(house, number)).collect();
        let owner = |number: usize| if number == 100 { owners[2] } else { owners[number % 2] };
        let founded = drafts.iter().enumerate().map(|(number, draft)| house.store.found(draft, owner(number), None));
        let outcomes = soon(join_all(founded)).await;

        for (number, (draft, outcome)) in drafts.iter().zip(outcomes).enumerate() {
            if number == 100 {
                assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
                assert!(house.store.look(draft.id, owners[0]).await.unwrap().is_none());
                continue;
            }
            outcome.unwrap();
            let (seen, access) = house.store.look(draft.id, owner(number)).await.unwrap().unwrap();
            assert_eq!(seen, Session { role: Some(Role::Owner), member_count: 1, ..draft.clone() });
            assert_eq!((access.role, access.last_position, access.log_floor), (Some(Role::Owner), 0, 0));
        }
        let found = house.store.public_sessions(owners[0], Some("ñandú 298"), None, Limit::default()).await.unwrap();
        assert_eq!(found.items.iter().map(|session| session.id).collect::<Vec<_>>(), [drafts[298].id]);
        assert_eq!(house.bus.stale().len(), 300, "each owner's answers are out of date each time");
    }

    async fn whoever_does_not_wait_keeps_nobody_waiting(house: &House) {
        let ada = house.person("Ada").await.id;
        let drafts: Vec<_> = (0..60).map(|number| draft(house, number)).collect();
        let begin = |draft: &Session| {
            let (store, draft) = (Arc::clone(&house.store), draft.clone());
            tokio::spawn(async move { store.found(&draft, ada, None).await })
        };
        let tasks: Vec<_> = drafts.iter().map(begin).collect();
        for (task, number) in tasks.into_iter().zip(0_usize..) {
            if number.is_multiple_of(2) {
                task.abort();
            } else {
                soon(task).await.unwrap().unwrap();
                assert!(house.store.look(drafts[number].id, ada).await.unwrap().is_some());
            }
        }
    }

    async fn a_full_queue_says_so_at_once_and_what_it_holds_is_written(house: &House) {
        let ada = house.person("Ada").await.id;
        let raw = house.raw().await;
        let in_the_way = if house.is_postgres() {
            let txn = raw.begin().await.unwrap();
            txn.execute_unprepared("LOCK TABLE membership IN EXCLUSIVE MODE").await.unwrap();
            Ok(txn)
        } else {
            Err(house.store.begin().await.unwrap())
        };
        let drafts: Vec<_> = (0..CAPACITY + 1_024).map(|number| draft(house, number)).collect();
        let (mut waiting, mut refused) = (Vec::new(), None);
        for draft in &drafts {
            let mut founding = Box::pin(house.store.found(draft, ada, None));
            // It is refused at once, or stands in the queue.
            match poll!(&mut founding) {
                Poll::Ready(outcome) => {
                    refused = Some(outcome);
                    break;
                }
                Poll::Pending => waiting.push(founding),
            }
        }
        assert!(matches!(refused, Some(Err(StoreError::Unavailable(_)))), "{refused:?}");
        assert!((CAPACITY..CAPACITY + 1_024).contains(&waiting.len()), "{}", waiting.len());
        match in_the_way {
            Ok(txn) => txn.rollback().await.unwrap(),
            Err(txn) => drop(txn),
        }
        let outcomes = soon(join_all(waiting)).await;
        let mut written = 0;
        for (draft, outcome) in drafts.iter().zip(outcomes) {
            match outcome {
                Ok(()) => written += 1,
                // On a slow machine the first of them have waited for too long.
                Err(StoreError::Unavailable(_)) => continue,
                Err(error) => panic!("{error}"),
            }
            if written % 512 == 1 {
                assert!(house.store.look(draft.id, ada).await.unwrap().is_some());
            }
        }
        assert!(written > 0);
    }
}
