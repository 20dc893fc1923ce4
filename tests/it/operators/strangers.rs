//! Whatever clients send, there are no more series for it.

use std::collections::BTreeSet;

use reqwest::Method;
use rondo_testkit::{Backend, TestApp};
use serde_json::json;

use super::page::Page;

/// The names and labels of all samples.
fn series(page: &Page) -> BTreeSet<String> {
    page.samples.iter().map(|sample| format!("{} {:?}", sample.name, sample.labels)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_paths_methods_and_events_of_strangers_make_no_new_series() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    let socket = ada.socket().await;
    // Each kind of thing once, so that its series are there.
    app.get("/nothing").await.assert_status(404);
    app.request(Method::from_bytes(b"NOTHING").unwrap(), "/api/sessions").await.assert_status(405);
    app.request(Method::from_bytes(b"NOTHING").unwrap(), "/nothing").await.assert_status(404);
    ada.get("/api/sessions/00000000-0000-7000-8000-000000000000").await.assert_status(404);
    assert_eq!(socket.refused("nothing", json!({})).await, "unknown_event");
    let ask = json!({"query": "query Nothing { me { id } }"});
    ada.post("/graphql").json(ask).await.assert_status(200);
    Page::of(&app).await; // the page itself is a route
    let before = Page::of(&app).await;

    for number in 0..1_000 {
        app.get(&format!("/nothing/{number}")).await.assert_status(404);
        let method = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
        let path = if number % 2 == 0 { "/api/sessions".to_owned() } else { format!("/strange/{number}") };
        assert!([404, 405].contains(&app.request(method, &path).await.status));
        ada.get(&format!("/api/sessions/00000000-0000-7000-8000-{number:012}")).await.assert_status(404);
        assert_eq!(socket.refused(&format!("event:{number}"), json!({})).await, "unknown_event");
        if number % 10 == 0 {
            let ask = json!({"query": format!("query Named{number} {{ me {{ id }} }}"), "operationName": format!("Named{number}")});
            ada.post("/graphql").json(ask).await.assert_status(200);
        }
    }

    let after = Page::of(&app).await;
    assert_eq!(series(&before), series(&after));
    let unmatched = [("route", "unmatched"), ("method", "GET"), ("status", "404")];
    assert!(after.sum("rondo_http_requests_total", &unmatched) > 1_000.0);
    assert!(after.sum("rondo_socket_events_total", &[("event", "other"), ("code", "unknown_event")]) > 1_000.0);
    let text = format!("{:?}", after.samples);
    for secret in [ada.id.as_str(), ada.token(), "strange", "event:", "Named"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
