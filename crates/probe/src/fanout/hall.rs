//! Rooms with their listeners: who speaks, who hears, and when a message is with all.

use super::ear::Ear;
use crate::{
    Outcome,
    echo::event,
    positions::{Faults, Positions},
    report::{Before, Measured, Tally, real},
    scan::{is_message, position_of},
    socket_client::{Packet, Socket},
    subscription::Subscription,
};
use serde_json::json;
use std::{
    collections::VecDeque,
    fmt::Write as _,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

/// How long deliveries are waited for after the last message.
const GRACE: Duration = Duration::from_secs(10);
/// How long a repeat would have to come after all is there.
const STILL: Duration = Duration::from_millis(200);
const SIDE_BY_SIDE: usize = 32;

/// How one speaks to a server.
#[derive(Clone, Debug)]
pub(super) enum Manner {
    Rondo {
        session: String,
    },
    /// Rondo, where the listeners subscribe in GraphQL.
    GraphQl {
        session: String,
    },
    Bare {
        room: String,
    },
}

/// A room to be opened.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) manner: Manner,
    /// Access tokens, where the server wants any.
    pub(super) speaker: Option<String>,
    pub(super) listeners: Vec<Option<String>>,
    /// The room's last position.
    pub(super) last: u64,
}

/// Open rooms on one server; what is heard is counted as long as this lives.
pub(super) struct Hall {
    pid: Option<u32>,
    rooms: Vec<Arc<Room>>,
    /// Ends the tasks of listeners and speakers with this.
    tasks: JoinSet<()>,
}

struct Room {
    manner: Manner,
    state: Mutex<State>,
    /// Something is with all listeners, or there is more to be said.
    turn: Notify,
}

struct State {
    tally: Tally,
    heard: Vec<Positions>,
    deliveries: u64,
    /// The position before the first of `under_way`.
    last_complete: u64,
    /// When each was said, and who has not heard it yet.
    under_way: VecDeque<(Instant, usize)>,
    in_flight: usize,
    until: Instant,
    broken: Option<String>,
}

impl Manner {
    /// What joins the room.
    fn join(&self) -> String {
        match self {
            Self::Rondo { session } | Self::GraphQl { session } => {
                event("session:join", &json!({ "sessionId": session }))
            }
            Self::Bare { room } => event("join", &json!({ "room": room })),
        }
    }

    /// A listener in the room, who hears what comes after a position.
    async fn listen(&self, addr: SocketAddr, token: Option<&str>, after: u64) -> Outcome<Ear> {
        if let Self::GraphQl { session } = self {
            let token = token.ok_or("GraphQL wants a token")?;
            return Ok(Ear::Subscription(Subscription::open(addr, token, session, after).await?));
        }
        let mut socket = Socket::connect(addr, token).await?;
        socket.ask_well(0, &self.join()).await?;
        Ok(Ear::Socket(socket))
    }

    /// What the room will hear at this position.
    pub(super) fn say(&self, position: u64, text: &mut String) {
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Rondo { session } | Self::GraphQl { session } => write!(
                text,
                r#"["message:create",{{"sessionId":"{session}","content":"Message {position:09} for all who listen"}}]"#
            ),
            Self::Bare { room } => write!(text, r#"["say",{{"room":"{room}","position":{position}}}]"#),
        };
    }
}

impl Hall {
    pub(super) async fn open(addr: SocketAddr, pid: Option<u32>, places: &[Place]) -> Outcome<Self> {
        let mut hall = Self { pid, rooms: Vec::new(), tasks: JoinSet::new() };
        for place in places {
            let room = Arc::new(Room::new(place)?);
            for (first, tokens) in (0..).step_by(SIDE_BY_SIDE).zip(place.listeners.chunks(SIDE_BY_SIDE)) {
                let mut joining = JoinSet::new();
                for (index, token) in (first..).zip(tokens) {
                    let (token, manner, last) = (token.clone(), place.manner.clone(), place.last);
                    joining.spawn(async move {
                        Ok::<_, crate::Failure>((index, manner.listen(addr, token.as_deref(), last).await?))
                    });
                }
                while let Some(joined) = joining.join_next().await {
                    let (index, socket) = joined??;
                    hall.tasks.spawn(Arc::clone(&room).listen(index, socket));
                }
            }
            let speaker = Socket::connect(addr, place.speaker.as_deref()).await?;
            hall.tasks.spawn(Arc::clone(&room).speak(speaker));
            hall.rooms.push(room);
        }
        Ok(hall)
    }

    /// Lets each room hear messages for so long, with so many under way.
    pub(super) async fn speak(&self, in_flight: usize, time: Duration) -> Outcome<Measured> {
        for room in &self.rooms {
            room.state().tally = Tally::new()?;
        }
        let (mut sum, before) = (Tally::new()?, Before::new(self.pid)?);
        let until = Instant::now() + time;
        for room in &self.rooms {
            let mut state = room.state();
            (state.in_flight, state.until) = (in_flight, until);
            room.turn.notify_one();
        }
        sleep(time).await;
        let settled = async {
            while !self.rooms.iter().all(|room| room.settled()) {
                sleep(Duration::from_millis(2)).await;
            }
        };
        let late = timeout_at(until + GRACE, settled).await.is_err();
        for room in &self.rooms {
            let mut state = room.state();
            sum.add(&state.tally)?;
            sum.lost += state.under_way.iter().map(|(_, missing)| *missing as u64).sum::<u64>();
            if let Some(broken) = state.broken.take() {
                sum.broken += 1;
                sum.fault(&broken);
            }
        }
        if late {
            sum.fault(&format!("deliveries were missing {GRACE:?} after the end"));
        }
        let measured = before.measured(sum)?;
        sleep(STILL).await;
        Ok(measured)
    }

    /// Over all that was ever heard here.
    pub(super) fn faults(&self) -> Faults {
        let mut sum = Faults::default();
        for room in &self.rooms {
            let state = room.state();
            let last = state.last_complete + state.under_way.len() as u64;
            for heard in &state.heard {
                sum.add(heard.faults(last));
            }
        }
        sum
    }

    pub(super) fn deliveries(&self) -> f64 {
        real(self.rooms.iter().map(|room| room.state().deliveries).sum())
    }
}

impl Room {
    fn new(place: &Place) -> Outcome<Self> {
        let state = State {
            tally: Tally::new()?,
            heard: vec![Positions::after(place.last); place.listeners.len()],
            deliveries: 0,
            last_complete: place.last,
            under_way: VecDeque::new(),
            in_flight: 0,
            until: Instant::now(),
            broken: None,
        };
        Ok(Self { manner: place.manner.clone(), state: Mutex::new(state), turn: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settled(&self) -> bool {
        let state = self.state();
        state.under_way.is_empty() || state.broken.is_some()
    }

    async fn listen(self: Arc<Self>, index: usize, mut socket: Ear) {
        let broken = loop {
            let mut next = Some(socket.packet().await);
            let now = Instant::now();
            let mut fault = None;
            while let Some(packet) = next {
                match packet {
                    Ok(Packet::Event(event)) => self.hear(index, socket.bytes(&event), now),
                    Ok(Packet::Ping) => fault = socket.pong().await.err(),
                    Ok(_) => {}
                    Err(error) => fault = Some(error),
                }
                next = if fault.is_none() { socket.packet_now() } else { None };
            }
            if let Some(fault) = fault {
                break fault;
            }
        };
        self.state().broken.get_or_insert_with(|| format!("a listener: {broken}"));
        self.turn.notify_one();
    }

    fn hear(&self, index: usize, event: &[u8], now: Instant) {
        let Some(position) = position_of(event).filter(|_| is_message(event)) else {
            if event.starts_with(b"42[\"session:lagged\"") {
                self.state().tally.fault("a listener was told that it lags");
            }
            return;
        };
        if self.state().hear(index, position, now) {
            self.turn.notify_one();
        }
    }

    /// Says what there is room for, whenever its turn comes.
    async fn speak(self: Arc<Self>, mut socket: Socket) {
        let mut number = 0;
        let mut text = String::new();
        let broken = loop {
            let due = self.state().due();
            for position in due {
                text.clear();
                self.manner.say(position, &mut text);
                socket.feed(number, &text);
                number += 1;
            }
            if let Err(error) = socket.flush().await {
                break error;
            }
            let packet = tokio::select! {
                packet = socket.packet() => packet,
                () = self.turn.notified() => continue,
            };
            match packet {
                Ok(Packet::Ping) => {
                    if let Err(error) = socket.pong().await {
                        break error;
                    }
                }
                Ok(Packet::Ack { arguments, .. }) => {
                    let answer = socket.bytes(&arguments);
                    if !answer.starts_with(b"[{\"ok\":true") {
                        break String::from_utf8_lossy(answer).into_owned().into();
                    }
                }
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        self.state().broken.get_or_insert_with(|| format!("the speaker: {broken}"));
    }
}

impl State {
    /// Positions that may be said now.
    fn due(&mut self) -> std::ops::Range<u64> {
        let first = self.last_complete + self.under_way.len() as u64 + 1;
        let now = Instant::now();
        if now >= self.until {
            return first..first;
        }
        let free = self.in_flight.saturating_sub(self.under_way.len());
        let listeners = self.heard.len();
        self.under_way.extend(std::iter::repeat_n((now, listeners), free));
        first..first + free as u64
    }

    /// Whether a message is now with all.
    fn hear(&mut self, index: usize, position: u64, now: Instant) -> bool {
        if !self.heard[index].hear(position) {
            self.tally.repeats += 1;
            return false;
        }
        self.deliveries += 1;
        let at = position.checked_sub(self.last_complete + 1).and_then(|at| usize::try_from(at).ok());
        let Some((said, missing)) = at.and_then(|at| self.under_way.get_mut(at)) else { return false };
        *missing = missing.saturating_sub(1);
        self.tally.answered(now, now.saturating_duration_since(*said));
        let mut complete = false;
        while self.under_way.front().is_some_and(|(_, missing)| *missing == 0) {
            self.under_way.pop_front();
            self.last_complete += 1;
            complete = true;
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::{Manner, Place, Room};
    use crate::Outcome;
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn a_message_is_complete_once_all_have_heard_it() -> Outcome<()> {
        let manner = Manner::Bare { room: "a".to_owned() };
        let room = Room::new(&Place { manner, speaker: None, listeners: vec![None; 2], last: 4 })?;
        let mut state = room.state();
        let now = Instant::now();
        (state.in_flight, state.until) = (2, now + Duration::from_mins(1));
        assert_eq!(state.due(), 5..7);
        assert_eq!(state.due(), 7..7);

        assert!(!state.hear(0, 5, now));
        assert!(!state.hear(0, 6, now));
        assert!(state.hear(1, 5, now));
        assert_eq!(state.due(), 7..8);
        assert!(!state.hear(1, 5, now));
        assert_eq!(state.tally.repeats, 1);
        assert!(state.hear(1, 6, now));
        assert_eq!(state.last_complete, 6);
        assert_eq!(state.deliveries, 4);
        Ok(())
    }
}
