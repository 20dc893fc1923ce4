//! The rules, each as statements that find what breaks it, in words that SQLite and PostgreSQL share. A row of them is an
//! id, another one or null, and what is wrong.

/// What a rule is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everything at once.
    Whole,
    /// The sessions in `($1, $2]`, so that no statement holds more than a few of them.
    Sessions,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    /// What should hold.
    pub(super) promise: &'static str,
    /// The table whose rows are counted as examined.
    pub(super) of: &'static str,
    /// What these are called.
    pub(super) noun: &'static str,
    pub(super) scope: Scope,
    /// Each finds what breaks the rule.
    pub(super) faults: &'static [&'static str],
}

macro_rules! of_sessions {
    ($promise:literal, $of:literal, $noun:literal, [$($faults:expr),+ $(,)?]) => {
        Rule { promise: $promise, of: $of, noun: $noun, scope: Scope::Sessions, faults: &[$($faults),+] }
    };
}

macro_rules! of_all {
    ($promise:literal, $of:literal, $noun:literal, [$($faults:expr),+ $(,)?]) => {
        Rule { promise: $promise, of: $of, noun: $noun, scope: Scope::Whole, faults: &[$($faults),+] }
    };
}

/// Rows whose `$column` names nothing in `$parent`.
macro_rules! orphans {
    ($child:literal, $id:literal, $column:literal, $parent:literal) => {
        concat!(
            "SELECT c.",
            $id,
            ", c.",
            $column,
            ", '",
            $child,
            " without its ",
            $parent,
            "' FROM ",
            $child,
            " c WHERE NOT EXISTS (SELECT 1 FROM ",
            $parent,
            " p WHERE p.id = c.",
            $column,
            ")"
        )
    };
}

pub(super) const RULES: &[Rule] = &[
    of_sessions!(
        "messages are numbered 1, 2, 3 … up to their session's counter",
        "message",
        "messages",
        ["\
        SELECT s.id, CAST(NULL AS uuid), 'last_seq is ' || s.last_seq || ', and there are ' || COALESCE(m.n, 0) || \
            ' messages, ' || COALESCE(m.d, 0) || ' numbers, from ' || COALESCE(m.lo, 0) || ' to ' || COALESCE(m.hi, 0) \
        FROM session s LEFT JOIN (\
            SELECT session_id, COUNT(*) AS n, COUNT(DISTINCT seq) AS d, MIN(seq) AS lo, MAX(seq) AS hi \
            FROM message WHERE session_id > $1 AND session_id <= $2 GROUP BY session_id\
        ) m ON m.session_id = s.id \
        WHERE s.id > $1 AND s.id <= $2 AND (COALESCE(m.n, 0) <> s.last_seq OR COALESCE(m.d, 0) <> s.last_seq \
            OR COALESCE(m.lo, 1) <> 1 OR COALESCE(m.hi, 0) <> s.last_seq)"]
    ),
    of_sessions!(
        "events are numbered without gap from where the log begins up to their session's counter",
        "session_event",
        "events",
        ["\
        SELECT s.id, CAST(NULL AS uuid), 'the log is kept after ' || s.log_floor || ' and last_position is ' || \
            s.last_position || ', and there are ' || COALESCE(e.n, 0) || ' events, ' || COALESCE(e.d, 0) || \
            ' positions, from ' || COALESCE(e.lo, 0) || ' to ' || COALESCE(e.hi, 0) \
        FROM session s LEFT JOIN (\
            SELECT session_id, COUNT(*) AS n, COUNT(DISTINCT position) AS d, MIN(position) AS lo, MAX(position) AS hi \
            FROM session_event WHERE session_id > $1 AND session_id <= $2 GROUP BY session_id\
        ) e ON e.session_id = s.id \
        WHERE s.id > $1 AND s.id <= $2 AND (COALESCE(e.n, 0) <> s.last_position - s.log_floor \
            OR COALESCE(e.d, 0) <> s.last_position - s.log_floor OR s.log_floor < 0 \
            OR COALESCE(e.lo, s.log_floor + 1) <> s.log_floor + 1 \
            OR COALESCE(e.hi, s.last_position) <> s.last_position)"]
    ),
    of_sessions!(
        "a later message has a later position, and none lies beyond the log",
        "message",
        "messages",
        [
            "SELECT m.session_id, m.id, 'message ' || m.seq || ' has position ' || m.position || ', the one before it ' || \
            m.prior FROM (\
            SELECT session_id, id, seq, position, LAG(position) OVER (PARTITION BY session_id ORDER BY seq) AS prior \
            FROM message WHERE session_id > $1 AND session_id <= $2\
        ) m WHERE m.position <= m.prior",
            "SELECT m.session_id, m.id, 'message ' || m.seq || ' has position ' || m.position || ', the log ends at ' || \
            s.last_position FROM message m JOIN session s ON s.id = m.session_id \
        WHERE s.id > $1 AND s.id <= $2 AND m.position > s.last_position"
        ]
    ),
    of_sessions!(
        "every message is in the log, as far as it is kept",
        "message",
        "messages",
        ["\
        SELECT m.session_id, m.id, 'message ' || m.seq || ' has no message:create at position ' || m.position \
        FROM message m JOIN session s ON s.id = m.session_id \
        LEFT JOIN session_event e ON e.session_id = m.session_id AND e.position = m.position \
        WHERE s.id > $1 AND s.id <= $2 AND m.position > s.log_floor \
            AND (e.position IS NULL OR e.kind <> 'message:create' OR e.subject_id IS NULL OR e.subject_id <> m.id)"]
    ),
    of_sessions!(
        "every kept event of a message is of one that is there",
        "session_event",
        "events",
        ["\
        SELECT e.session_id, e.subject_id, e.kind || ' at position ' || e.position || ' is of no message there' \
        FROM session_event e LEFT JOIN message m ON m.id = e.subject_id AND m.session_id = e.session_id \
        WHERE e.session_id > $1 AND e.session_id <= $2 AND e.kind LIKE 'message:%' \
            AND (m.id IS NULL OR (e.kind = 'message:create' AND m.position <> e.position) \
                OR (e.kind = 'message:delete' AND m.deleted_at IS NULL))"]
    ),
    of_sessions!(
        "a message has content unless it was deleted",
        "message",
        "messages",
        ["\
        SELECT session_id, id, CASE WHEN deleted_at IS NULL THEN 'message ' || seq || ' has no content' \
            ELSE 'message ' || seq || ' was deleted and has content' END \
        FROM message WHERE session_id > $1 AND session_id <= $2 \
            AND ((content IS NULL AND deleted_at IS NULL) OR (content IS NOT NULL AND deleted_at IS NOT NULL))"]
    ),
    of_sessions!(
        "an answer answers an earlier message of its session",
        "message",
        "messages",
        ["\
        SELECT m.session_id, m.id, 'message ' || m.seq || ' answers none before it' \
        FROM message m LEFT JOIN message a ON a.id = m.reply_to AND a.session_id = m.session_id \
        WHERE m.session_id > $1 AND m.session_id <= $2 AND m.reply_to IS NOT NULL \
            AND (a.id IS NULL OR a.seq >= m.seq)"]
    ),
    of_sessions!(
        "a clientMessageId stands for one message",
        "message",
        "messages",
        ["\
        SELECT session_id, author_id, 'several messages are named ' || client_message_id FROM message \
        WHERE session_id > $1 AND session_id <= $2 AND client_message_id IS NOT NULL \
        GROUP BY session_id, author_id, client_message_id HAVING COUNT(*) > 1"]
    ),
    of_sessions!(
        "a session counts its members",
        "session",
        "sessions",
        ["\
        SELECT s.id, CAST(NULL AS uuid), 'member_count is ' || s.member_count || ' of ' || COALESCE(b.n, 0) \
        FROM session s LEFT JOIN (\
            SELECT session_id, COUNT(*) AS n FROM membership WHERE session_id > $1 AND session_id <= $2 \
            GROUP BY session_id\
        ) b ON b.session_id = s.id \
        WHERE s.id > $1 AND s.id <= $2 AND COALESCE(b.n, 0) <> s.member_count"]
    ),
    of_sessions!(
        "a session knows its newest message and its activity",
        "session",
        "sessions",
        [
            "SELECT s.id, CAST(NULL AS uuid), 'last_message_at is not when message ' || s.last_seq || ' was posted' \
        FROM session s LEFT JOIN message m ON m.session_id = s.id AND m.seq = s.last_seq \
        WHERE s.id > $1 AND s.id <= $2 AND s.deleted_at IS NULL AND s.last_seq > 0 \
            AND (s.last_message_at IS NULL OR m.created_at IS NULL OR s.last_message_at <> m.created_at)",
            "SELECT s.id, CAST(NULL AS uuid), 'last_message_at is set, and there is no message' FROM session s \
        WHERE s.id > $1 AND s.id <= $2 AND s.deleted_at IS NULL AND s.last_seq = 0 AND s.last_message_at IS NOT NULL",
            "SELECT s.id, CAST(NULL AS uuid), 'active_at is neither when it was made nor when it was last written to' \
        FROM session s LEFT JOIN (\
            SELECT session_id, MAX(created_at) AS newest FROM message \
            WHERE session_id > $1 AND session_id <= $2 GROUP BY session_id\
        ) m ON m.session_id = s.id \
        WHERE s.id > $1 AND s.id <= $2 AND s.deleted_at IS NULL \
            AND s.active_at <> CASE WHEN m.newest > s.created_at THEN m.newest ELSE s.created_at END"
        ]
    ),
    of_sessions!(
        "nobody has read beyond the newest message",
        "membership",
        "memberships",
        ["\
        SELECT b.session_id, b.user_id, 'read_seq is ' || b.read_seq || ' of ' || s.last_seq \
        FROM membership b JOIN session s ON s.id = b.session_id \
        WHERE s.id > $1 AND s.id <= $2 AND (b.read_seq > s.last_seq OR b.read_seq < 0)"]
    ),
    of_sessions!(
        "every role is one",
        "membership",
        "memberships",
        [
            "SELECT session_id, user_id, 'the role is ' || role FROM membership \
        WHERE session_id > $1 AND session_id <= $2 AND role NOT IN ('owner', 'moderator', 'member', 'viewer')",
            "SELECT session_id, id, 'the role is ' || role FROM invitation \
        WHERE session_id > $1 AND session_id <= $2 AND role NOT IN ('moderator', 'member', 'viewer')"
        ]
    ),
    of_sessions!(
        "every living session has an owner",
        "session",
        "sessions",
        ["\
        SELECT s.id, CAST(NULL AS uuid), 'nobody owns it' FROM session s \
        WHERE s.id > $1 AND s.id <= $2 AND s.deleted_at IS NULL AND NOT EXISTS (\
            SELECT 1 FROM membership b WHERE b.session_id = s.id AND b.role = 'owner')"]
    ),
    of_sessions!(
        "every session is private or public",
        "session",
        "sessions",
        ["\
        SELECT id, CAST(NULL AS uuid), 'the visibility is ' || visibility FROM session \
        WHERE id > $1 AND id <= $2 AND visibility NOT IN ('private', 'public')"]
    ),
    of_sessions!(
        "session:delete ends the log of a deleted session, and of no other",
        "session",
        "sessions",
        [
            "SELECT s.id, CAST(NULL AS uuid), 'it was deleted, and its log does not end with that' FROM session s \
        WHERE s.id > $1 AND s.id <= $2 AND s.deleted_at IS NOT NULL AND s.last_position > s.log_floor \
            AND NOT EXISTS (SELECT 1 FROM session_event e WHERE e.session_id = s.id \
                AND e.position = s.last_position AND e.kind = 'session:delete')",
            "SELECT e.session_id, CAST(NULL AS uuid), 'position ' || e.position || ' tells of its end' \
        FROM session_event e JOIN session s ON s.id = e.session_id \
        WHERE s.id > $1 AND s.id <= $2 AND e.kind = 'session:delete' \
            AND (s.deleted_at IS NULL OR e.position <> s.last_position)"
        ]
    ),
    of_sessions!(
        "an invitation waits or is settled, and none waits for a deleted session",
        "invitation",
        "invitations",
        [
            "SELECT session_id, id, 'the status is ' || status FROM invitation \
        WHERE session_id > $1 AND session_id <= $2 \
            AND (status NOT IN ('pending', 'accepted', 'declined', 'revoked', 'expired') \
                OR (status = 'pending' AND settled_at IS NOT NULL) OR (status <> 'pending' AND settled_at IS NULL))",
            "SELECT i.session_id, i.id, 'it waits for a deleted session' FROM invitation i \
        JOIN session s ON s.id = i.session_id \
        WHERE s.id > $1 AND s.id <= $2 AND i.status = 'pending' AND s.deleted_at IS NOT NULL"
        ]
    ),
    of_sessions!(
        "an address waits for one invitation into a session",
        "invitation",
        "invitations",
        ["\
        SELECT session_id, CAST(NULL AS uuid), 'one address has ' || COUNT(*) || ' pending invitations' \
        FROM invitation WHERE session_id > $1 AND session_id <= $2 AND status = 'pending' \
        GROUP BY session_id, email HAVING COUNT(*) > 1"]
    ),
    of_all!(
        "sessions and what is in them have no orphans",
        "session",
        "sessions",
        [
            orphans!("membership", "user_id", "session_id", "session"),
            orphans!("membership", "session_id", "user_id", "app_user"),
            orphans!("message", "id", "session_id", "session"),
            orphans!("message", "id", "author_id", "app_user"),
            orphans!("session_event", "session_id", "session_id", "session"),
            orphans!("invitation", "id", "session_id", "session"),
            orphans!("invitation", "id", "inviter_id", "app_user")
        ]
    ),
    of_all!(
        "accounts and what is theirs have no orphans",
        "app_user",
        "accounts",
        [
            orphans!("login", "id", "user_id", "app_user"),
            orphans!("refresh_token", "login_id", "login_id", "login"),
            orphans!("notification", "id", "user_id", "app_user"),
            orphans!("idempotency_key", "user_id", "user_id", "app_user")
        ]
    ),
    of_all!(
        "an address has one account",
        "app_user",
        "accounts",
        ["\
        SELECT u.id, CAST(NULL AS uuid), 'another account has its address' FROM app_user u JOIN (\
            SELECT email FROM app_user GROUP BY email HAVING COUNT(*) > 1) d ON d.email = u.email"]
    ),
    of_all!(
        "a refresh token has at most one successor in force",
        "refresh_token",
        "refresh tokens",
        ["\
        SELECT t.login_id, CAST(NULL AS uuid), 'its token has several successors in force' FROM refresh_token t JOIN (\
            SELECT parent FROM refresh_token WHERE voided_at IS NULL AND parent IS NOT NULL \
            GROUP BY parent HAVING COUNT(*) > 1) d ON d.parent = t.parent WHERE t.voided_at IS NULL"]
    ),
    of_all!(
        "a refresh token with a successor is spent, and both are of one login",
        "refresh_token",
        "refresh tokens",
        ["\
        SELECT p.login_id, t.login_id, CASE WHEN p.spent_at IS NULL THEN 'its token has a successor and is not spent' \
            ELSE 'its token has a successor of another login' END \
        FROM refresh_token t JOIN refresh_token p ON p.digest = t.parent \
        WHERE p.spent_at IS NULL OR p.login_id <> t.login_id"]
    ),
    of_all!(
        "digests and fingerprints have 32 bytes",
        "refresh_token",
        "refresh tokens",
        [
            "SELECT login_id, CAST(NULL AS uuid), 'its token''s digest has ' || length(digest) || ' bytes' \
        FROM refresh_token WHERE length(digest) <> 32 OR length(parent) <> 32",
            "SELECT user_id, CAST(NULL AS uuid), 'its fingerprint has ' || length(fingerprint) || ' bytes' \
        FROM idempotency_key WHERE length(fingerprint) <> 32"
        ]
    ),
];
