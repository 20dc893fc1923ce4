//! `rondo verify`

use rondo_testkit::{Backend, Server, on_each_database, rondo};

on_each_database! {
    async fn a_server_at_work_is_sound_and_a_broken_row_is_told(backend: Backend) {
        let server = Server::start(backend).await;
        let ada = server.user("ada").await;
        let room = server.session().owned_by(&ada).create().await;
        room.post(&ada, "one").await;
        let message = room.post(&ada, "two").await;
        ada.delete(&room.message_path(&message)).await.assert_status(204);

        let said = rondo(server.database(), &["verify"]).await.ended(0);
        assert!(said.out.contains("(messages: 2)") && said.out.contains("rules hold."), "{}", said.out);

        server.database().run("UPDATE session SET member_count = 7").await;
        let said = rondo(server.database(), &["verify"]).await.ended(1);
        let fault = "FAULT  a session counts its members (sessions: 1): 1 fault\n         ";
        assert!(said.out.contains(&format!("{fault}{}: member_count is 7 of 1", room.id)), "{}", said.out);
        assert!(said.out.contains("1 of"), "{}", said.out);
    }

    async fn what_is_no_database_of_rondo_is_not_judged(backend: Backend) {
        let database = rondo_testkit::TestDb::create(backend).await;
        let said = rondo(&database, &["verify"]).await.ended(2);
        assert!(said.out.is_empty() && said.err.contains("cannot be verified"), "{said:?}");
    }
}
