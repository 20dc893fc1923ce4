//! PostgreSQL away, as the network shows it: nobody listens where it was. Who asks is told at once, and not after a wait.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use rondo_domain::store::{Store as _, StoreError};
use rondo_infra::db::{Database, DatabaseSettings};
use secrecy::ExposeSecret as _;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::interval,
};

use crate::harness::{House, soon};

/// How long an answer may take while the database is known to be away, many of them together.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How often is asked.
const MANY: usize = 40;

/// A way to PostgreSQL that can be closed and opened again.
struct Way {
    address: SocketAddr,
    to: SocketAddr,
    open: Option<JoinSet<()>>,
}

impl Way {
    async fn to(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut way = Self { address: listener.local_addr().unwrap(), to, open: None };
        way.serve(listener);
        way
    }

    fn serve(&mut self, listener: TcpListener) {
        let (mut tasks, to) = (JoinSet::new(), self.to);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(to).await {
                        let _ended = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        self.open = Some(tasks);
    }

    async fn close(&mut self) {
        if let Some(mut tasks) = self.open.take() {
            tasks.shutdown().await;
        }
    }

    fn open(&mut self) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        self.serve(socket.listen(64).unwrap());
    }
}

/// Where the URL leads, and the same URL by another way.
async fn by(house: &House) -> (Way, DatabaseSettings) {
    let url = house.settings.url.expose_secret();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, name) = rest.split_once('/').unwrap();
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let host = if host.contains(':') { host.to_owned() } else { format!("{host}:5432") };
    let to = tokio::net::lookup_host(host).await.unwrap().next().unwrap();
    let way = Way::to(to).await;
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let settings = DatabaseSettings::new(format!("{scheme}://{user}{}/{name}", way.address));
    (way, settings)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nobody_listens_everybody_is_told_at_once_and_served_as_soon_as_somebody_does() {
    House::postgres()
        .await
        .host(async |house| {
            let (mut way, settings) = by(house).await;
            let database = Database::connect(&settings).await.unwrap();
            let store = database.store(house.bus.clone(), House::encoder(), house.clock.clone());
            soon(store.ping()).await.unwrap();

            way.close().await;
            let begun = Instant::now();
            for _ in 0..MANY {
                assert!(matches!(soon(store.ping()).await, Err(StoreError::Unavailable(_))));
            }
            let told = begun.elapsed();
            assert!(told < AT_ONCE, "{MANY} were told in {told:?}");

            way.open();
            let begun = Instant::now();
            let mut callers = interval(Duration::from_millis(5));
            while soon(store.ping()).await.is_err() {
                assert!(begun.elapsed() < AT_ONCE * 5, "nobody is served since {:?}", begun.elapsed());
                callers.tick().await;
            }
            let served = begun.elapsed();
            println!("{MANY} were told in {told:?}; served {served:?} after its return");
            assert!(served < AT_ONCE, "served {served:?} after its return");
            let together = (0..MANY).map(|_| store.ping());
            assert!(futures_util::future::join_all(together).await.iter().all(Result::is_ok));
            database.close().await;
        })
        .await;
}
