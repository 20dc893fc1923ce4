//! Answers on their way out: their media type and their status, as the GraphQL-over-HTTP specification has them.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, RETRY_AFTER, VARY},
    },
};
use bytes::Bytes;
use rondo_graphql::Reply;
use rondo_wire::{ErrorCode, Fault};

/// What the client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`: also what could not be run is told with 200.
    Json,
    /// `application/graphql-response+json`: the status tells.
    GraphQl,
}

impl Media {
    /// The one that `Accept` weighs highest; JSON where it says nothing.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
        let ranges = accept.flat_map(|value| value.split(','));
        let (mut graphql, mut json) = (0.0_f32, 0.0_f32);
        for range in ranges {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            match &*media {
                "application/graphql-response+json" => graphql = quality,
                "application/json" | "application/*" | "*/*" => json = json.max(quality),
                _ => {}
            }
        }
        if graphql > 0.0 && graphql >= json { Self::GraphQl } else { Self::Json }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphQl => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// What the schema answered.
pub(super) fn of(reply: Reply, media: Media) -> HttpResponse {
    let status = match (reply.refused, media) {
        (Some(ErrorCode::MethodNotAllowed), _) => StatusCode::METHOD_NOT_ALLOWED,
        (Some(_), Media::GraphQl) => StatusCode::BAD_REQUEST,
        (Some(_), Media::Json) | (None, _) => StatusCode::OK,
    };
    let mut response = written(status, media);
    if let Some(wait) = reply.retry_after {
        response.insert_header((RETRY_AFTER, wait.as_secs() + u64::from(wait.subsec_nanos() > 0)));
    }
    response.body(reply.body)
}

/// An answer that lacks nothing.
pub(super) fn whole(body: Bytes, media: Media) -> HttpResponse {
    written(StatusCode::OK, media).body(body)
}

/// What is no request at all.
pub(super) fn refused(fault: Fault, media: Media, request_id: &str) -> HttpResponse {
    let status = match fault.code {
        ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    written(status, media).body(rondo_graphql::refusal(fault, request_id))
}

fn written(status: StatusCode, media: Media) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CONTENT_TYPE, media.name()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "accept"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.insert_header((ALLOW, "POST"));
    }
    response
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn the_better_of_both_types_is_taken() {
        let taken = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            Media::of(&headers)
        };
        for accept in [
            "application/graphql-response+json",
            "application/graphql-response+json, application/json;q=0.9",
            "application/json, application/graphql-response+json",
            "Application/GraphQL-Response+JSON; charset=utf-8, */*",
        ] {
            assert_eq!(taken(accept), Media::GraphQl, "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/json",
            "text/html",
            "application/graphql-response+json;q=0",
            "application/graphql-response+json;q=0.5, application/json",
        ] {
            assert_eq!(taken(accept), Media::Json, "{accept}");
        }
        assert_eq!(Media::of(&HeaderMap::new()), Media::Json);
    }
}
