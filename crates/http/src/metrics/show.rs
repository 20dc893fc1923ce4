//! The page: every family of the catalogue, read from where it is counted.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
};
use rondo_domain::measure::SWEPT;
use rondo_graphql::GraphQl;
use tokio::time::timeout;

use super::{
    catalogue as all,
    page::{MEDIA_TYPE, Page, Unit},
    process::Process,
    requests::{Answered, RequestFigures},
};
use crate::{
    gateway::Gateway,
    hub::{Hub, HubCounts},
    rest::PATIENCE,
    state::Services,
};

/// Where everything is that is counted.
pub(crate) struct Metrics {
    pub(crate) services: Services,
    pub(crate) hub: Hub,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) graphql: Arc<GraphQl>,
    pub(crate) requests: Arc<RequestFigures>,
    pub(crate) version: &'static str,
}

/// The page as an answer.
pub(crate) async fn serve(metrics: &Metrics) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, MEDIA_TYPE)).insert_header((CACHE_CONTROL, "no-store"));
    answer.body(metrics.text().await)
}

impl Metrics {
    /// The page as it is now.
    async fn text(&self) -> String {
        let alive = matches!(timeout(PATIENCE, self.services.store.ping()).await, Ok(Ok(())));
        let mut page = Page::default();
        self.node(&mut page, alive);
        process(&mut page);
        self.http(&mut page);
        self.sockets(&mut page);
        self.events(&mut page);
        self.database(&mut page);
        self.answers(&mut page);
        self.operations(&mut page);
        page.into_text()
    }

    fn node(&self, page: &mut Page, alive: bool) {
        let commit = option_env!("RONDO_COMMIT").unwrap_or_default();
        page.family(&all::BUILD).value(&[self.version, commit], 1);
        let vitals = &self.services.vitals;
        page.family(&all::DEPENDENCY)
            .value(&["database"], u8::from(alive))
            .value(&["cache"], u8::from(vitals.cache_is_up()))
            .value(&["bus"], u8::from(vitals.bus_is_up()));
        page.family(&all::LOST_LINES).value(&[], (self.services.figures.lost_lines)());
        let retention = &self.services.figures.retention;
        let mut chore = page.family(&all::CHORE);
        if retention.last_success.get() > 0 {
            chore.value(&["retention"], retention.last_success.get());
        }
        page.family(&all::CHORE_FAILURES).value(&["retention"], retention.failures.get());
        let mut rows = page.family(&all::RETENTION_ROWS);
        for (what, count) in SWEPT.iter().zip(&retention.rows) {
            rows.value(&[what], count.get());
        }
    }

    fn http(&self, page: &mut Page) {
        let rows = self.requests.read();
        let mut counts = page.family(&all::REQUESTS);
        for Answered { route, method, statuses, .. } in &rows {
            for (status, count) in statuses {
                counts.value(&[method, route, status], count);
            }
        }
        let mut times = page.family(&all::REQUEST_TIME);
        for Answered { route, method, time, .. } in &rows {
            times.spread(&[method, route], time, Unit::Nanoseconds);
        }
        page.family(&all::IN_FLIGHT).value(&[], self.requests.in_flight());
        let mut limited = page.family(&all::RATE_LIMITED);
        for (rule, count) in self.services.figures.refusals.read() {
            limited.value(&[rule.name()], count);
        }
    }

    fn sockets(&self, page: &mut Page) {
        let (figures, survey) = (self.gateway.figures(), self.gateway.survey());
        page.family(&all::CONNECTIONS).value(&["polling"], survey.polling).value(&["websocket"], survey.websocket);
        let mut admissions = page.family(&all::ADMISSIONS);
        for (code, count) in figures.admissions.read() {
            admissions.value(&[code], count);
        }
        let mut ends = page.family(&all::DISCONNECTS);
        for (reason, count) in figures.ends() {
            ends.value(&[reason], count);
        }
        let mut events = page.family(&all::EVENTS);
        for (event, outcomes, _) in figures.events() {
            for (code, count) in outcomes.read() {
                events.value(&[event, code], count);
            }
        }
        let mut times = page.family(&all::EVENT_TIME);
        for (event, _, time) in figures.events() {
            times.spread(&[event], &time, Unit::Nanoseconds);
        }
        page.family(&all::EVENTS_REFUSED)
            .value(&["rate"], figures.too_fast.get())
            .value(&["queue"], figures.too_many.get())
            .value(&["flood"], figures.floods.get());
        page.family(&all::OUTGOING).value(&[], survey.outgoing);
        page.family(&all::SLOW).value(&[], figures.slow.get());
    }

    fn events(&self, page: &mut Page) {
        let HubCounts { delivered, passed, personal, refused, repaired, lagged, dropped, swept, .. } =
            self.hub.counts();
        let HubCounts { lag, login_silence, membership_silence, .. } = self.hub.counts();
        page.family(&all::DELIVERIES)
            .value(&["lasting"], delivered)
            .value(&["passing"], passed)
            .value(&["personal"], personal);
        page.family(&all::DELIVERIES_REFUSED).value(&[], refused);
        page.family(&all::LAG).spread(&[], &lag, Unit::Nanoseconds);
        let mut silence = page.family(&all::SILENCE);
        silence.spread(&["login"], &login_silence, Unit::Nanoseconds);
        silence.spread(&["membership"], &membership_silence, Unit::Nanoseconds);
        page.family(&all::LAGGED).value(&[], lagged);
        page.family(&all::REPAIRED).value(&[], repaired);
        page.family(&all::FOUND).value(&[], swept);
        let outbox = self.services.figures.bus.dropped.get();
        page.family(&all::DROPPED).value(&["hub"], dropped).value(&["outbox"], outbox);
        page.family(&all::INBOX).value(&[], self.hub.waiting());
    }

    fn database(&self, page: &mut Page) {
        let writer = &self.services.figures.writer;
        page.family(&all::BATCH).spread(&[], &writer.batch.read(), Unit::One);
        page.family(&all::COMMIT).spread(&[], &writer.commit.read(), Unit::Nanoseconds);
        page.family(&all::WRITER_RECALLED).value(&[], writer.recalled.get());
        page.family(&all::WRITER_WAITING).value(&[], writer.waiting.get());
        page.family(&all::WRITER_REFUSED).value(&[], writer.refused.get());
        let pools = self.services.figures.pools.read();
        let mut connections = page.family(&all::POOL);
        for pool in &pools {
            connections.value(&[pool.pool, "in_use"], pool.in_use).value(&[pool.pool, "idle"], pool.idle);
        }
        let mut waiting = page.family(&all::POOL_WAITING);
        for pool in &pools {
            if let Some(count) = pool.waiting {
                waiting.value(&[pool.pool], count);
            }
        }
    }

    fn answers(&self, page: &mut Page) {
        let mut answers = page.family(&all::ANSWERS);
        for (what, outcome, count) in self.services.answers.by_kind() {
            answers.value(&[what, outcome], count);
        }
        page.family(&all::SHARED_ANSWERS).value(&[], self.services.answers.figures().shared);
        let hashing = &self.services.figures.hashing;
        page.family(&all::HASHING_WAITING).value(&[], hashing.waiting.get());
        page.family(&all::HASHING_WORKING).value(&[], hashing.working.get());
        page.family(&all::HASHING_TIME).spread(&[], &hashing.work.read(), Unit::Nanoseconds);
        page.family(&all::HASHING_REFUSED).value(&[], hashing.refused.get());
    }

    fn operations(&self, page: &mut Page) {
        let mut operations = page.family(&all::OPERATIONS);
        for (ty, outcomes, _) in self.graphql.figures().read() {
            for (code, count) in outcomes.read() {
                operations.value(&[ty, code], count);
            }
        }
        let mut times = page.family(&all::OPERATION_TIME);
        for (ty, _, time) in self.graphql.figures().read().filter(|(.., time)| time.count > 0) {
            times.spread(&[ty], &time, Unit::Nanoseconds);
        }
    }
}

fn process(page: &mut Page) {
    let process = Process::read();
    let mut show = |family, value: Option<String>| {
        let mut samples = page.family(family);
        if let Some(value) = value {
            samples.value(&[], value);
        }
    };
    show(&all::CPU, process.map(|process| process.cpu_seconds.to_string()));
    show(&all::RESIDENT, process.map(|process| process.resident_bytes.to_string()));
    show(&all::VIRTUAL, process.map(|process| process.virtual_bytes.to_string()));
    show(&all::OPEN_FDS, process.map(|process| process.open_fds.to_string()));
    show(&all::MAX_FDS, process.and_then(|process| process.max_fds).map(|count| count.to_string()));
    show(&all::THREADS, process.map(|process| process.threads.to_string()));
    show(&all::STARTED, process.and_then(|process| process.start_seconds).map(|seconds| seconds.to_string()));
}
