//! Access tokens: which are good, and which are not.

use std::time::Duration;

use rondo_testkit::{JWT_SECRET, TestApp, decoded, forged, on_each_database, unsigned};

const ME: &str = "/api/users/me";

on_each_database! {
    async fn a_token_says_who_it_is_for_and_no_more(app: TestApp) {
        let ada = app.user("ada").await;

        let claims = decoded(ada.token());

        assert_eq!(claims["sub"], ada.id);
        let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert!((900..=901).contains(&life), "{claims}");
        let mut names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["aud", "exp", "iat", "iss", "sid", "sub"]);
    }

    async fn only_a_token_of_our_own_making_is_good(app: TestApp) {
        let ada = app.user("ada").await;
        let (head, rest) = ada.token().split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        let grace = app.user("grace").await;
        let (_, others) = grace.token().split_once('.').unwrap();
        let (others, _) = others.split_once('.').unwrap();
        ada.with_token(&forged(ada.token(), JWT_SECRET)).get(ME).await.assert_status(200);

        for (what, token) in [
            ("signed with another key", forged(ada.token(), "another key, which is as long as ours")),
            ("alg none", unsigned(ada.token())),
            ("alg none with our signature", format!("{}{signature}", unsigned(ada.token()))),
            ("somebody else's claims", format!("{head}.{others}.{signature}")),
            ("no signature", format!("{head}.{claims}.")),
            ("two parts", format!("{head}.{claims}")),
            ("nonsense", "nonsense".to_owned()),
            ("an endless one", "x".repeat(7_000)),
        ] {
            let answer = app.get(ME).bearer(&token).await;
            assert_eq!(answer.status, 401, "{what}");
            answer.assert_problem(401, "unauthenticated");
            assert!(answer.header("www-authenticate").unwrap().contains(r#"error="invalid_token""#), "{what}");
        }
    }

    async fn a_token_that_ran_out_says_so(app: TestApp) {
        let ada = app.user("ada").await;
        app.clock.advance(Duration::from_secs(899));
        ada.get(ME).await.assert_status(200);
        app.clock.advance(Duration::from_secs(2));

        ada.get(ME).await.assert_problem(401, "token_expired");
    }

    async fn no_token_at_all_is_told_what_is_wanted(app: TestApp) {
        let ada = app.user("ada").await;
        for request in [
            app.get(ME),
            app.get(ME).header("authorization", ""),
            app.get(ME).header("authorization", "Bearer"),
            app.get(ME).header("authorization", ada.token()),
            app.get(ME).header("authorization", format!("Basic {}", ada.token())),
            app.get(&format!("{ME}?access_token={}", ada.token())),
        ] {
            request.await.assert_problem(401, "unauthenticated");
        }
        app.get(ME).header("authorization", format!("bearer {}", ada.token())).await.assert_status(200);
    }

    async fn a_refresh_token_is_no_access_token(app: TestApp) {
        let login = app.user("ada").await.login().await;
        app.get(ME).bearer(&login.refresh).await.assert_problem(401, "unauthenticated");
    }
}
