//! The documentation of the metrics, the dashboard and the alerts know the metrics that there are.

use std::collections::BTreeSet;

use rondo_testkit::{Backend, TestApp};
use serde_json::Value;

use super::page::Page;

const REFERENCE: &str = include_str!("../../../docs/METRICS.md");
const DASHBOARD: &str = include_str!("../../../docs/grafana/rondo.json");
const ALERTS: &str = include_str!("../../../docs/alerts.yml");

/// What Prometheus itself notes of each target: whether it gave its metrics.
const SCRAPED: &str = "up";

/// The words of a text that look like metrics.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("rondo_") || word.starts_with("process_") || *word == SCRAPED).collect()
}

/// The names by which samples of these families can be asked for.
fn known(page: &Page) -> BTreeSet<String> {
    let names = page.families.iter().flat_map(|(name, kind)| match kind.as_str() {
        "histogram" => ["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}")).to_vec(),
        _ => vec![name.clone()],
    });
    names.chain([SCRAPED.to_owned()]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documentation_lists_what_is_shown_in_its_order() {
    let app = TestApp::start(Backend::Sqlite).await;
    let page = Page::of(&app).await;
    let rows = REFERENCE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let listed: Vec<_> =
        rows.map(|(name, rest)| (name.to_owned(), rest.split(' ').next().unwrap().to_owned())).collect();
    assert_eq!(page.families, listed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_asks_for_metrics_that_there_are() {
    let app = TestApp::start(Backend::Sqlite).await;
    let known = known(&Page::of(&app).await);
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() > 10);
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty() && panel["title"].is_string() && panel["fieldConfig"].is_object(), "{panel}");
        for target in targets {
            let asked = named(target["expr"].as_str().unwrap());
            assert!(
                !asked.is_empty() && asked.iter().all(|name| known.contains(*name)),
                "{asked:?} in {}",
                panel["title"]
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_alert_asks_for_metrics_that_there_are_and_says_what_to_do() {
    let app = TestApp::start(Backend::Sqlite).await;
    let page = Page::of(&app).await;
    let known = known(&page);
    let families: BTreeSet<_> = page.families.into_iter().map(|(name, _)| name).collect();
    let alerts: Vec<_> = ALERTS.split("- alert: ").skip(1).collect();
    assert!(alerts.len() > 10);
    for fact in ["up{job=\"rondo\"} == 0", "absent(up{job=\"rondo\"})", "absent_over_time(rondo_chore_last_success"] {
        assert!(ALERTS.contains(fact), "nobody is told of what gives no metrics: {fact}");
    }
    let mut names = BTreeSet::new();
    for alert in alerts {
        let name = alert.lines().next().unwrap();
        assert!(names.insert(name), "{name} is there twice");
        for field in ["expr:", "for:", "severity:", "summary:", "description:"] {
            let line = alert.lines().find_map(|line| line.trim().strip_prefix(field));
            assert!(line.is_some_and(|rest| !rest.trim().is_empty()), "{name} has no {field}");
        }
        let asked = alert.lines().find(|line| line.trim().starts_with("expr:")).map(named).unwrap_or_default();
        assert!(!asked.is_empty() && asked.iter().all(|name| known.contains(*name)), "{asked:?} in {name}");
        let told = named(alert); // in prose a histogram goes by its own name
        assert!(told.iter().all(|name| known.contains(*name) || families.contains(*name)), "{told:?} in {name}");
    }
}
