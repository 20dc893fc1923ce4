//! The outermost middleware: it names each request, runs it where the database's connections live, writes refusals as
//! problems, stamps the answer, and logs one line. Everything that costs something is left out when nobody listens.

use std::{
    cell::OnceCell,
    future::{Ready, ready},
    mem,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{StatusCode, header::HeaderValue},
};
use pin_project_lite::pin_project;
use rondo_domain::{
    account::Actor,
    meter::{Metered, metered},
    trace::TraceId,
};
use rondo_wire::Fault;
use tokio::runtime::Handle;
use tracing::{Level, Span, field};

use crate::{
    etag, graphql, headers, methods,
    metrics::{Gate, RequestFigures, RouteFigures, UNMATCHED},
    operators, problem,
    request_id::{self, RequestId},
    trace,
};

/// The pattern of the route that a request was matched with; its resource carries it.
pub(crate) struct RoutePattern {
    text: String,
    /// Where this worker counts its requests.
    figures: OnceCell<Arc<RouteFigures>>,
}

impl RoutePattern {
    pub(crate) fn new(pattern: &str) -> Self {
        Self { text: pattern.to_owned(), figures: OnceCell::new() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// The middleware; `runtime` is where what a request leaves behind is done with.
#[derive(Clone)]
pub(crate) struct RequestLog {
    runtime: Handle,
    /// Where requests are counted, if they are.
    figures: Option<Arc<RequestFigures>>,
}

impl RequestLog {
    pub(crate) const fn new(runtime: Handle, figures: Option<Arc<RequestFigures>>) -> Self {
        Self { runtime, figures }
    }
}

impl<S, B> Transform<S, ServiceRequest> for RequestLog
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = Logged<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let figures = self.figures.as_ref().map(|all| WorkerFigures {
            gate: all.gate(),
            unmatched: all.route(UNMATCHED),
            all: Arc::clone(all),
        });
        ready(Ok(Logged { service, worker: Rc::new(Worker { runtime: self.runtime.clone(), figures }) }))
    }
}

/// What all requests of one worker share.
struct Worker {
    runtime: Handle,
    figures: Option<WorkerFigures>,
}

struct WorkerFigures {
    all: Arc<RequestFigures>,
    gate: Arc<Gate>,
    unmatched: Arc<RouteFigures>,
}

impl WorkerFigures {
    /// Where requests of this one's route are counted.
    fn of<'a>(&'a self, request: &'a HttpRequest) -> &'a RouteFigures {
        match request.app_data::<RoutePattern>() {
            Some(pattern) => pattern.figures.get_or_init(|| self.all.route(&pattern.text)),
            None => &self.unmatched,
        }
    }
}

/// A service whose requests are logged.
pub(crate) struct Logged<S> {
    service: S,
    worker: Rc<Worker>,
}

impl<S, B> Service<ServiceRequest> for Logged<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = Answer<S::Future>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let started = Instant::now();
        let request_id = request_id::of(request.headers());
        if request.path() == graphql::PATH {
            request.extensions_mut().insert(RequestId(request_id.clone()));
        }
        let span = request_span(&request, &request_id);
        let request_id = Some(request_id);
        if let Some(figures) = &self.worker.figures {
            figures.gate.begun.one();
        }
        let work = Some(span.in_scope(|| metered(self.service.call(request))));
        Answer { work, worker: Rc::clone(&self.worker), request_id, started, span }
    }
}

pin_project! {
    /// A request at work, on its worker's own reactor. It is given up in the context of the runtime, which outlives the
    /// worker: a database connection that it holds when the client goes away must find its way home too.
    pub(crate) struct Answer<F> {
        #[pin]
        work: Option<Metered<F>>,
        worker: Rc<Worker>,
        request_id: Option<HeaderValue>,
        started: Instant,
        span: Span,
    }

    impl<F> PinnedDrop for Answer<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(figures) = &this.worker.figures {
                figures.gate.ended.one();
            }
            if this.work.is_some() {
                let _context = this.worker.runtime.enter();
                this.work.set(None);
            }
        }
    }
}

impl<F, B> Future for Answer<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody + 'static,
{
    type Output = Result<ServiceResponse<BoxBody>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(work) = this.work.as_mut().as_pin_mut() else { return Poll::Pending };
        let (answer, queries) = {
            let _within = this.span.enter();
            let done = ready!(work.poll(cx));
            this.work.set(None);
            done
        };
        let span = mem::replace(this.span, Span::none()); // it ends with the answer, not with whoever holds this
        let request_id = this.request_id.take().unwrap_or_else(|| HeaderValue::from_static("-"));
        Poll::Ready(answer.map(|answer| finish(answer, request_id, this.worker, *this.started, queries, &span)))
    }
}

/// The span of a request, within the trace that its caller sent. Those who look after our health every second have none.
fn request_span(request: &ServiceRequest, request_id: &HeaderValue) -> Span {
    if request.path().starts_with("/health") {
        return Span::none();
    }
    let span = tracing::debug_span!(
        parent: None,
        "http.request",
        otel.name = field::Empty,
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = methods::name_of(request.method()),
        http.route = field::Empty,
        http.response.status_code = field::Empty,
        error.type = field::Empty,
        request.id = request_id::text(request_id),
    );
    let headers = request.headers();
    trace::follow(span, trace::sent(|name| headers.get_all(name).map(HeaderValue::as_bytes).collect()).as_ref())
}

fn finish<B: MessageBody + 'static>(
    answer: ServiceResponse<B>,
    request_id: HeaderValue,
    worker: &Worker,
    started: Instant,
    queries: u32,
    span: &Span,
) -> ServiceResponse<BoxBody> {
    let (request, response) = answer.into_parts();
    let fault = response.error().map(problem::fault);
    let mut response = match &fault {
        Some(fault) => problem::render(response, fault, request.headers(), request_id::text(&request_id)),
        None => etag::mark(&request, response.map_into_boxed_body()),
    };
    let took = started.elapsed();
    if let Some(figures) = &worker.figures {
        figures.of(&request).answered(request.method(), response.status(), took);
    }
    let (status, fault, trace) = (response.status(), fault.as_ref(), trace::id(span));
    let line = Line { request: &request, status, fault, took, queries, trace };
    line.trace(span);
    line.write(&request_id);
    headers::stamp(response.headers_mut(), request.path(), request_id);
    ServiceResponse::new(request, response)
}

/// What the log tells of a request: no token, address, body or query, ever.
struct Line<'a> {
    request: &'a HttpRequest,
    status: StatusCode,
    fault: Option<&'a Fault>,
    took: Duration,
    queries: u32,
    trace: Option<TraceId>,
}

impl Line<'_> {
    fn write(&self, request_id: &HeaderValue) {
        macro_rules! event {
            ($level:expr) => {
                tracing::event!(
                    name: "http.request",
                    $level,
                    http.method = methods::name_of(self.request.method()),
                    http.route = self.route(),
                    http.status = self.status.as_u16(),
                    error.code = self.fault.map(|fault| fault.code.as_str()),
                    error.cause = self.fault.and_then(|fault| fault.cause.as_deref()),
                    user.id = self.request.extensions().get::<Actor>().map(|actor| field::display(actor.user)),
                    duration_ms = self.duration_ms(),
                    queries = self.queries,
                    request.id = request_id::text(request_id),
                    trace.id = self.trace.map(field::display),
                    "request"
                )
            };
        }
        if self.status.is_server_error() {
            event!(Level::WARN);
        } else if self.request.path().starts_with("/health") || self.request.path() == operators::METRICS {
            event!(Level::DEBUG);
        } else {
            event!(Level::INFO);
        }
    }

    /// What the span of the request tells besides, once it is known.
    fn trace(&self, span: &Span) {
        if span.is_disabled() {
            return;
        }
        let verb = methods::verb_of(self.request.method());
        if let Some(route) = self.request.app_data().map(RoutePattern::text) {
            span.record("otel.name", format!("{verb} {route}")).record("http.route", route);
        } else {
            span.record("otel.name", verb);
        }
        span.record("http.response.status_code", self.status.as_u16());
        if let Some(fault) = self.fault {
            trace::note_error(span, fault.code);
        }
    }

    /// To the microsecond.
    fn duration_ms(&self) -> f64 {
        (self.took.as_secs_f64() * 1e6).round() / 1e3
    }

    fn route(&self) -> &str {
        self.request.app_data::<RoutePattern>().map_or(UNMATCHED, RoutePattern::text)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex, atomic::Ordering},
    };

    use actix_web::{http::Method, test::TestRequest};
    use serde_json::{Value, json};
    use tracing::{Level, subscriber::NoSubscriber};

    use crate::testing::{GOOD_TOKEN, post, request, settings, signed_in, stage};

    /// Takes what is logged.
    #[derive(Clone, Default)]
    struct Ink(Arc<Mutex<Vec<u8>>>);

    impl Write for Ink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[actix_web::test]
    async fn one_line_tells_of_each_request_and_none_tells_a_secret() {
        let ink = Ink::default();
        let paper = ink.clone();
        let subscriber =
            tracing_subscriber::fmt().with_max_level(Level::DEBUG).with_writer(move || paper.clone()).json();
        // With a single subscriber, an event that is first met in another test's thread would be taken for unheard.
        let _other = tracing::Dispatch::new(NoSubscriber::default());
        let _listening = tracing::subscriber::set_default(subscriber.finish());
        let stage = stage(&settings()).await;
        let named = |request: TestRequest, name| request.insert_header(("x-request-id", name));
        let login = post("/api/auth/login", &json!({"email": "ada@example.org", "password": "a secret word"}));
        stage.call(named(login, "r1")).await;
        stage.call(named(signed_in(&Method::GET, "/api/sessions?query=secret"), "r2")).await;
        stage.call(named(request(&Method::GET, "/health"), "r3")).await;
        let made_up = Method::from_bytes(b"MARIA.SECRET").unwrap();
        stage.call(named(signed_in(&made_up, "/api/sessions"), "r5")).await;
        stage.store.away.store(true, Ordering::Relaxed);
        stage.call(named(signed_in(&Method::GET, "/api/sessions/{id}?query=secret"), "r4")).await;

        let text = String::from_utf8(ink.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("MARIA"), "{text}");
        for secret in ["secret", "ada@example.org", GOOD_TOKEN] {
            assert!(
                !text.contains(&format!("{secret}\"")) && !text.contains(&format!("={secret}")),
                "{secret}: {text}"
            );
        }
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let lines: Vec<_> = lines.filter(|line| line["fields"]["message"] == "request").collect();
        let told: Vec<_> = lines
            .iter()
            .map(|line| {
                let fields = &line["fields"];
                assert!(fields["duration_ms"].is_f64() && fields["queries"].is_u64(), "{line}");
                assert_eq!(fields["user.id"].is_string(), fields["request.id"] == "r2" || fields["request.id"] == "r4");
                json!([
                    line["level"],
                    fields["request.id"],
                    fields["http.method"],
                    fields["http.route"],
                    fields["http.status"],
                    fields["error.code"],
                    fields["error.cause"]
                ])
            })
            .collect();
        let away = "the database is not available: away";
        assert_eq!(
            told,
            [
                json!(["INFO", "r1", "POST", "/api/auth/login", 401, "invalid_credentials", null]),
                json!(["INFO", "r2", "GET", "/api/sessions", 200, null, null]),
                json!(["DEBUG", "r3", "GET", "/health", 200, null, null]),
                json!(["INFO", "r5", "_OTHER", "/api/sessions", 405, "method_not_allowed", null]),
                json!(["WARN", "r4", "GET", "/api/sessions/{id}", 503, "unavailable", away]),
            ]
        );
    }
}
