//! What was acknowledged outlives the server, however it ends.

use std::time::Duration;

use rondo_testkit::{Backend, End, Person, Room, Server, on_each_database, within};
use tokio::{
    io::AsyncReadExt as _,
    net::TcpStream,
    sync::mpsc::{self, UnboundedReceiver},
    task::JoinHandle,
};

use super::crowd::{Diary, read_back, send, write};

const WRITERS: usize = 8;
/// How many messages are acknowledged before the server falls.
const ENOUGH: usize = 150;

/// A room in which people write.
struct Scene {
    room: Room,
    people: [Person; 2],
    writers: Vec<JoinHandle<Diary>>,
    acknowledged: UnboundedReceiver<()>,
}

impl Scene {
    /// Has everybody begin to write.
    async fn begin(server: &Server) -> Self {
        let people = [server.user("ada").await, server.user("grace").await];
        let room = server.session().public().owned_by(&people[0]).create().await;
        room.join(&people[1]).await;
        let (told, acknowledged) = mpsc::unbounded_channel();
        let writers = (0..WRITERS).map(|writer| write(&room, &people[writer % 2], writer, told.clone())).collect();
        Self { room, people, writers, acknowledged }
    }

    /// Waits until much was written.
    async fn midst(&mut self) {
        for _ in 0..ENOUGH {
            within("an acknowledgement", self.acknowledged.recv()).await.unwrap();
        }
    }

    /// Insists, on the restarted server, that all which was acknowledged is there once, and that what was not is
    /// there once when it was sent again.
    async fn assert_nothing_lost(self) {
        let Self { room, people, writers, .. } = self;
        let mut diaries = Vec::new();
        for writer in writers {
            diaries.push(within("the end of a writer", writer).await.unwrap());
        }
        let before = read_back(&room, &people[0]).await;
        let acknowledged = || diaries.iter().flat_map(|diary| &diary.acknowledged);
        for message in acknowledged() {
            assert_eq!(before.get(message["clientMessageId"].as_str().unwrap()), Some(message));
        }
        let count = acknowledged().count();
        assert!(count >= ENOUGH);
        assert!(before.len() <= count + WRITERS, "nothing is there that nobody sent");

        // Whoever did not hear sends again, as a client does that lost its connection.
        for (writer, diary) in diaries.iter().enumerate() {
            let name = diary.pending.as_ref().unwrap();
            let (status, message) = send(&room, &people[writer % 2], name).await.unwrap();
            let expected = if before.contains_key(name) { 200 } else { 201 };
            assert_eq!(status, expected, "{message}");
        }
        let after = read_back(&room, &people[0]).await;
        assert_eq!(after.len(), count + diaries.len(), "each message is there, and none twice");
    }
}

on_each_database! {
    async fn a_kill_loses_nothing_that_was_acknowledged(backend: Backend) {
        let mut server = Server::start(backend).await;
        let mut scene = Scene::begin(&server).await;
        scene.midst().await;

        server.kill_9().await;
        server.restart().await;

        scene.assert_nothing_lost().await;
    }

    async fn sigterm_ends_in_good_order_with_everybody_connected(backend: Backend) {
        let mut server = Server::start(backend).await;
        let mut scene = Scene::begin(&server).await;
        let mut sockets = Vec::new();
        for person in scene.people.iter().cycle().take(6) {
            let socket = person.socket().await;
            socket.join(&scene.room.id).await;
            sockets.push(socket);
        }
        let mut silent = TcpStream::connect(server.address()).await.unwrap();
        scene.midst().await;

        let ended = server.terminate().await;

        assert!(ended.status.success(), "{:?}", ended.status);
        assert!(ended.took < Duration::from_secs(10), "it took {:?}", ended.took);
        for socket in sockets {
            // So that official clients reconnect, elsewhere.
            assert_eq!(socket.until_closed().await.1, End::Transport);
        }
        let read = within("the end of a silent connection", silent.read(&mut [0])).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
        server.restart().await;
        scene.assert_nothing_lost().await;
    }
}
