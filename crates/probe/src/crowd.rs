//! Many connections at once: each opens, joins its room, and stays.

use crate::{
    Outcome,
    echo::event,
    report::{Before, Measured, Tally},
    socket_client::Socket,
};
use serde_json::json;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, timeout},
};

/// How long all together may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Who comes, and what they say first.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) token: Option<String>,
    /// The event that joins the room.
    pub(crate) join: String,
}

/// Those who have come.
pub(crate) struct Crowd {
    /// Until all had joined; latencies are of each from its first byte.
    pub(crate) measured: Measured,
    /// What each join was acknowledged with, in the order of the guests.
    pub(crate) answers: Vec<String>,
    pub(crate) sockets: Vec<Socket>,
}

impl Guest {
    pub(crate) fn new(token: &str, session: &str, after: Option<u64>) -> Self {
        let payload = match after {
            Some(after) => json!({ "sessionId": session, "after": after }),
            None => json!({ "sessionId": session }),
        };
        Self { token: Some(token.to_owned()), join: event("session:join", &payload) }
    }
}

impl Crowd {
    /// Lets them come, so many at a time.
    pub(crate) async fn gather(
        addr: SocketAddr,
        pid: Option<u32>,
        guests: Vec<Guest>,
        at_a_time: usize,
    ) -> Outcome<Self> {
        let count = guests.len();
        let (mut tally, before) = (Tally::new()?, Before::new(pid)?);
        let gate = Arc::new(Semaphore::new(at_a_time));
        let mut coming = JoinSet::new();
        for (index, guest) in guests.into_iter().enumerate() {
            let gate = Arc::clone(&gate);
            coming.spawn(async move {
                let place = gate.acquire_owned().await?;
                let begin = Instant::now();
                let mut socket = Socket::connect_as(addr, guest.token.as_deref(), index).await?;
                let answer = socket.ask_well(0, &guest.join).await?;
                let now = Instant::now();
                drop(place);
                Ok::<_, crate::Failure>((index, socket, answer, now, now - begin))
            });
        }
        let mut come = Vec::with_capacity(count);
        let all = async {
            while let Some(joined) = coming.join_next().await {
                let (index, socket, answer, now, took) = joined??;
                tally.answered(now, took);
                come.push((index, socket, answer));
            }
            Ok::<_, crate::Failure>(())
        };
        timeout(PATIENCE, all).await.map_err(|_| format!("not all {count} had joined within {PATIENCE:?}"))??;
        let measured = before.measured(tally)?;
        come.sort_by_key(|(index, ..)| *index);
        let (mut sockets, mut answers) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (_, socket, answer) in come {
            sockets.push(socket);
            answers.push(answer);
        }
        Ok(Self { measured, answers, sockets })
    }

    /// Keeps everybody there, answering pings, until what is given back is dropped.
    pub(crate) fn stay(self) -> JoinSet<()> {
        let mut staying = JoinSet::new();
        for mut socket in self.sockets {
            staying.spawn(async move {
                // Its end is noticed where it matters: by who counts connections, or by nobody.
                drop(socket.stay().await);
            });
        }
        staying
    }
}
