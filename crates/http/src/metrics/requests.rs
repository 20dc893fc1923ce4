//! Requests as they are counted: each worker counts for itself, so that no two write to the same place, and whoever
//! looks adds up. What may be a label is fixed, so nothing that clients send makes a new one.

use std::{
    collections::BTreeMap,
    iter,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use actix_web::http::{Method, StatusCode};
use rondo_domain::measure::{Counter, Counters, Durations, Spread};

use crate::methods::{METHODS, place_of};

/// The route of requests whose path does not exist.
pub(crate) const UNMATCHED: &str = "unmatched";

/// The statuses that are told apart; whatever else is `other`.
const STATUSES: [u16; 24] = [
    101, 200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415, 422, 429, 431, 500,
    503,
];

/// The requests of all workers.
#[derive(Debug, Default)]
pub(crate) struct RequestFigures(Mutex<Workers>);

#[derive(Debug, Default)]
struct Workers {
    routes: BTreeMap<String, Vec<Arc<RouteFigures>>>,
    gates: Vec<Arc<Gate>>,
}

/// What was counted of one route and method.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) route: String,
    pub(super) method: &'static str,
    /// Each status that was ever given, and how often.
    pub(super) statuses: Vec<(String, u64)>,
    pub(super) time: Spread,
}

/// How many requests of one worker began and ended.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(crate) begun: Counter,
    pub(crate) ended: Counter,
}

/// The requests of one route and one worker, by [`METHODS`], and the others behind them.
#[derive(Debug, Default)]
pub(crate) struct RouteFigures([OnceLock<Box<MethodFigures>>; METHODS.len() + 1]);

#[derive(Debug, Default)]
struct MethodFigures {
    /// By [`STATUSES`], and the others behind them.
    statuses: Counters<{ STATUSES.len() + 1 }>,
    time: Durations,
}

impl RouteFigures {
    /// A request was answered.
    pub(crate) fn answered(&self, method: &Method, status: StatusCode, took: Duration) {
        let status = status.as_u16();
        let status = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
        let method = self.0[place_of(method).unwrap_or(METHODS.len())].get_or_init(Box::default);
        method.statuses.one(status);
        method.time.took(took);
    }
}

impl RequestFigures {
    /// Where a worker counts what begins and ends; asked for once.
    pub(crate) fn gate(&self) -> Arc<Gate> {
        let gate = Arc::default();
        self.lock().gates.push(Arc::clone(&gate));
        gate
    }

    /// Where a worker counts a route's requests; asked for once.
    pub(crate) fn route(&self, pattern: &str) -> Arc<RouteFigures> {
        let figures = Arc::default();
        self.lock().routes.entry(pattern.to_owned()).or_default().push(Arc::clone(&figures));
        figures
    }

    /// How many requests are under way.
    pub(super) fn in_flight(&self) -> u64 {
        // What has ended first: what begins and ends between the two looks is then counted as under way, and not as less
        // than nothing.
        let workers = self.lock();
        let ended: u64 = workers.gates.iter().map(|gate| gate.ended.get()).sum();
        let begun: u64 = workers.gates.iter().map(|gate| gate.begun.get()).sum();
        begun.saturating_sub(ended)
    }

    /// Each route and method that was ever asked for.
    pub(super) fn read(&self) -> Vec<Answered> {
        let workers = self.lock();
        let mut rows = Vec::new();
        for (route, figures) in &workers.routes {
            for (place, method) in METHODS.into_iter().chain(["other"]).enumerate() {
                let (mut counts, mut time) = ([0; STATUSES.len() + 1], Spread::default());
                for figures in figures.iter().filter_map(|figures| figures.0[place].get()) {
                    counts.iter_mut().zip(figures.statuses.get()).for_each(|(sum, count)| *sum += count);
                    time.join(figures.time.read());
                }
                if time.count > 0 {
                    let names = STATUSES.iter().map(ToString::to_string).chain(iter::once("other".to_owned()));
                    let statuses = names.zip(counts).filter(|(_, count)| *count > 0).collect();
                    rows.push(Answered { route: route.clone(), method, statuses, time });
                }
            }
        }
        rows
    }

    fn lock(&self) -> MutexGuard<'_, Workers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_workers_counted_is_added_up() {
        let figures = RequestFigures::default();
        let (one, other) = (figures.route("/a"), figures.route("/a"));
        one.answered(&Method::GET, StatusCode::OK, Duration::from_millis(1));
        other.answered(&Method::GET, StatusCode::OK, Duration::from_millis(2));
        other.answered(&Method::GET, StatusCode::IM_A_TEAPOT, Duration::from_millis(2));
        let rows = figures.read();
        let [Answered { route, method, statuses, time }] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((route.as_str(), *method, time.count), ("/a", "GET", 3));
        assert_eq!(statuses, &[("200".to_owned(), 2), ("other".to_owned(), 1)]);
    }

    #[test]
    fn methods_and_statuses_that_nobody_knows_make_no_new_rows() {
        let figures = RequestFigures::default();
        let route = figures.route("/a");
        for number in 0..1_000_u16 {
            let method = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
            let status = StatusCode::from_u16(600 + number % 400).unwrap();
            route.answered(&method, status, Duration::ZERO);
        }
        let rows = figures.read();
        let [Answered { method, statuses, .. }] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((*method, statuses.as_slice()), ("other", &[("other".to_owned(), 1_000)][..]));
    }
}
