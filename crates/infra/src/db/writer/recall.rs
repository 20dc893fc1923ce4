//! What the writer remembers of its last batches, so that it need not ask before it writes the next ones.
//!
//! Nothing of it is believed: what is written on the strength of it goes out together with a [guard](Recalled::guard), and is not written
//! unless the same is found again under the locks. Then the batch begins anew with questions.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rondo_domain::{
    account::User,
    ids::SessionId,
    message::{ClientMessageId, NewMessage},
    policy::Role,
};

use sea_orm::{DbErr, QueryResult};

use super::plan::{Counters, Facts, Locked};
use crate::db::{error::corrupt, postgres::Call, rows::Cells};

/// How many sessions are remembered; at times up to twice as many.
const SESSIONS: usize = 2_048;
/// How many of those who write in a session are.
const AUTHORS: usize = 16;

/// Two statements that find out whether nothing has changed, and note it for those that follow in the same transaction:
/// the first locks the sessions in the order of their ids, as all transactions do, and finds them where they were left; the
/// second, so with a fresh snapshot, finds each author in their role, the version of the account that was read, and no message
/// under a name that is given once more.
///
/// It is no error if they do not: the server would write it to its log, with all that was said. The rows are written
/// `WHERE` [`unchanged`] holds.
///
/// PostgreSQL's `xmin` names the transaction that wrote a version of a row. Its numbers come round after four thousand million.
macro_rules! prepare_guard {
    () => {
        "\
    PREPARE rondo_stand (uuid[], bigint[], bigint[]) AS \
    WITH locked AS (\
        SELECT s.id FROM unnest($1, $2, $3) AS k (id, last_seq, last_position) \
        JOIN session s ON s.id = k.id AND s.last_seq = k.last_seq AND s.last_position = k.last_position \
        WHERE s.deleted_at IS NULL ORDER BY s.id FOR NO KEY UPDATE OF s \
    ) \
    SELECT set_config('rondo.unchanged', CASE WHEN count(*) = cardinality($1) THEN 'yes' ELSE 'no' END, true) FROM locked; \
    PREPARE rondo_may (uuid[], uuid[], bytea[], bigint[], uuid[], uuid[], bytea[]) AS \
    WITH known AS (\
        SELECT 1 FROM unnest($1, $2, $3, $4) AS k (session_id, user_id, role, version) \
        JOIN membership b ON b.session_id = k.session_id AND b.user_id = k.user_id \
            AND b.role = convert_from(k.role, 'UTF8') \
        JOIN app_user u ON u.id = k.user_id AND u.xmin::text::bigint = k.version \
    ), repeated AS (\
        SELECT 1 FROM unnest($5, $6, $7) AS k (session_id, author_id, name) \
        JOIN message m ON m.session_id = k.session_id AND m.author_id = k.author_id \
            AND m.client_message_id = convert_from(k.name, 'UTF8') \
    ) \
    SELECT set_config('rondo.unchanged', CASE WHEN current_setting('rondo.unchanged') = 'yes' \
        AND (SELECT count(*) FROM known) = cardinality($1) AND NOT EXISTS (SELECT 1 FROM repeated) \
        THEN 'yes' ELSE 'no' END, true)"
    };
}

/// Whether no guard has said otherwise in this transaction.
macro_rules! unchanged {
    () => {
        "current_setting('rondo.unchanged', true) IS DISTINCT FROM 'no'"
    };
}
pub(super) use {prepare_guard, unchanged};

/// What is remembered. Only whoever writes a batch touches what is remembered of its sessions.
#[derive(Default)]
pub(super) struct Recall(Mutex<Generations>);

/// What was used since the other half was full, and what was used before.
#[derive(Default)]
struct Generations {
    young: HashMap<SessionId, Remembered>,
    old: HashMap<SessionId, Remembered>,
}

struct Remembered {
    session: Locked,
    authors: Vec<Author>,
    /// Whether the session stood once more where a batch had left it: then nobody else writes in it just now.
    steady: bool,
}

#[derive(Clone)]
struct Author {
    user: Arc<User>,
    role: Role,
    version: i64,
}

/// What the posts of a batch are judged by, as it was remembered.
pub(super) struct Recalled {
    pub(super) sessions: HashMap<SessionId, Locked>,
    /// One for each post.
    pub(super) facts: Vec<Facts>,
}

impl Recall {
    /// What is remembered of all that these posts are about, if it is. Posts that ask for more (what they answer, a key of
    /// their own) are not among those that can do without questions.
    pub(super) fn of(&self, posts: &[NewMessage]) -> Option<Recalled> {
        let mut generations = self.generations();
        let mut recalled =
            Recalled { sessions: HashMap::with_capacity(posts.len()), facts: Vec::with_capacity(posts.len()) };
        for NewMessage { post, author, guard, .. } in posts {
            if guard.is_some() || post.reply_to.is_some() {
                return None;
            }
            let remembered = generations.get(post.session).filter(|remembered| remembered.steady)?;
            let Author { user, role, version } =
                remembered.authors.iter().find(|known| known.user.id == *author)?.clone();
            recalled.sessions.entry(post.session).or_insert_with(|| remembered.session.clone());
            recalled.facts.push(Facts {
                role: Some(role),
                author: Some(user),
                version,
                reply_is_known: true,
                first: None,
                key_is_taken: false,
            });
        }
        Some(recalled)
    }

    /// A batch was committed that had asked.
    pub(super) fn learn(
        &self,
        found: &HashMap<SessionId, Locked>,
        authors: impl IntoIterator<Item = (SessionId, Facts)>,
        counters: &[Counters],
    ) {
        let mut generations = self.generations();
        for counters in counters {
            let Some(found) = found.get(&counters.session) else { continue };
            let stood = |Locked { last_seq, last_position, .. }: &Locked| (*last_seq, *last_position);
            let before = generations.take(counters.session).filter(|before| stood(&before.session) == stood(found));
            let steady = before.is_some();
            let authors = before.map_or_else(Vec::new, |before| before.authors);
            generations.put(counters.session, Remembered { session: left(counters, found), authors, steady });
        }
        for (session, facts) in authors {
            let (Some(role), Some(user)) = (facts.role, facts.author) else { continue };
            if let Some(remembered) = generations.young.get_mut(&session) {
                remembered.authors.retain(|known| known.user.id != user.id);
                if remembered.authors.len() == AUTHORS {
                    remembered.authors.remove(0);
                }
                remembered.authors.push(Author { user, role, version: facts.version });
            }
        }
    }

    /// A batch was committed that had not asked.
    pub(super) fn advance(&self, counters: &[Counters]) {
        let mut generations = self.generations();
        for counters in counters {
            if let Some(remembered) = generations.get(counters.session) {
                remembered.session = left(counters, &remembered.session);
            }
        }
    }

    /// What is remembered of these sessions is not true any more, or nobody knows.
    pub(super) fn forget(&self, sessions: impl IntoIterator<Item = SessionId>) {
        let mut generations = self.generations();
        for session in sessions {
            generations.take(session);
        }
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the guard's calls answered, which stand in front of all others.
pub(super) fn is_unchanged(answers: &[Vec<QueryResult>]) -> Result<bool, DbErr> {
    let row = answers.get(1).and_then(|rows| rows.first()).ok_or_else(|| corrupt("a guard without an answer"))?;
    Ok(Cells::new(row).take::<String>()? == "yes")
}

/// A session as a batch leaves it.
fn left(counters: &Counters, before: &Locked) -> Locked {
    Locked {
        visibility: before.visibility,
        last_seq: counters.last_seq,
        last_position: counters.last_position,
        active_at: counters.active_at,
    }
}

impl Generations {
    fn get(&mut self, session: SessionId) -> Option<&mut Remembered> {
        if let Some(remembered) = self.old.remove(&session) {
            self.put(session, remembered);
        }
        self.young.get_mut(&session)
    }

    fn take(&mut self, session: SessionId) -> Option<Remembered> {
        let old = self.old.remove(&session);
        self.young.remove(&session).or(old)
    }

    fn put(&mut self, session: SessionId, remembered: Remembered) {
        if self.young.len() >= SESSIONS {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(session, remembered);
    }
}

impl Recalled {
    /// The calls that find out whether all of this is still true of the posts that it was recalled for; the second one answers
    /// `yes` if it is.
    pub(super) fn guard(&self, posts: &[NewMessage]) -> String {
        let mut stand = Call::to("rondo_stand");
        stand.ids(self.sessions.keys().map(|id| Some(id.0)));
        stand.numbers(self.sessions.values().map(|session| session.last_seq));
        stand.numbers(self.sessions.values().map(|session| session.last_position));
        let named = || posts.iter().filter(|post| post.post.client_message_id.is_some());
        let mut may = Call::to("rondo_may");
        may.ids(posts.iter().map(|post| Some(post.post.session.0)));
        may.ids(posts.iter().map(|post| Some(post.author.0)));
        may.texts(self.facts.iter().map(|facts| facts.role.map(Role::as_str)));
        may.numbers(self.facts.iter().map(|facts| facts.version));
        may.ids(named().map(|post| Some(post.post.session.0)));
        may.ids(named().map(|post| Some(post.author.0)));
        may.texts(named().map(|post| post.post.client_message_id.as_ref().map(ClientMessageId::as_str)));
        format!("{}; {}", stand.end(), may.end())
    }
}
