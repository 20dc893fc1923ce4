//! Guessing passwords: it gets nobody in, tells nothing, and stands in nobody's way.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rondo_testkit::{Backend, Person, TestApp, on_each_database};
use serde_json::json;

const GUESSES: usize = 10_000;
const CLIENTS: usize = 4;
/// How many guesses one account allows.
const ALLOWED: usize = 10;

/// How often times are compared, at most. Other tests share the processors and sway a median either way; what the server
/// did differently would show every time.
const COMPARISONS: usize = 5;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How long a request takes that has nothing to do with it.
async fn glance(person: &Person) -> Duration {
    let begun = Instant::now();
    person.get("/api/users/me").header("x-forwarded-for", "10.9.9.9").await.assert_status(200);
    begun.elapsed()
}

on_each_database! {
    async fn a_flood_of_guesses_ends_at_the_limit_and_leaves_others_alone(backend: Backend) {
        let settings = [
            ("RATE_LIMIT", "on"),
            ("RATE_LIMIT_REQUESTS", "100000/1s"),
            ("RATE_LIMIT_LOGIN_ADDRESS", "100000/1m"),
            ("RATE_LIMIT_LOGIN_ACCOUNT", "10/15m"),
            ("TRUSTED_PROXIES", "127.0.0.1"),
        ];
        let app = TestApp::with(backend, &settings).await;
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let guess = async |number: usize| {
            let body = json!({"email": ada.email, "password": format!("guess number {number}")});
            let from = format!("10.0.{}.{}", number / 200, number % 200);
            app.post("/api/auth/login").header("x-forwarded-for", from).json(body).await
        };
        let client = async |client: usize| {
            let mut wrong = 0;
            for number in (client..GUESSES / COMPARISONS).step_by(CLIENTS) {
                let answer = guess(number).await;
                match answer.status {
                    401 => wrong += 1,
                    _ => answer.assert_problem(429, "rate_limited"),
                }
            }
            wrong
        };
        let looking = async || {
            let mut times = Vec::new();
            for _ in 0..40 {
                times.push(glance(&grace).await);
            }
            median(times)
        };
        let (mut wrong, mut found) = (0, Vec::new());
        for _ in 0..COMPARISONS {
            let quiet = looking().await;
            let (refused, busy) = futures_util::join!(join_all((0..CLIENTS).map(client)), looking());
            wrong += refused.iter().sum::<usize>();
            found.push((quiet, busy));
        }

        assert_eq!(wrong, ALLOWED);
        let bearable = |(quiet, busy): &(Duration, Duration)| *busy <= 2 * *quiet + Duration::from_millis(5);
        assert!(found.iter().any(bearable), "medians when it is quiet and in the flood: {found:?}");
        let right = json!({"email": ada.email, "password": ada.password});
        let limited = app.post("/api/auth/login").json(right.clone()).await;
        limited.assert_problem(429, "rate_limited");
        assert!(limited.header("retry-after").is_some());
        app.clock.advance(Duration::from_mins(15));
        app.post("/api/auth/login").json(right).await.assert_status(200);
    }

    async fn an_unknown_address_takes_as_long_as_a_wrong_password(backend: Backend) {
        let app = TestApp::with(backend, &[("BCRYPT_COST", "8")]).await;
        let ada = app.user("ada").await;
        let attempt = async |email: &str| {
            let begun = Instant::now();
            let body = json!({"email": email, "password": "some other password"});
            app.post("/api/auth/login").json(body).await.assert_problem(401, "invalid_credentials");
            begun.elapsed()
        };
        let mut found = Vec::new();
        for _ in 0..COMPARISONS {
            let (mut known, mut unknown) = (Vec::new(), Vec::new());
            for _ in 0..15 {
                known.push(attempt(&ada.email).await);
                unknown.push(attempt("nobody@example.org").await);
            }
            let (known, unknown) = (median(known), median(unknown));
            found.push((known, unknown));
            if known.max(unknown).as_secs_f64() <= 1.2 * known.min(unknown).as_secs_f64() {
                return;
            }
        }
        panic!("medians of a known and of an unknown address: {found:?}");
    }
}
