//! What a read or a write costs does not grow with what it leaves out.

use rondo_domain::{
    account::User,
    ids::{SessionId, UserId},
    meter::metered,
    page::{ActivityKey, Limit},
    policy::Role,
    session::{Session, Visibility},
    store::{MessageWriter as _, SessionReads as _},
};
use rondo_infra::db::{
    BOUNDED_READS,
    writer::{Writer, WriterSettings},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

use crate::harness::{House, on_both, soon};

/// More than are listed by looking at all of somebody's sessions.
const MANY: usize = 600;
/// More than are looked at of everybody's.
const OTHERS: usize = 1_100;

/// Sessions like this one, with the same people in them.
async fn multiply(house: &House, like: &Session, count: usize) {
    let (id, numbers) = if house.is_postgres() {
        ("gen_random_uuid()", format!("SELECT n FROM generate_series(1, {count}) AS g (n)"))
    } else {
        (
            "randomblob(16)",
            format!(
                "WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {count}) SELECT n FROM g"
            ),
        )
    };
    let columns = "name, search_name, description, color, image_url, visibility, member_count, last_seq, last_position, \
                   log_floor, last_message_at, active_at, created_at, updated_at, deleted_at";
    let copied = format!(", s.{}", columns.replace(", ", ", s."));
    let raw = house.raw().await;
    for (sql, times) in [
        (
            format!(
                "INSERT INTO session (id, {columns}) SELECT {id}{copied} FROM session s, ({numbers}) AS times WHERE s.name = $1 AND s.id = $2"
            ),
            count,
        ),
        (
            "INSERT INTO membership (session_id, user_id, role, read_seq, joined_at) \
             SELECT c.id, b.user_id, b.role, b.read_seq, b.joined_at FROM session c, membership b \
             WHERE c.name = $1 AND c.id <> $2 AND b.session_id = $2"
                .to_owned(),
            count,
        ),
    ] {
        let values = [like.name.as_str().into(), like.id.0.into()];
        let done = raw.execute_raw(Statement::from_sql_and_values(raw.get_database_backend(), sql, values)).await;
        assert_eq!(done.unwrap().rows_affected(), u64::try_from(times).unwrap());
    }
    raw.close().await.unwrap();
}

/// All of somebody's sessions, page by page, with the most queries that a page took.
async fn all_of(house: &House, user: UserId) -> (Vec<Session>, u32) {
    let (mut seen, mut after, mut most): (Vec<Session>, Option<ActivityKey>, u32) = (Vec::new(), None, 0);
    loop {
        let (page, sent) = metered(house.store.sessions_of(user, after, Limit::parse(100).unwrap())).await;
        let page = page.unwrap();
        seen.extend(page.items);
        most = most.max(sent);
        after = page.next;
        if after.is_none() {
            return (seen, most);
        }
    }
}

fn assert_in_order(sessions: &[Session]) {
    let newer = |pair: &[Session]| (pair[0].active_at, pair[0].id) > (pair[1].active_at, pair[1].id);
    assert!(sessions.windows(2).all(newer), "newest activity first, no repeat");
}

on_both! {
    async fn somebody_with_very_many_sessions_finds_each_once(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let old = house.session("Old", Visibility::Private, &[(&ada, Role::Owner)]).await;
        multiply(house, &old, MANY).await;
        let (seen, sent) = all_of(house, ada.id).await;
        assert_eq!((seen.len(), sent), (MANY + 1, 2), "the last page is made of what is left");
        assert_in_order(&seen);

        // Nothing of hers is among the newest any more.
        house.clock.advance(1_000);
        let new = house.session("New", Visibility::Private, &[(&grace, Role::Viewer)]).await;
        multiply(house, &new, OTHERS).await;
        house.clock.advance(1_000);
        let both = house.session("Both", Visibility::Private, &[(&ada, Role::Member), (&grace, Role::Owner)]).await;
        for (user, count, role) in [(&ada, MANY + 2, Role::Member), (&grace, OTHERS + 2, Role::Owner)] {
            let (seen, sent) = all_of(house, user.id).await;
            assert_eq!((seen.len(), sent), (count, 2));
            assert_eq!((seen[0].id, seen[0].role), (both.id, Some(role)));
            assert_in_order(&seen);
        }
        let (first, sent) = metered(house.store.sessions_of(grace.id, None, Limit::default())).await;
        assert_eq!((first.unwrap().items.len(), sent), (20, 1));
    }
}

/// Makes the session's history, its log and its crowd long. PostgreSQL alone.
async fn lengthen(raw: &DatabaseConnection, session: SessionId, author: &User, length: usize) {
    let (session, author) = (session.0, author.id.0);
    raw.execute_unprepared(&format!(
        "INSERT INTO message (id, session_id, seq, author_id, content, position, created_at) \
           SELECT gen_random_uuid(), '{session}', n, '{author}', 'hello', n, now() FROM generate_series(1, {length}) AS g (n); \
         INSERT INTO session_event (session_id, position, kind, subject_id, data, created_at) \
           SELECT '{session}', n, 'message:create', NULL, '{{}}', now() FROM generate_series(1, {length}) AS g (n); \
         INSERT INTO app_user (id, email, display_name, search_name, created_at, updated_at) \
           SELECT gen_random_uuid(), 'crowd' || n, 'Crowd', 'crowd', now(), now() FROM generate_series(1, {length}) AS g (n); \
         INSERT INTO membership (session_id, user_id, role, read_seq, joined_at) \
           SELECT '{session}', id, 'member', 0, now() FROM app_user WHERE email LIKE 'crowd%'; \
         UPDATE session SET last_seq = {length}, last_position = {length} WHERE id = '{session}'"
    ))
    .await
    .unwrap();
}

/// How many rows of tables a plan touched, those included that it threw away.
fn touched(plan: &[String]) -> u64 {
    let number = |line: &str, name: &str| -> u64 {
        let digits = line.split_once(name).map_or("", |(_, rest)| rest);
        digits.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().parse().unwrap_or(0)
    };
    let (mut rows, mut loops) = (0, 1);
    for line in plan {
        if line.contains("rows=") {
            loops = number(line, "loops=");
            let of_table = line.contains("Scan") && !line.contains("CTE Scan") && !line.contains("Subquery Scan");
            rows += if of_table { number(line, "rows=") * loops } else { 0 };
        }
        rows += number(line, "Rows Removed by Filter: ") * loops;
    }
    rows
}

async fn analyzed(raw: &DatabaseConnection, sql: &str, values: &str) -> u64 {
    // As the server does: see `served` in its connect.rs.
    for setting in ["seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"] {
        raw.execute_unprepared(&format!("SET enable_{setting} = off")).await.unwrap();
    }
    raw.execute_unprepared("SET plan_cache_mode = force_generic_plan").await.unwrap();
    raw.execute_unprepared(&format!("PREPARE asked AS {sql}")).await.unwrap();
    let explain = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE asked ({values})");
    let rows = raw.query_all_raw(Statement::from_string(DbBackend::Postgres, explain)).await.unwrap();
    raw.execute_unprepared("DEALLOCATE asked").await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    touched(&plan)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_touches_few_rows_wherever_it_lies() {
    House::postgres()
        .await
        .host(async |house| {
            let ada = house.person("Ada").await;
            let room = house.room(&ada).await;
            multiply(house, &room, MANY).await;
            let raw = single(house).await;
            lengthen(&raw, room.id, &ada, 5_000).await;
            let (session, user) = (room.id.0, ada.id.0);
            for (name, sql) in BOUNDED_READS {
                let (places, most) = match name {
                    "messages before" | "messages after" => (
                        vec![format!("'{session}', '{user}', 5001, 21"), format!("'{session}', '{user}', 2500, 21")],
                        50,
                    ),
                    "events" => (vec![format!("'{session}', 0, 5000, 21"), format!("'{session}', 2500, 5000, 21")], 25),
                    "members" => (
                        vec![
                            format!("'{session}', '-infinity', '{user}', 21"),
                            format!("'{session}', now(), '{user}', 21"),
                        ],
                        50,
                    ),
                    "sessions" => (vec![format!("'{user}', 'infinity', '{user}', 21")], 600),
                    "mentions" => (vec![format!("'{session}'")], 5),
                    "acceptances" => (vec![format!("'-infinity', 21, ARRAY['{user}']::uuid[]")], 0),
                    other => panic!("nobody knows how to ask for {other}"),
                };
                for place in places {
                    let rows = analyzed(&raw, sql, &place).await;
                    assert!(rows <= most, "{name} at {place} touched {rows} rows");
                }
            }
            raw.close().await.unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_writes_as_many_rows_in_a_crowd_as_alone() {
    House::postgres()
        .await
        .host(async |house| {
            let ada = house.person("Ada").await;
            let (small, large) = (house.room(&ada).await, house.room(&ada).await);
            let raw = single(house).await;
            lengthen(&raw, large.id, &ada, 3_000).await;
            let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
            for room in [small.id, large.id] {
                soon(writer.post(house.post(room, &ada, "hello"))).await.unwrap();
                for table in ["membership", "message", "session_event", "session"] {
                    let sql = format!(
                        "SELECT count(*) FROM {table} WHERE xmin = (SELECT xmin FROM session WHERE id = '{}')",
                        room.0
                    );
                    let row =
                        raw.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
                    assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1, "rows of {table}");
                }
            }
            raw.close().await.unwrap();
        })
        .await;
}

/// Exactly one connection, which keeps its settings.
async fn single(house: &House) -> DatabaseConnection {
    use secrecy::ExposeSecret as _;
    let mut options = sea_orm::ConnectOptions::new(house.settings.url.expose_secret());
    options.max_connections(1);
    sea_orm::Database::connect(options).await.unwrap()
}
