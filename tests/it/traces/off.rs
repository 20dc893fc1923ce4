//! Without a collector named there are no traces, whatever callers send.

use rondo_testkit::{Backend, Server, eventually, on_each_database};
use serde_json::Value;

use super::{
    place::Place,
    spans::{LONG, TRACE, of_trace, traceparent},
};

/// Ends the server; gives all that it said, to its last line.
async fn all_said(server: &mut Server) -> String {
    server.terminate().await;
    eventually("the last line", LONG, async || server.said().contains("\"stopped\"")).await;
    server.said()
}

on_each_database! {
    async fn a_trace_that_is_sent_is_not_taken_in_unless_that_is_wanted(backend: Backend) {
        let mut server = Server::with(backend, &[("LOG_FORMAT", "json"), ("RUST_LOG", "debug")]).await;
        let ada = server.user("ada").await;
        ada.get("/api/sessions").header("traceparent", traceparent()).await.assert_status(200);
        let said = all_said(&mut server).await;
        assert!(said.contains("/api/sessions") && !said.contains(TRACE) && !said.contains("trace.id"), "{said}");
    }

    async fn a_header_that_is_no_context_begins_a_trace_of_its_own(backend: Backend) {
        let place = Place::open().await;
        let endpoint = format!("http://{}", place.address());
        let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("LOG_FORMAT", "json"), ("RUST_LOG", "info")];
        let mut server = Server::with(backend, &settings).await;
        let ada = server.user("ada").await;
        let wrong = [traceparent().to_uppercase(), traceparent() + "-", "x".repeat(55)];
        for parent in &wrong {
            ada.get("/api/sessions").header("traceparent", parent).await.assert_status(200);
        }
        for health in ["/health", "/health/live", "/health/ready"] {
            server.get(health).header("traceparent", traceparent()).await.assert_status(200);
        }
        let said = all_said(&mut server).await;
        let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let asked: Vec<_> = lines.filter(|line| line["http.route"] == "/api/sessions").collect();
        assert_eq!(asked.len(), wrong.len());
        for line in &asked {
            let trace = line["trace.id"].as_str().unwrap();
            assert!(trace.len() == 32 && !trace.eq_ignore_ascii_case(TRACE), "{trace}");
        }
        let reports = place.taken();
        assert!(!reports.is_empty() && of_trace(&reports, TRACE).is_empty());
        assert!(reports.iter().all(|report| !report.body.contains("health")), "{reports:?}");
    }
}
