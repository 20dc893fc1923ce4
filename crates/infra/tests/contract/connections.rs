//! What becomes of a PostgreSQL connection that somebody let go of, in whatever state.

use std::time::Duration;

use futures_util::future::join_all;
use rondo_domain::{
    ids::SessionId,
    store::{SessionReads as _, Store as _, UnitOfWork},
};
use tokio::time::timeout;

use crate::harness::{House, soon};

/// More than there are connections.
const MANY: usize = 24;

async fn locked(house: &House, session: SessionId) -> Box<dyn UnitOfWork> {
    let mut tx = house.store.begin().await.unwrap();
    tx.lock_session(session).await.unwrap().unwrap();
    tx
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_served_by_few_connections() {
    House::postgres()
        .await
        .host(async |house| {
            let ada = house.person("Ada").await;
            let room = house.room(&ada).await;
            let reads = (0..MANY * 8).map(|_| {
                let (store, session, user) = (house.store.clone(), room.id, ada.id);
                tokio::spawn(async move { store.access(session, user).await })
            });
            for read in reads.collect::<Vec<_>>() {
                assert!(soon(read).await.unwrap().unwrap().is_some());
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_in_the_middle_leaves_connections_that_work() {
    House::postgres()
        .await
        .host(async |house| {
            let ada = house.person("Ada").await;
            let room = house.room(&ada).await;
            let held = locked(house, room.id).await;
            // Some wait for the lock when they are dropped, the others for a connection.
            let impatient = (0..MANY).map(|_| timeout(Duration::from_millis(100), locked(house, room.id)));
            assert!(join_all(impatient).await.iter().all(Result::is_err));
            drop(held);
            for _ in 0..MANY {
                soon(locked(house, room.id)).await.commit().await.unwrap();
                assert!(soon(house.store.access(room.id, ada.id)).await.unwrap().is_some());
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_is_dropped_lets_go_of_its_locks() {
    House::postgres()
        .await
        .host(async |house| {
            let ada = house.person("Ada").await;
            let room = house.room(&ada).await;
            for _ in 0..MANY {
                drop(soon(locked(house, room.id)).await);
            }
            soon(locked(house, room.id)).await.commit().await.unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_waits_for_who_is_at_work_and_lets_nobody_else_in() {
    House::postgres()
        .await
        .host(async |house| {
            let ada = house.person("Ada").await;
            let room = house.room(&ada).await;
            let held = locked(house, room.id).await;
            let closing = tokio::spawn(house.db.clone().close());
            while house.store.ping().await.is_ok() {}
            assert!(!closing.is_finished());
            held.commit().await.unwrap();
            soon(closing).await.unwrap();
        })
        .await;
}
