//! Five people with two devices each, and a thousand random things that happen to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::{future::join_all, join};
use rondo_testkit::{
    Backend, Person, Room, TestApp, eventually, invitation_path, on_each_database, shape::assert_counted,
};
use serde_json::{Value, json};

use super::{device::Device, dice::Dice};

const PEOPLE: usize = 5;
const DEVICES: usize = 10;
const ROUNDS: usize = 1_000;
/// How often it is looked at who is there.
const LOOK: usize = 200;

/// What must have happened at least once.
const EVERY_KIND: [&str; 7] = [
    "message:create",
    "message:update",
    "message:delete",
    "session:update",
    "member:update",
    "member:remove",
    "invitation:accept",
];

/// Somebody's message that is not deleted.
struct Note {
    author: usize,
    message: Value,
}

struct Life {
    dice: Dice,
    people: Vec<Person>,
    devices: Vec<Device>,
    room: Room,
    /// Who is in, as what. The first one is the owner, always.
    roles: Vec<Option<&'static str>>,
    notes: Vec<Note>,
}

fn writes(role: Option<&str>) -> bool {
    role.is_some_and(|role| role != "viewer")
}

impl Life {
    async fn begin(app: &TestApp) -> Self {
        let people = join_all((0..PEOPLE).map(async |number| app.user(&format!("person {number}")).await)).await;
        let room = app.session().public().owned_by(&people[0]).create().await;
        let mut roles = vec![None; PEOPLE];
        roles[0] = Some("owner");
        let devices = (0..DEVICES).map(|device| Device::of(device / 2)).collect();
        Self { dice: Dice::roll(), people, devices, room, roles, notes: Vec::new() }
    }

    fn somebody(&mut self, is_so: impl Fn(&Self, usize) -> bool) -> Option<usize> {
        let so: Vec<_> = (0..PEOPLE).filter(|person| is_so(self, *person)).collect();
        self.dice.one_where(PEOPLE, |person| so.contains(&person))
    }

    fn text(&mut self) -> String {
        format!("{}", self.dice.below(1_000_000))
    }

    /// One thing that happens.
    async fn round(&mut self) {
        match self.dice.below(100) {
            0..30 => self.post().await,
            30..40 => self.edit().await,
            40..46 => self.delete().await,
            46..50 => self.rename().await,
            50..56 => self.change_role().await,
            56..61 => self.end_membership().await,
            61..70 => self.become_member().await,
            70..78 => {
                let device = self.dice.below(DEVICES);
                let person = self.devices[device].person;
                self.devices[device].fall(&self.people[person]);
            }
            78..90 => {
                if let Some(device) = self.absent() {
                    let person = self.devices[device].person;
                    self.devices[device].come_back(&self.people[person], &self.room).await;
                }
            }
            90..97 => self.burst().await,
            _ => self.trespass().await,
        }
        for device in &mut self.devices {
            device.drain(&self.people[device.person]);
        }
    }

    /// A member's device that has not joined.
    fn absent(&mut self) -> Option<usize> {
        let Self { dice, devices, roles, .. } = self;
        dice.one_where(DEVICES, |device| {
            let Device { person, joined, ending, .. } = devices[device];
            roles[person].is_some() && (!joined || ending)
        })
    }

    async fn post(&mut self) {
        let Some(author) = self.somebody(|life, person| writes(life.roles[person])) else { return };
        let content = self.text();
        let socket = self.devices[2 * author + self.dice.below(2)].socket.as_ref();
        let message = match socket {
            Some(socket) if self.dice.below(2) == 0 => {
                socket.done("message:create", json!({"sessionId": self.room.id, "content": content})).await
            }
            _ => self.room.post(&self.people[author], &content).await,
        };
        self.notes.push(Note { author, message });
    }

    async fn edit(&mut self) {
        let Self { dice, notes, roles, .. } = self;
        let Some(note) = dice.one_where(notes.len(), |note| writes(roles[notes[note].author])) else { return };
        let body = json!({"content": self.text()});
        let Note { author, message } = &self.notes[note];
        self.people[*author].patch(&self.room.message_path(message)).json(body).await.assert_status(200);
    }

    async fn delete(&mut self) {
        if self.notes.is_empty() {
            return;
        }
        let note = self.dice.below(self.notes.len());
        let Note { author, message } = self.notes.swap_remove(note);
        let by = if writes(self.roles[author]) { author } else { 0 };
        self.people[by].delete(&self.room.message_path(&message)).await.assert_status(204);
    }

    async fn rename(&mut self) {
        let body = json!({"name": self.text()});
        self.people[0].patch(&self.room.path("")).json(body).await.assert_status(200);
    }

    async fn change_role(&mut self) {
        let Some(person) = self.somebody(|life, person| person > 0 && life.roles[person].is_some()) else { return };
        let role = *self.dice.one(&["moderator", "member", "viewer"]);
        self.room.change_role(&self.people[0], &self.people[person], role).await;
        self.roles[person] = Some(role);
    }

    async fn end_membership(&mut self) {
        let Some(person) = self.somebody(|life, person| person > 0 && life.roles[person].is_some()) else { return };
        // What was heard before is taken first: from now on, the end is expected.
        for device in self.devices.iter_mut().filter(|device| device.person == person) {
            device.end(&self.people[person]).await;
            device.ending = device.joined;
        }
        if self.dice.below(2) == 0 {
            self.people[0].delete(&self.room.member_path(&self.people[person])).await.assert_status(204);
        } else {
            self.room.leave(&self.people[person]).await;
        }
        self.roles[person] = None;
    }

    async fn become_member(&mut self) {
        let Some(person) = self.somebody(|life, person| life.roles[person].is_none()) else { return };
        self.roles[person] = Some(if self.dice.below(2) == 0 {
            self.room.join(&self.people[person]).await;
            "member"
        } else {
            let role = *self.dice.one(&["moderator", "member", "viewer"]);
            let invitation = self.room.invite(&self.people[0], &self.people[person], role).await;
            self.people[person].post(&invitation_path(&invitation, "/accept")).await.assert_status(200);
            role
        });
    }

    /// Many write at once, while a device comes back.
    async fn burst(&mut self) {
        let authors: Vec<_> = (0..PEOPLE).filter(|person| writes(self.roles[*person])).cycle().take(6).collect();
        let device = self.absent();
        let Self { people, room, devices, .. } = self;
        let posting = join_all(authors.iter().map(async |author| room.post(&people[*author], "at once").await));
        let coming = async {
            if let Some(device) = device {
                let person = devices[device].person;
                devices[device].come_back(&people[person], room).await;
            }
        };
        let (messages, ()) = join!(posting, coming);
        let notes = authors.into_iter().zip(messages).map(|(author, message)| Note { author, message });
        self.notes.extend(notes);
    }

    /// Somebody tries who is not in.
    async fn trespass(&mut self) {
        let Some(person) = self.somebody(|life, person| life.roles[person].is_none()) else { return };
        let posted = self.people[person].post(&self.room.path("/messages")).json(json!({"content": "hi"})).await;
        posted.assert_problem(403, "forbidden");
        let device = 2 * person + self.dice.below(2);
        self.devices[device].knock(&self.people[person], &self.room).await;
    }

    /// Insists that those are there who have joined, and nobody else.
    async fn assert_presence(&mut self) {
        let mut truth = BTreeMap::new();
        for device in &mut self.devices {
            let person = &self.people[device.person];
            device.end(person).await;
            if device.joined {
                *truth.entry(person.id.clone()).or_insert(0) += 1;
            }
        }
        let (room, reader) = (&self.room, &self.people[0]);
        let mut found = BTreeMap::new();
        let look = async || {
            let page = reader.get(&room.path("/presence?limit=100")).await.told(200);
            let items = page["items"].as_array().unwrap().iter();
            let id = |item: &Value| item["user"]["id"].as_str().unwrap().to_owned();
            found = items.map(|item| (id(item), item["connections"].as_u64().unwrap())).collect();
            println!("there are {found:?}, there should be {truth:?}");
            found == truth && page["presenceCount"] == truth.len()
        };
        eventually("the truth of presence", Duration::from_secs(5), look).await;
    }

    /// Brings everybody back and insists that all know the same.
    async fn end(mut self) {
        while self.roles.contains(&None) {
            self.become_member().await;
        }
        while let Some(device) = self.absent() {
            let person = self.devices[device].person;
            self.devices[device].come_back(&self.people[person], &self.room).await;
        }
        let owner = &self.people[0];
        let last = self.room.seen_by(owner).await["lastPosition"].as_u64().unwrap();
        let log = self.room.events(owner).await;
        assert_counted(&log, "position", usize::try_from(last).unwrap());
        let kinds: BTreeSet<_> = log.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert!(EVERY_KIND.iter().all(|kind| kinds.contains(kind)), "a dull life: {kinds:?}");
        let messages = self.room.messages(owner).await;
        let told = log.iter().map(|event| (event["type"].as_str().unwrap(), &event["data"]));
        assert_eq!(folded(told), messages, "the log tells of the messages as they are");
        for device in &mut self.devices {
            device.hear_up_to(&self.people[device.person], last).await;
            let heard = device.heard.iter().map(|(kind, data)| (kind.as_str(), data));
            assert_eq!(folded(heard), messages, "each device knows the messages as they are");
            for ((kind, data), event) in device.heard.iter().zip(&log) {
                assert_eq!(event["type"], kind.as_str());
                // The content of deleted messages is gone from the log alone.
                let same = if kind.starts_with("message:") {
                    event["data"]["id"] == data["id"]
                } else {
                    event["data"] == *data
                };
                assert!(same, "{event} was heard as {data}");
            }
        }
        self.assert_presence().await;
    }
}

/// The messages that events amount to, in order.
fn folded<'a>(events: impl Iterator<Item = (&'a str, &'a Value)>) -> Vec<Value> {
    let messages = events.filter(|(kind, _)| kind.starts_with("message:")).map(|(_, message)| message);
    let by_seq: BTreeMap<_, _> = messages.map(|message| (message["seq"].as_u64().unwrap(), message.clone())).collect();
    by_seq.into_values().collect()
}

on_each_database! {
    async fn a_thousand_rounds_leave_no_gap_repeat_nothing_and_show_who_is_there(backend: Backend) {
        let app = TestApp::with(backend, &[("PRESENCE_GRACE_MS", "100")]).await;
        let mut life = Life::begin(&app).await;
        for round in 0..ROUNDS {
            life.round().await;
            if round % LOOK == LOOK - 1 {
                life.assert_presence().await;
            }
        }
        life.end().await;
        app.verify().await;
    }
}
