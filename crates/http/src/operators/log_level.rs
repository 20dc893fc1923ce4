//! `/log-level`: what is logged, seen and changed while the server runs.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::CONTENT_TYPE},
    web::{self, Payload},
};
use rondo_wire::{ErrorCode, Fault};

use super::Guard;
use crate::{problem::Failure, resource::resource};

/// Where it stands.
const PATH: &str = "/log-level";
/// How long a directive may be, in bytes.
const LONGEST: usize = 4 * 1_024;
/// For how long it may be set, in seconds: a day.
const MOST_SECONDS: u64 = 86_400;

/// The log of the process, as far as it can be changed while it runs.
pub trait LogLevel: Send + Sync {
    /// What is logged now, as `RUST_LOG` has it.
    fn current(&self) -> String;

    /// Logs this from now on; with a time, what was logged before is logged again after it.
    ///
    /// # Errors
    /// What is wrong with the directive, for people; nothing has changed then.
    fn set(&self, directive: &str, lasting: Option<Duration>) -> Result<(), String>;
}

/// Mounts it.
pub(super) fn mount(config: &mut web::ServiceConfig, log: &Arc<dyn LogLevel>, guard: &Guard) {
    let (shown, show_guard) = (Arc::clone(log), guard.clone());
    let show = web::to(move |request: HttpRequest| {
        let answer = show_guard.admit(&request).map(|()| told(&*shown));
        async move { answer }
    });
    let (changed, guard) = (Arc::clone(log), guard.clone());
    let change = web::to(move |request: HttpRequest, payload: Payload| {
        let (log, guard) = (Arc::clone(&changed), guard.clone());
        async move {
            guard.admit(&request)?;
            let lasting = lasting(request.query_string())?;
            let directive = read(payload).await?;
            log.set(directive.trim(), lasting).map_err(|why| Fault::field("body", "invalid_format", &why))?;
            Ok::<HttpResponse, Failure>(told(&*log))
        }
    });
    config.service(resource(PATH, [(Method::GET, show), (Method::PUT, change)]));
}

fn told(log: &dyn LogLevel) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body(log.current() + "\n")
}

async fn read(payload: Payload) -> Result<String, Fault> {
    let too_large = || Fault::new(ErrorCode::PayloadTooLarge, format!("A directive has at most {LONGEST} bytes."));
    let body = payload.to_bytes_limited(LONGEST).await.map_err(|_| too_large())?;
    let body = body.map_err(|_| Fault::new(ErrorCode::BadRequest, "The body cannot be read."))?;
    String::from_utf8(body.to_vec()).map_err(|_| Fault::field("body", "invalid_format", "must be UTF-8"))
}

/// The one parameter there is.
fn lasting(query: &str) -> Result<Option<Duration>, Fault> {
    let mut found = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let ("for", value) = pair.split_once('=').unwrap_or((pair, "")) else {
            return Err(Fault::field(pair.split('=').next().unwrap_or_default(), "unknown", "is not known here"));
        };
        let seconds = value.parse().ok().filter(|seconds| (1..=MOST_SECONDS).contains(seconds));
        let message = "must be a number of seconds from 1 to 86400";
        found = Some(Duration::from_secs(seconds.ok_or_else(|| Fault::field("for", "out_of_range", message))?));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_of_seconds_up_to_a_day() {
        assert_eq!(lasting("").unwrap(), None);
        assert_eq!(lasting("for=60").unwrap(), Some(Duration::from_mins(1)));
        for wrong in ["for=0", "for=86401", "for=-1", "for=1m", "for", "until=5"] {
            assert_eq!(lasting(wrong).unwrap_err().code, ErrorCode::ValidationFailed, "{wrong}");
        }
    }
}
