//! Decides what becomes of each post of a batch, from what was read under the locks. Touches no database.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use rondo_domain::{
    Timestamp,
    account::User,
    event::Position,
    idempotency::Memo,
    ids::{SessionId, UserId},
    message::{Message, MessageError, NewMessage, Standing, admit},
    policy::Role,
    session::Visibility,
    store::{Conflict, Posted, StoreError},
};

/// A locked session.
#[derive(Clone, Debug)]
pub(super) struct Locked {
    pub(super) visibility: Visibility,
    pub(super) last_seq: i64,
    pub(super) last_position: Position,
    pub(super) active_at: Timestamp,
}

/// What is known of one post, besides its session.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) role: Option<Role>,
    pub(super) author: Option<Arc<User>>,
    /// Which version of the author's account was read; 0 where versions have no names.
    pub(super) version: i64,
    /// `true` when it answers none.
    pub(super) reply_is_known: bool,
    /// The message that an earlier send of the same post made.
    pub(super) first: Option<Message>,
    /// Whether its idempotency key is remembered with another request.
    pub(super) key_is_taken: bool,
}

/// A message that is to be written.
#[derive(Clone, Debug)]
pub(super) struct Created {
    pub(super) message: Message,
    pub(super) position: Position,
}

/// A session's counters after the batch.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    pub(super) session: SessionId,
    pub(super) last_seq: i64,
    pub(super) last_position: Position,
    pub(super) last_message_at: Timestamp,
    pub(super) active_at: Timestamp,
}

/// How far somebody has read after the batch, by having written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marker {
    pub(super) session: SessionId,
    pub(super) user: UserId,
    pub(super) seq: i64,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// One per post, in their order; good once the rest is committed.
    pub(super) outcomes: Vec<Result<Posted, MessageError>>,
    /// In the order of their positions, per session.
    pub(super) created: Vec<Created>,
    pub(super) counters: Vec<Counters>,
    pub(super) markers: Vec<Marker>,
    /// What is remembered with them, each under a key of its own.
    pub(super) memos: Vec<Memo>,
}

/// Judges the posts in their order, and numbers those that are let in.
pub(super) fn plan(posts: &[NewMessage], sessions: &HashMap<SessionId, Locked>, facts: &[Facts]) -> Plan {
    let mut planner = Planner {
        sessions,
        counters: HashMap::new(),
        markers: HashMap::new(),
        firsts: HashMap::new(),
        keys: HashSet::new(),
        created: vec![],
        memos: vec![],
    };
    let outcomes = posts.iter().zip(facts).map(|(post, facts)| planner.judge(post, facts)).collect();
    let Planner { counters, markers, created, memos, .. } = planner;
    let counters = counters.into_values().collect();
    let markers = markers.into_iter().map(|((session, user), seq)| Marker { session, user, seq }).collect();
    Plan { outcomes, created, counters, markers, memos }
}

struct Planner<'p> {
    sessions: &'p HashMap<SessionId, Locked>,
    counters: HashMap<SessionId, Counters>,
    markers: HashMap<(SessionId, UserId), i64>,
    /// Where in `created` the first message of a name stands.
    firsts: HashMap<(SessionId, UserId, &'p str), usize>,
    /// The idempotency keys that this batch takes.
    keys: HashSet<(UserId, &'p str)>,
    created: Vec<Created>,
    memos: Vec<Memo>,
}

impl<'p> Planner<'p> {
    fn judge(&mut self, post: &'p NewMessage, facts: &Facts) -> Result<Posted, MessageError> {
        let session = self.sessions.get(&post.post.session);
        admit(Standing {
            visibility: session.map(|session| session.visibility),
            role: facts.role,
            reply_is_known: facts.reply_is_known,
        })?;
        let (Some(session), Some(author)) = (session, &facts.author) else {
            return Err(StoreError::corrupt("a member without an account").into());
        };
        let key = post.guard.as_ref().map(|guard| (guard.user, guard.key.as_str()));
        if facts.key_is_taken || key.is_some_and(|key| self.keys.contains(&key)) {
            return Err(StoreError::Conflict(Conflict::IdempotencyKey).into());
        }
        let posted = match facts.first.clone().or_else(|| self.first(post)) {
            Some(message) => Posted { message, repeated: true },
            None => Posted { message: self.create(post, session, Arc::clone(author)), repeated: false },
        };
        self.keys.extend(key);
        self.memos.extend(post.guard.as_ref().map(|guard| guard.memo(&posted)));
        Ok(posted)
    }

    /// The message that an earlier post of this batch makes under the same name.
    fn first(&self, post: &'p NewMessage) -> Option<Message> {
        let name = post.post.client_message_id.as_ref()?;
        let first = self.firsts.get(&(post.post.session, post.author, name.as_str()))?;
        Some(self.created[*first].message.clone())
    }

    fn create(&mut self, post: &'p NewMessage, session: &Locked, author: Arc<User>) -> Message {
        let id = post.post.session;
        let counters = self.counters.entry(id).or_insert_with(|| Counters {
            session: id,
            last_seq: session.last_seq,
            last_position: session.last_position,
            last_message_at: post.created_at,
            active_at: session.active_at,
        });
        counters.last_seq += 1;
        counters.last_position += 1;
        counters.last_message_at = post.created_at;
        counters.active_at = counters.active_at.max(post.created_at); // clocks of several nodes may differ
        let message = Message {
            id: post.id,
            session_id: id,
            seq: counters.last_seq,
            author,
            content: Some(post.post.content.as_str().to_owned()),
            client_message_id: post.post.client_message_id.as_ref().map(|name| name.as_str().to_owned()),
            reply_to: post.post.reply_to,
            created_at: post.created_at,
            edited_at: None,
            deleted_at: None,
        };
        if let Some(name) = &post.post.client_message_id {
            self.firsts.insert((id, post.author, name.as_str()), self.created.len());
        }
        self.markers.insert((id, post.author), message.seq);
        self.created.push(Created { message: message.clone(), position: counters.last_position });
        message
    }
}

#[cfg(test)]
mod tests {
    use rondo_domain::{
        idempotency::{Guard, IdempotencyKey, StoredAnswer},
        ids::MessageId,
        message::{ClientMessageId, Content, PostMessage},
        session::SessionError,
    };

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).unwrap()
    }

    fn room() -> (SessionId, Locked) {
        let locked = Locked { visibility: Visibility::Private, last_seq: 7, last_position: 9, active_at: at(50) };
        (SessionId::generate(), locked)
    }

    fn person() -> User {
        User {
            id: UserId::generate(),
            email: "ada@example.org".to_owned(),
            display_name: "Ada".to_owned(),
            avatar_url: None,
            bio: None,
            created_at: at(0),
        }
    }

    fn post(session: SessionId, author: &User, name: Option<&str>, seconds: i64) -> NewMessage {
        NewMessage {
            id: MessageId::generate(),
            author: author.id,
            post: PostMessage {
                session,
                content: Content::parse("hello").unwrap(),
                client_message_id: name.map(|name| ClientMessageId::parse(name).unwrap()),
                reply_to: None,
            },
            created_at: at(seconds),
            guard: None,
        }
    }

    fn guarded(post: NewMessage, user: UserId, key: &str) -> NewMessage {
        let answer = |posted: &Posted| StoredAnswer {
            status: if posted.repeated { 200 } else { 201 },
            location: None,
            body: posted.message.seq.to_string(),
        };
        let key = IdempotencyKey::parse(key).unwrap();
        NewMessage { guard: Some(Guard { user, key, fingerprint: [7; 32], render: Arc::new(answer) }), ..post }
    }

    fn facts(author: &User, role: Role) -> Facts {
        Facts {
            role: Some(role),
            author: Some(Arc::new(author.clone())),
            version: 0,
            reply_is_known: true,
            first: None,
            key_is_taken: false,
        }
    }

    #[test]
    fn numbers_run_on_from_where_each_session_stood() {
        let (ada, (one, locked), (other, _)) = (person(), room(), room());
        let sessions = [(one, locked.clone()), (other, Locked { last_seq: 0, last_position: 0, ..locked })].into();
        let posts = [post(one, &ada, None, 60), post(other, &ada, None, 61), post(one, &ada, None, 40)];
        let plan = plan(&posts, &sessions, &vec![facts(&ada, Role::Member); 3]);
        let numbers: Vec<_> = plan.created.iter().map(|row| (row.message.seq, row.position)).collect();
        assert_eq!(numbers, [(8, 10), (1, 1), (9, 11)]);
        assert!(
            plan.outcomes.iter().zip(&posts).all(|(outcome, post)| outcome.as_ref().unwrap().message.id == post.id)
        );
        let counters = plan.counters.iter().find(|counters| counters.session == one).unwrap();
        assert_eq!((counters.last_seq, counters.last_position), (9, 11));
        assert_eq!(counters.last_message_at, at(40), "the newest by number, whatever the clocks say");
        assert_eq!(counters.active_at, at(60), "activity never moves back");
        let markers: Vec<_> = plan.markers.iter().filter(|marker| marker.session == one).map(|row| row.seq).collect();
        assert_eq!(markers, [9]);
    }

    #[test]
    fn what_is_refused_takes_no_number() {
        let (ada, viewer, (id, locked)) = (person(), person(), room());
        let posts =
            [post(id, &viewer, None, 60), post(id, &ada, None, 60), post(SessionId::generate(), &ada, None, 60)];
        let known = vec![facts(&viewer, Role::Viewer), facts(&ada, Role::Owner), Facts::default()];
        let plan = plan(&posts, &[(id, locked)].into(), &known);
        assert!(matches!(plan.outcomes[0], Err(MessageError::Session(SessionError::Forbidden(Role::Viewer)))));
        assert_eq!(plan.outcomes[1].as_ref().unwrap().message.seq, 8);
        assert!(matches!(plan.outcomes[2], Err(MessageError::Session(SessionError::Unknown))));
        assert_eq!((plan.created.len(), plan.counters.len(), plan.markers.len()), (1, 1, 1));
    }

    #[test]
    fn a_name_makes_one_message_per_author_and_session() {
        let (ada, grace, (id, locked)) = (person(), person(), room());
        let posts = [
            post(id, &ada, Some("same"), 60),
            post(id, &ada, Some("same"), 61),
            post(id, &grace, Some("same"), 62),
            post(id, &ada, Some("stored"), 63),
        ];
        let stored = Message { seq: 3, ..plan_one(&posts[3], &ada, &locked) };
        let mut known = vec![
            facts(&ada, Role::Member),
            facts(&ada, Role::Member),
            facts(&grace, Role::Member),
            facts(&ada, Role::Member),
        ];
        known[3].first = Some(stored.clone());
        let plan = plan(&posts, &[(id, locked)].into(), &known);
        let outcomes: Vec<_> = plan.outcomes.into_iter().map(Result::unwrap).collect();
        let told: Vec<_> = outcomes.iter().map(|posted| (posted.repeated, posted.message.seq)).collect();
        assert_eq!(told, [(false, 8), (true, 8), (false, 9), (true, 3)]);
        assert_eq!(outcomes[3].message, stored);
        assert_eq!(plan.created.len(), 2);
    }

    #[test]
    fn a_key_guards_one_post_and_remembers_what_it_was_answered() {
        let (ada, grace, (id, locked)) = (person(), person(), room());
        let posts = [
            guarded(post(id, &ada, Some("name"), 60), ada.id, "one"),
            guarded(post(id, &ada, None, 61), ada.id, "one"),
            guarded(post(id, &grace, None, 62), grace.id, "one"),
            guarded(post(id, &ada, Some("name"), 63), ada.id, "two"),
            guarded(post(id, &ada, None, 64), ada.id, "taken"),
            guarded(post(id, &ada, None, 65), ada.id, "two"),
        ];
        let mut known: Vec<_> = posts.iter().map(|_| facts(&ada, Role::Member)).collect();
        known[2] = facts(&grace, Role::Member);
        known[4].key_is_taken = true;
        let plan = plan(&posts, &[(id, locked)].into(), &known);
        let told: Vec<_> =
            plan.outcomes.iter().map(|outcome| outcome.as_ref().ok().map(|posted| posted.repeated)).collect();
        assert_eq!(told, [Some(false), None, Some(false), Some(true), None, None]);
        for refused in [1, 4, 5] {
            let conflict = StoreError::Conflict(Conflict::IdempotencyKey).to_string();
            assert_eq!(plan.outcomes[refused].as_ref().unwrap_err().to_string(), conflict);
        }
        assert_eq!(plan.created.len(), 2);
        let memos: Vec<_> = plan.memos.iter().map(|memo| (memo.user, memo.key.as_str(), memo.answer.status)).collect();
        assert_eq!(memos, [(ada.id, "one", 201), (grace.id, "one", 201), (ada.id, "two", 200)]);
    }

    fn plan_one(post: &NewMessage, author: &User, locked: &Locked) -> Message {
        let sessions = [(post.post.session, locked.clone())].into();
        plan(std::slice::from_ref(post), &sessions, &[facts(author, Role::Member)]).created.remove(0).message
    }
}
