//! What happens when the database goes away and comes back, or when transactions stand in each other's way.

use std::os::unix::fs::PermissionsExt as _;

use rondo_domain::{
    account::ports::AccountReads as _,
    store::{MessageWriter as _, SessionReads as _, Store as _, StoreError},
};
use rondo_infra::db::{
    Database, DatabaseSettings,
    writer::{Writer, WriterSettings},
};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, TransactionTrait as _};

use crate::harness::{House, soon};

/// Ends every other connection to the database, as a restart of the server does.
async fn cut(house: &House) {
    let raw = house.raw().await;
    raw.execute_unprepared(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await
    .unwrap();
    raw.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_is_unavailable_and_the_next_one_works() {
    House::postgres()
        .await
        .host(async |house| {
            let ada = house.person("Ada").await;
            let room = house.room(&ada).await;
            let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
            soon(writer.post(house.post(room.id, &ada, "before"))).await.unwrap();

            cut(house).await;
            let lost = soon(house.store.access(room.id, ada.id)).await;
            assert!(matches!(lost, Err(StoreError::Unavailable(_))));
            // One failed: from then on connections are looked at, and nobody else meets a dead one.
            assert!(soon(house.store.access(room.id, ada.id)).await.unwrap().is_some());
            assert_eq!(soon(writer.post(house.post(room.id, &ada, "after"))).await.unwrap().message.seq, 2);

            cut(house).await;
            assert!(soon(house.store.access(room.id, ada.id)).await.unwrap().is_some());
            assert_eq!(soon(writer.post(house.post(room.id, &ada, "again"))).await.unwrap().message.seq, 3);

            let mut tx = house.store.begin().await.unwrap();
            tx.lock_session(room.id).await.unwrap().unwrap();
            cut(house).await;
            assert!(matches!(soon(tx.commit()).await, Err(StoreError::Unavailable(_))));
            soon(house.store.ping()).await.unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_stood_in_anothers_way_is_tried_again() {
    House::postgres()
        .await
        .host(async |house| {
            let ada = house.person("Ada").await;
            let room = house.room(&ada).await;
            let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
            // Against the house's order: the membership first, then the session. The writer has the session by then
            // and is the first to wait, so PostgreSQL sacrifices the writer's transaction.
            let raw = house.raw().await;
            let offender = raw.begin().await.unwrap();
            for sql in ["SET LOCAL deadlock_timeout = '20s'", "SELECT 1 FROM membership FOR UPDATE"] {
                offender.execute_unprepared(sql).await.unwrap();
            }
            let posting = tokio::spawn({
                let post = house.post(room.id, &ada, "hello");
                async move { writer.post(post).await }
            });
            soon(waits_for_a_lock(house)).await;
            soon(offender.execute_unprepared("SELECT 1 FROM session FOR UPDATE")).await.unwrap();
            offender.commit().await.unwrap();
            assert_eq!(soon(posting).await.unwrap().unwrap().message.seq, 1);
            raw.close().await.unwrap();
        })
        .await;
}

/// Returns once somebody in this database waits for a lock.
async fn waits_for_a_lock(house: &House) {
    let raw = house.raw().await;
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waiting = Statement::from_string(DbBackend::Postgres, waiting);
    while raw.query_one_raw(waiting.clone()).await.unwrap().is_none() {}
    raw.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_there_is_unavailable_and_its_password_stays_unsaid() {
    let nobody_listens = DatabaseSettings::new("postgres://ada:s3cret@127.0.0.1:9/rondo");
    let nonsense = DatabaseSettings::new("postgres://ada:s3cret@:::/rondo");
    let foreign = DatabaseSettings::new("mysql://ada:s3cret@127.0.0.1/rondo");
    for (settings, unavailable) in [(nobody_listens, true), (nonsense, false), (foreign, false)] {
        let Err(error) = soon(Database::connect(&settings)).await else { panic!("there is nobody") };
        assert!(!error.to_string().contains("s3cret"), "{error}");
        assert_eq!(matches!(error, StoreError::Unavailable(_)), unavailable, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_in_memory_database_reads_what_it_writes() {
    let house = House::in_memory().await;
    let ada = house.person("Ada").await;
    assert_eq!(soon(house.store.user(ada.id)).await.unwrap(), Some(ada));
    house.db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_database_is_unavailable() {
    House::sqlite()
        .await
        .host(async |house| {
            house.db.clone().close().await;
            assert!(matches!(soon(house.store.ping()).await, Err(StoreError::Unavailable(_))));
            assert!(matches!(soon(house.store.begin()).await, Err(StoreError::Unavailable(_))));
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_file_is_for_its_owner_alone() {
    House::sqlite()
        .await
        .host(async |house| {
            house.person("Ada").await;
            let files = std::fs::read_dir(house.folder().unwrap()).unwrap().map(|file| file.unwrap());
            let databases = files.filter(|file| file.file_name().to_string_lossy().starts_with("rondo.db"));
            let modes: Vec<_> = databases
                .filter(|file| !file.file_name().to_string_lossy().ends_with(".lock"))
                .map(|file| (file.file_name(), file.metadata().unwrap().permissions().mode() & 0o777))
                .collect();
            assert!(modes.len() >= 2, "the database and its log: {modes:?}");
            assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
        })
        .await;
}
