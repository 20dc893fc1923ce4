//! Acknowledged events over many sockets, in a closed loop or at a fixed rate. What is sent, and what an answer
//! means, is the lane's.

use crate::{
    Outcome,
    metronome::Metronome,
    report::{Before, Measured, Tally},
    socket_client::{Packet, Socket},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

/// How long acknowledgements are waited for after the last event.
const GRACE: Duration = Duration::from_secs(10);
/// What a socket at a fixed rate leaves unacknowledged before it holds back.
const MOST_UNDER_WAY: usize = 1024;

/// When a socket sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// At every acknowledgement, with so many events under way.
    Closed { in_flight: usize },
    /// So often, whatever comes back; latency counts from when an event was due.
    Fixed { every: Duration },
}

/// One socket's side of the load.
pub(crate) trait Lane: Send + 'static {
    /// The next event, as `["name",{…}]`.
    fn event(&mut self, buffer: &mut String);
    /// Whether the acknowledgement is what it should be.
    fn acknowledged(&mut self, answer: &[u8]) -> bool;
    /// An event of the server's.
    fn heard(&mut self, _event: &[u8]) {}
    /// Whether there is more to be sent; the run is over once there is not, and all has come.
    fn wants_more(&self) -> bool {
        true
    }
    /// Whether all has come that should come.
    fn settled(&self) -> bool {
        true
    }
}

/// What one socket has sent and not seen acknowledged.
#[derive(Default)]
struct Flight {
    next: u64,
    pending: VecDeque<(u64, Instant)>,
    buffer: String,
}

struct Drive<L> {
    socket: Socket,
    lane: L,
    flight: Flight,
    tally: Arc<Mutex<Tally>>,
}

/// Runs all lanes for so long, and gives them back in their order.
pub(crate) async fn run<L: Lane>(
    lanes: Vec<(Socket, L)>,
    pace: Pace,
    time: Duration,
    pid: Option<u32>,
) -> Outcome<(Measured, Vec<L>)> {
    // What the server still does for the connects is not of this run.
    sleep(Duration::from_millis(300)).await;
    let tally = Arc::new(Mutex::new(Tally::new()?));
    let count = u32::try_from(lanes.len())?.max(1);
    let before = Before::new(pid)?;
    let start = Instant::now();
    let end = start + time;
    let mut tasks = JoinSet::new();
    for (index, (socket, lane)) in (0_u32..).zip(lanes) {
        let mut drive = Drive { socket, lane, flight: Flight::default(), tally: Arc::clone(&tally) };
        // At a fixed rate the sockets take turns.
        let first = match pace {
            Pace::Closed { .. } => start,
            Pace::Fixed { every } => start + every * index / count,
        };
        tasks.spawn(async move {
            let ran = timeout_at(end + GRACE, drive.run(pace, first, end)).await;
            let mut tally = drive.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.lost += u64::try_from(drive.flight.pending.len()).unwrap_or(u64::MAX);
            match ran {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => {
                    tally.broken += 1;
                    tally.fault(&fault);
                }
                Err(_) => tally.fault(&format!("something was missing {GRACE:?} after the end")),
            }
            drop(tally);
            (index, drive.socket, drive.lane)
        });
    }
    let mut back = tasks.join_all().await;
    let tally = Arc::into_inner(tally).ok_or("a socket is still counting")?;
    let measured = before.measured(tally.into_inner().unwrap_or_else(PoisonError::into_inner))?;
    back.sort_by_key(|(index, ..)| *index);
    let mut lanes = Vec::with_capacity(back.len());
    for (_, socket, lane) in back {
        socket.close().await;
        lanes.push(lane);
    }
    Ok((measured, lanes))
}

impl<L: Lane> Drive<L> {
    async fn run(&mut self, pace: Pace, first: Instant, end: Instant) -> Outcome<()> {
        let mut due = first;
        let mut metronome = match pace {
            Pace::Closed { .. } => None,
            Pace::Fixed { every } => Some(Metronome::start(first, every)?),
        };
        loop {
            let now = Instant::now();
            let over = now >= end || !self.lane.wants_more();
            match pace {
                _ if over => {
                    if self.flight.pending.is_empty() && self.lane.settled() {
                        return Ok(());
                    }
                }
                Pace::Closed { in_flight } => {
                    while self.flight.pending.len() < in_flight && self.lane.wants_more() {
                        self.feed(now);
                    }
                    self.socket.flush().await?;
                }
                Pace::Fixed { every } => {
                    while due <= now && self.flight.pending.len() < MOST_UNDER_WAY && self.lane.wants_more() {
                        self.feed(due);
                        due += every;
                    }
                    self.socket.flush().await?;
                }
            }
            let packet = match &mut metronome {
                Some(metronome) if !over && self.flight.pending.len() < MOST_UNDER_WAY => tokio::select! {
                    packet = self.socket.packet() => packet?,
                    ticked = metronome.tick() => {
                        ticked?;
                        continue;
                    }
                },
                _ => self.socket.packet().await?,
            };
            self.take(packet).await?;
            // What came along with it needs no flush of its own.
            while !self.flight.pending.is_empty()
                && let Some(packet) = self.socket.packet_now()
            {
                self.take(packet?).await?;
            }
        }
    }

    fn feed(&mut self, due: Instant) {
        let flight = &mut self.flight;
        flight.buffer.clear();
        self.lane.event(&mut flight.buffer);
        let id = flight.next;
        flight.next += 1;
        flight.pending.push_back((id, due));
        self.socket.feed(id, &flight.buffer);
    }

    async fn take(&mut self, packet: Packet) -> Outcome<()> {
        match packet {
            Packet::Ping => self.socket.pong().await?,
            Packet::Event(event) => self.lane.heard(self.socket.bytes(&event)),
            Packet::Other => {}
            Packet::Ack { id, arguments } => {
                let now = Instant::now();
                let answer = self.socket.bytes(&arguments);
                // Nearly always the first.
                let found = self.flight.pending.iter().position(|(pending, _)| *pending == id);
                let sent = found.and_then(|index| self.flight.pending.remove(index));
                let good = sent.is_none() || self.lane.acknowledged(answer);
                let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
                match sent {
                    Some((_, due)) if good => tally.answered(now, now.saturating_duration_since(due)),
                    Some(_) => {
                        tally.refused += 1;
                        tally.fault(&String::from_utf8_lossy(answer));
                    }
                    None => tally.repeats += 1,
                }
            }
        }
        Ok(())
    }
}
