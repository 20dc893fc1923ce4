//! A device that hears a session over all its drops.

use rondo_testkit::{Event, Person, Room, Socket};
use serde_json::{Value, json};

/// A device of a person. What it heard counts 1, 2, 3 … over all its connections, or the test fails.
pub(super) struct Device {
    pub(super) person: usize,
    pub(super) socket: Option<Socket>,
    /// Whether it has joined the room.
    pub(super) joined: bool,
    /// Whether the end of that was asked for, and not yet heard of.
    pub(super) ending: bool,
    /// Everything that it heard: type and data, by position.
    pub(super) heard: Vec<(String, Value)>,
}

impl Device {
    pub(super) fn of(person: usize) -> Self {
        Self { person, socket: None, joined: false, ending: false, heard: Vec::new() }
    }

    /// The position that it has heard up to.
    pub(super) fn last(&self) -> u64 {
        u64::try_from(self.heard.len()).unwrap()
    }

    fn note(&mut self, position: u64, kind: String, data: Value) {
        assert_eq!(position, self.last() + 1, "a device of {} hears {kind} out of turn", self.person);
        self.heard.push((kind, data));
    }

    /// Takes a live event with a position.
    fn take(&mut self, me: &Person, event: Event) {
        // The founder's connections hear it wherever they are: joined, before, or about to.
        let personal = self.person == 0 && event.name == "invitation:accept";
        if personal && (!self.joined || event.position() <= self.last()) {
            return;
        }
        let (position, Event { name, mut data }) = (event.position(), event);
        assert!(self.joined, "a device of {} hears {name} at {position} of a room that it is not in", self.person);
        data.as_object_mut().unwrap().remove("position");
        let mine = data["userId"] == me.id.as_str();
        if name == "member:remove" && mine {
            assert!(self.ending, "nobody ended the membership of {}", self.person);
            (self.joined, self.ending) = (false, false);
        }
        self.note(position, name, data);
    }

    /// Takes what has come, without waiting.
    pub(super) fn drain(&mut self, me: &Person) {
        let heard = self.socket.as_mut().map(Socket::heard_lasting).unwrap_or_default();
        for event in heard {
            self.take(me, event);
        }
    }

    /// Waits until it hears of the end that was asked for.
    pub(super) async fn end(&mut self, me: &Person) {
        while self.ending {
            let event = self.socket.as_mut().unwrap().next_lasting().await;
            self.take(me, event);
        }
    }

    /// Waits until it has heard all up to a position.
    pub(super) async fn hear_up_to(&mut self, me: &Person, position: u64) {
        while self.last() < position {
            let event = self.socket.as_mut().unwrap().next_lasting().await;
            self.take(me, event);
        }
    }

    /// Loses its connection without a word.
    pub(super) fn fall(&mut self, me: &Person) {
        self.drain(me);
        (self.socket, self.joined, self.ending) = (None, false, false);
    }

    /// Connects if it is not, and joins after what it has heard.
    pub(super) async fn come_back(&mut self, me: &Person, room: &Room) {
        self.end(me).await;
        self.drain(me);
        if self.socket.is_none() {
            self.socket = Some(me.socket().await);
        }
        let joined = self.socket.as_ref().unwrap().join_after(&room.id, self.last()).await;
        assert_eq!(joined["recovered"], true);
        let mut events = joined["events"].as_array().unwrap().clone();
        let position = joined["position"].as_u64().unwrap();
        if joined["more"] == true {
            let rest = room.events_after(me, events.last().unwrap()["position"].as_u64().unwrap()).await;
            events.extend(rest.into_iter().filter(|event| event["position"].as_u64().unwrap() <= position));
        }
        for event in events {
            let kind = event["type"].as_str().unwrap().to_owned();
            self.note(event["position"].as_u64().unwrap(), kind, event["data"].clone());
        }
        assert_eq!(self.last(), position, "live events begin right after the position");
        self.joined = true;
    }

    /// Tries to join without a right to.
    pub(super) async fn knock(&mut self, me: &Person, room: &Room) {
        self.end(me).await;
        if self.socket.is_none() {
            self.socket = Some(me.socket().await);
        }
        let after = json!({"sessionId": room.id, "after": self.last()});
        assert_eq!(self.socket.as_ref().unwrap().refused("session:join", after).await, "forbidden");
    }
}
