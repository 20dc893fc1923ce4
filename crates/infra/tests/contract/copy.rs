use std::collections::BTreeMap;

use rondo_domain::{account::PasswordHash, clock::Clock as _, store::Store as _};
use rondo_infra::db::{Contents, copy, verify};
use sea_orm::ConnectionTrait as _;

use crate::{harness::House, verify::furnish};

async fn carry(from: &House, to: &House) -> Result<BTreeMap<&'static str, Contents>, String> {
    let mut copied = BTreeMap::new();
    let outcome = copy(&from.settings, &to.settings, |table| {
        copied.insert(table.table, table.contents);
    })
    .await;
    outcome.map(|()| copied).map_err(|error| error.to_string())
}

async fn count(house: &House, table: &str) -> u64 {
    let raw = house.raw().await;
    let row = raw.execute_unprepared(&format!("UPDATE {table} SET created_at = created_at")).await.unwrap();
    raw.close().await.unwrap();
    row.rows_affected()
}

/// Carries a furnished house into a second and from there into a third, on another database than the second.
async fn there_and_back(first: &House, second: &House, third: &House) {
    furnish(first).await;
    let mut odd = first.person("Ödd🙂").await;
    odd.display_name = "Ödd 🙂".to_owned();
    odd.bio = Some("line\nbreak, 'quote', \\, \u{1}".to_owned());
    (odd.id, odd.email) = (rondo_domain::UserId::generate(), "odd@example.org".to_owned());
    odd.created_at = first.clock.now() + std::time::Duration::from_millis(7);
    let mut tx = first.store.begin().await.unwrap();
    tx.insert_user(&odd, Some(&PasswordHash("$2b$".to_owned()))).await.unwrap();
    tx.commit().await.unwrap();
    for n in 0..450 {
        first.person(&format!("Somebody{n}")).await; // more than a page
    }

    let there = carry(first, second).await.unwrap();
    let back = carry(second, third).await.unwrap();

    assert_eq!(there, back);
    assert_eq!((there["app_user"].rows, there["message"].rows), (455, 5));
    assert_eq!(count(third, "app_user").await, 455);
    for house in [second, third] {
        assert!(verify(&house.settings, |_| ()).await.unwrap());
    }
    let refused = carry(first, second).await.unwrap_err();
    assert!(refused.contains("the target: it is not empty"), "{refused}");
    assert_eq!(carry(third, first).await.unwrap_err(), refused);
}

/// Tries something with three houses.
async fn with(first: House, second: House, third: House, test: impl AsyncFnOnce(&House, &House, &House)) {
    first
        .host(async |first| {
            second.host(async |second| third.host(async |third| test(first, second, third).await).await).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sqlite_to_postgres_and_back() {
    with(House::sqlite().await, House::postgres().await, House::sqlite().await, there_and_back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_postgres_to_sqlite_and_back() {
    with(House::postgres().await, House::sqlite().await, House::postgres().await, there_and_back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_same_release_is_copied_and_a_failure_keeps_nothing() {
    with(House::sqlite().await, House::postgres().await, House::sqlite().await, refusals).await;
}

async fn refusals(source: &House, target: &House, _: &House) {
    furnish(source).await;

    target.db.revert(Some(1)).await.unwrap();
    let refused = carry(source, target).await.unwrap_err();
    assert!(refused.contains("the target: its schema is of an earlier release"), "{refused}");
    target.db.migrate().await.unwrap();

    // An orphan, which the target does not take.
    let raw = source.raw().await;
    raw.execute_unprepared(
        "PRAGMA foreign_keys = OFF; UPDATE notification SET user_id = x'00000000000070008000000000000001'",
    )
    .await
    .unwrap();
    let refused = carry(source, target).await.unwrap_err();
    assert!(refused.contains("the target's notification"), "{refused}");
    assert_eq!(count(target, "app_user").await, 0);

    raw.execute_unprepared("ALTER TABLE app_user ADD COLUMN extra text").await.unwrap();
    raw.close().await.unwrap();
    let refused = carry(source, target).await.unwrap_err();
    assert!(refused.contains("the source: its tables are not those of this release: see app_user.extra"), "{refused}");
}
