//! `rondo backup`

use std::{fs, os::unix::fs::PermissionsExt as _};

use rondo_testkit::{Backend, Server, TestDb, eventually, on, rondo};
use tokio::sync::watch;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_copied_while_it_is_written_to() {
    on(Backend::Sqlite, async |backend: Backend| {
        let server = Server::start(backend).await;
        let ada = server.user("ada").await;
        let room = server.session().owned_by(&ada).create().await;
        let (tell, posted) = watch::channel(0_u64);
        let writing = {
            let (ada, room) = (ada.clone(), room.clone());
            tokio::spawn(async move {
                while !tell.is_closed() {
                    room.post(&ada, &"text ".repeat(200)).await;
                    tell.send_modify(|count| *count += 1);
                }
            })
        };
        let so_many = async |count: u64| *posted.borrow() >= count;
        eventually("writing", std::time::Duration::from_secs(30), async || so_many(30).await).await;
        let before = *posted.borrow();
        let file = server.database().folder().join("backup.db");
        let name = file.to_str().unwrap();

        let said = rondo(server.database(), &["backup", name]).await.ended(0);

        drop(posted);
        writing.await.unwrap();
        assert!(said.out.contains("checked and on the disk"), "{said:?}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(
            !fs::read_dir(server.database().folder())
                .unwrap()
                .any(|entry| { entry.unwrap().file_name().to_string_lossy().ends_with(".part") })
        );
        let url = format!("sqlite://{name}");
        let said = rondo(server.database(), &["verify", "--database-url", &url]).await.ended(0);
        let count = said.out.lines().find(|line| line.contains("messages are numbered")).unwrap();
        let count: u64 = count.rsplit_once(' ').unwrap().1.trim_end_matches(')').parse().unwrap();
        assert!(count >= before, "{count} messages of at least {before} that were acknowledged");

        let said = rondo(server.database(), &["backup", name]).await.ended(1);
        assert!(said.err.contains("exists already"), "{said:?}");
        let said = rondo(server.database(), &["backup", "/nowhere/backup.db"]).await.ended(1);
        assert!(said.err.contains("cannot write beside"), "{said:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_left_to_its_own_tools() {
    let database = TestDb::create(Backend::Postgres).await;
    let said = rondo(&database, &["backup", "backup.dump"]).await.ended(1);
    assert!(said.err.contains("pg_dump"), "{said:?}");
    assert!(!database.folder().join("backup.dump").exists());
}
