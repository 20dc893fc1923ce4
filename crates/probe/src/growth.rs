//! `growth`: what a thing costs at two sizes a factor of 100 apart.

use crate::{
    Outcome,
    accounts::{Owner, Rest, people, rooms},
    crowd::{Crowd, Guest},
    echo::event,
    event_load::{self, Lane, Pace},
    figures::Figures,
    http_client::{Connection, Request},
    report::{median, micros, ratio, real, table},
    socket_client::Socket,
    subject::{Ending, Stand, Subject},
};
use clap::Args;
use serde_json::json;
use std::{fmt::Write as _, net::SocketAddr, time::Duration};
use tokio::time::{Instant, sleep};

/// How often each is timed.
const TIMES: usize = 60;
const FACTOR: u32 = 100;
const PAGE: u32 = 20;
const AT_A_TIME: usize = 32;

#[derive(Args, Clone, Debug)]
pub(crate) struct Growth {
    #[command(flatten)]
    subject: Subject,
    /// The sessions of a person and the members of a session, at the larger size.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(200..=100_000))]
    many: u32,
    /// The page of a history that is compared with the first.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    page: u32,
    /// Connected people in the fuller of two rooms; not more than there are members.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    present: u32,
}

/// A row of the table: what, at the smaller size, at the larger.
struct Pair {
    what: String,
    key: &'static str,
    small: f64,
    large: f64,
    unit: fn(f64) -> String,
}

impl Growth {
    pub(crate) async fn run(self, figures: &Figures) -> Outcome<()> {
        let mut stand = self.subject.stand().await?;
        let mut pairs = self.sessions(&stand).await?;
        pairs.push(self.history(&stand).await?);
        let members = people(stand.addr, self.many).await?;
        pairs.extend(self.members(&mut stand, &members).await?);
        pairs.extend(self.presence(&stand, &members).await?);

        let mut rows = vec![["", "smaller", "larger", "ratio"].map(str::to_owned).to_vec()];
        for Pair { what, key, small, large, unit } in &pairs {
            rows.push(vec![what.clone(), unit(*small), unit(*large), format!("{:.2}", ratio(*large, *small))]);
            figures.put(&format!("growth.{key}.small"), *small)?;
            figures.put(&format!("growth.{key}.large"), *large)?;
        }
        println!("\n{}", table(&rows));
        Ok(())
    }

    /// The first page of a person's sessions, from the cache and not.
    async fn sessions(&self, stand: &Stand) -> Outcome<Vec<Pair>> {
        let (few, many) = (self.many / FACTOR, self.many);
        let mut rest = Rest::open(stand.addr).await?;
        let (mut cached, mut cold) = (Vec::new(), Vec::new());
        for count in [few, many] {
            let token = rest.register("collector").await?;
            let session = sessions(stand.addr, &token, count).await?;
            stand.settle()?;
            let owner = Owner { token, session };
            let page = Request::get("/api/sessions?limit=20").by(&owner.token).bytes(stand.addr);
            cached.push(timed(stand.addr, &page, async || Ok(())).await?);
            // Whoever writes reads their own write: nothing that was cached before will do.
            let mut other = Rest::open(stand.addr).await?;
            cold.push(timed(stand.addr, &page, async || other.say(&owner, "Something new").await).await?);
        }
        Ok(vec![
            pair(&format!("first page of {few} and {many} sessions, cached"), "sessions_cached", &cached, micros),
            pair(&format!("first page of {few} and {many} sessions, after a write"), "sessions_cold", &cold, micros),
        ])
    }

    /// A page of a history, by its cursor.
    async fn history(&self, stand: &Stand) -> Outcome<Pair> {
        let mut rest = Rest::open(stand.addr).await?;
        let token = rest.register("historian").await?;
        let session = rest.create_session(&token, "A history").await?;
        let owner = Owner { token, session };
        write_messages(stand, &owner, (self.page + 1) * PAGE).await?;
        stand.settle()?;
        let path = format!("/api/sessions/{}/messages?limit={PAGE}", owner.session);
        let mut cursor = rest.get(&path, &owner.token).await?["nextCursor"].as_str().map(str::to_owned);
        let mut times = Vec::new();
        for number in 2..=self.page {
            let at = cursor.take().ok_or_else(|| format!("the history ends before page {number}"))?;
            let path = format!("{path}&cursor={at}");
            if number == 2 || number == self.page {
                let page = Request::get(&path).by(&owner.token).bytes(stand.addr);
                times.push(timed(stand.addr, &page, async || Ok(())).await?);
            }
            cursor = rest.get(&path, &owner.token).await?["nextCursor"].as_str().map(str::to_owned);
        }
        let last = if times.len() == 1 { times[0] } else { times[1] };
        Ok(pair(&format!("history, pages 2 and {}", self.page), "history", &[times[0], last], micros))
    }

    /// A message in a session of few members, and of many.
    async fn members(&self, stand: &mut Stand, people: &[String]) -> Outcome<Vec<Pair>> {
        let (few, many) = (self.many / FACTOR, self.many);
        let (mut times, mut rows) = (Vec::new(), Vec::new());
        for count in [few, many] {
            let room = rooms(stand.addr, 1, &people[..usize::try_from(count)?]).await?.remove(0);
            stand.settle()?;
            let path = format!("/api/sessions/{}/messages", room.owner.session);
            let body = json!({ "content": "Something for all" }).to_string();
            let before = rows_written(stand).await?;
            let post = Request::post(&path, &body).by(&room.owner.token).bytes(stand.addr);
            times.push(timed(stand.addr, &post, async || Ok(())).await?);
            let after = rows_written(stand).await?;
            let written = before.zip(after).map(|(before, after)| after - before);
            rows.extend(written.map(|written| ratio(written, f64::from(u32::try_from(TIMES).unwrap_or(1)))));
        }
        let mut pairs = vec![pair(&format!("post to {few} and {many} members"), "post", &times, micros)];
        if rows.len() == 2 {
            let what = format!("rows written by a post to {few} and {many} members");
            pairs.push(pair(&what, "post_rows", &rows, |rows| format!("{rows:.2}")));
        }
        Ok(pairs)
    }

    /// Joining a room in which few are present, and many.
    async fn presence(&self, stand: &Stand, people: &[String]) -> Outcome<Vec<Pair>> {
        let (few, many) = (self.present / FACTOR, self.present.min(self.many));
        let (mut times, mut bytes) = (Vec::new(), Vec::new());
        for count in [few, many] {
            let room = rooms(stand.addr, 1, &people[..usize::try_from(count)?]).await?.remove(0);
            let guests = room.members.iter().map(|token| Guest::new(token, &room.owner.session, None)).collect();
            let crowd = Crowd::gather(stand.addr, stand.pid, guests, AT_A_TIME).await?;
            println!("{count} people joined one room in {:.2} s", crowd.measured.seconds());
            let staying = crowd.stay();
            // Until the last of them are announced.
            sleep(Duration::from_secs(2)).await;
            let mut socket = Socket::connect(stand.addr, Some(&room.owner.token)).await?;
            let join = event("session:join", &json!({ "sessionId": room.owner.session }));
            let leave = event("session:leave", &json!({ "sessionId": room.owner.session }));
            let (mut each, mut size) = (Vec::new(), 0);
            for number in (0_u64..).step_by(2).take(TIMES) {
                let begin = Instant::now();
                size = socket.ask_well(number, &join).await?.len();
                each.push(begin.elapsed().as_secs_f64() * 1e6);
                socket.ask_well(number + 1, &leave).await?;
            }
            times.push(median(&each));
            bytes.push(f64::from(u32::try_from(size)?));
            socket.close().await;
            drop(staying);
            // Until their absence is noticed and announced.
            sleep(Duration::from_secs(4)).await;
        }
        Ok(vec![
            pair(&format!("join a room of {few} and {many} present"), "join", &times, micros),
            pair("bytes of its acknowledgement", "join_bytes", &bytes, |bytes| format!("{bytes:.0}")),
        ])
    }
}

fn pair(what: &str, key: &'static str, values: &[f64], unit: fn(f64) -> String) -> Pair {
    let value = |index: usize| values.get(index).copied().unwrap_or_default();
    Pair { what: what.to_owned(), key, small: value(0), large: value(1), unit }
}

/// The median of a request alone on its connection, in microseconds, each time after something else was done.
async fn timed(addr: SocketAddr, request: &[u8], mut first: impl AsyncFnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut connection = Connection::open(addr).await?;
    let mut times = Vec::new();
    for _ in 0..TIMES {
        first().await?;
        let begin = Instant::now();
        let status = connection.exchange(request).await?;
        times.push(begin.elapsed().as_secs_f64() * 1e6);
        if !(200..300).contains(&status) {
            return Err(format!("a request was answered with {status}").into());
        }
    }
    Ok(median(&times))
}

/// So many sessions of one person; gives the last.
async fn sessions(addr: SocketAddr, token: &str, count: u32) -> Outcome<String> {
    let mut making = tokio::task::JoinSet::new();
    for first in 0..8 {
        let token = token.to_owned();
        making.spawn(async move {
            let mut rest = Rest::open(addr).await?;
            let mut last = String::new();
            for number in (first..count).step_by(8) {
                last = rest.create_session(&token, &format!("One of many {number}")).await?;
            }
            Ok::<_, crate::Failure>(last)
        });
    }
    let mut last = String::new();
    while let Some(made) = making.join_next().await {
        last = made??;
    }
    Ok(last)
}

struct Writer {
    session: String,
    left: u32,
}

impl Lane for Writer {
    fn event(&mut self, buffer: &mut String) {
        self.left = self.left.saturating_sub(1);
        let (session, left) = (&self.session, self.left);
        // Writing to a String cannot fail.
        let _ = write!(buffer, r#"["message:create",{{"sessionId":"{session}","content":"Message {left} of many"}}]"#);
    }

    fn acknowledged(&mut self, answer: &[u8]) -> bool {
        answer.starts_with(b"[{\"ok\":true")
    }

    fn wants_more(&self) -> bool {
        self.left > 0
    }
}

async fn write_messages(stand: &Stand, owner: &Owner, count: u32) -> Outcome<()> {
    const LONGEST: Duration = Duration::from_mins(2);
    let socket = Socket::connect(stand.addr, Some(&owner.token)).await?;
    let lane = Writer { session: owner.session.clone(), left: count };
    let (measured, _) = event_load::run(vec![(socket, lane)], Pace::Closed { in_flight: 64 }, LONGEST, None).await?;
    println!("{} messages written, {:.0} a second", measured.answers(), measured.rate());
    measured.sound("message:create")
}

/// Rows that the database has written; `None` where that is not counted. The server is started again: PostgreSQL's own
/// processes hand their counts in when their connections end.
async fn rows_written(stand: &mut Stand) -> Outcome<Option<f64>> {
    const HANDED_IN: Duration = Duration::from_secs(1);
    if stand.database().is_none() {
        return Ok(None);
    }
    stand.restart(Ending::Drained).await?;
    sleep(HANDED_IN).await;
    stand.database().map(|database| database.rows_written().map(real)).transpose()
}
