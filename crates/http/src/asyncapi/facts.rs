//! What is to be known beside the events: the guide, and the tables in it.

use std::fmt::Write as _;

use rondo_domain::{message::Content, page::Limit};
use rondo_wire::{ErrorCode, Fault, socket::Ack};

use super::{json::Json, sent};
use crate::gateway::MAX_PAYLOAD;

/// Why a connection is refused, and what to do about it.
pub(super) const REFUSALS: [(ErrorCode, &str); 4] = [
    (ErrorCode::Unauthenticated, "No token, or one that proves nothing. Sign in again."),
    (ErrorCode::TokenExpired, "The token has run out. Refresh it and connect again."),
    (ErrorCode::Unavailable, "The node is stopping, or has as many connections as it takes. Try again shortly."),
    (ErrorCode::Internal, "Something went wrong on our side."),
];

/// Why connections end, as the official clients name it, and whether these come back by themselves.
pub(super) const ENDS: [(&str, &str, bool); 5] = [
    (
        "io server disconnect",
        "The token ran out, its login was ended (signed out, password changed, a spent refresh token used again), or a \
         flood of events went on. Get a token where it is for that, then `socket.connect()`.",
        false,
    ),
    ("io client disconnect", "The client itself left.", false),
    ("transport close", "The node is stopping, a frame was larger than allowed, or the client read too slowly.", true),
    ("transport error", "The network failed, or a poll was refused: its body was larger than allowed.", true),
    ("ping timeout", "Nothing came for 45 s: the server pings every 25 s and waits 20 s for the pong.", true),
];

/// What is bounded, and what happens at the bound.
pub(super) fn limits() -> [(&'static str, String, &'static str); 11] {
    [
        ("Frame, or body of a poll", format!("{} KiB", MAX_PAYLOAD / 1024), "The connection ends."),
        (
            "Events that a connection sends",
            "200 at once, then 25 a second (`SOCKET_EVENTS_BURST`, `SOCKET_EVENTS_PER_SECOND`)".to_owned(),
            "Refused with `rate_limited` and `retryAfterMs`; a flood that goes on ends the connection. What changes \
             something counts per person too, together with REST.",
        ),
        (
            "Events of a connection that wait to be handled",
            "1,024, or 1 MiB".to_owned(),
            "Refused with `rate_limited` and `retryAfterMs`.",
        ),
        (
            "Packets that wait for a connection that reads slowly",
            "1,024, or 1 MiB; 256 KiB before passing ones".to_owned(),
            "Passing events are dropped; lasting ones are told of by `session:lagged`; further events of the client wait \
             for 20 s at most; with no room for an acknowledgement, or for what is for the person alone, the connection \
             ends.",
        ),
        ("Sessions that a connection has joined", "1,000".to_owned(), "`session:join` is refused with `conflict`."),
        (
            "Events that `session:join` gives back",
            Limit::EVENTS_MAX.get().to_string(),
            "`more` is `true`: page the rest with `GET /api/sessions/{id}/events?after=`.",
        ),
        (
            "People that `session:join` names",
            Limit::PRESENCE.get().to_string(),
            "`presenceCount` counts all; page them with `GET /api/sessions/{id}/presence`.",
        ),
        ("Content of a message", "1–4,000 characters after trimming".to_owned(), "Refused with `validation_failed`."),
        ("`clientMessageId`", "1–64 characters".to_owned(), "Refused with `validation_failed`."),
        ("A start of typing without renewal", "5 s".to_owned(), "It stops by itself."),
        ("Connections of a node", "65,536".to_owned(), "Refused with `unavailable`."),
    ]
}

/// The guide, in Markdown; its sections are of the second level. `catalogue` is where the error codes are explained.
pub(super) fn guide(catalogue: &str) -> String {
    let mut refusals = table(&["`connect_error`", "why"]);
    for (code, why) in REFUSALS {
        let _infallible = writeln!(refusals, "| `{}` | {why} |", code.as_str());
    }
    let mut bounds = table(&["what", "at most", "beyond"]);
    for (what, most, beyond) in limits() {
        let _infallible = writeln!(bounds, "| {what} | {most} | {beyond} |");
    }
    let mut ends = table(&["`disconnect`", "why", "comes back by itself"]);
    for (reason, why, back) in ENDS {
        let _infallible = writeln!(ends, "| `{reason}` | {why} | {} |", if back { "yes" } else { "no" });
    }
    include_str!("guide.md")
        .replace("<!-- refusals -->", refusals.trim_end())
        .replace("<!-- catalogue -->", catalogue)
        .replace("<!-- refusal -->", &Json::of(&Ack::<()>::refused(refused_content())).pretty())
        .replace("<!-- any -->", &codes(&sent::ANY))
        .replace("<!-- limits -->", bounds.trim_end())
        .replace("<!-- ends -->", ends.trim_end())
}

/// Why a message that says nothing is refused.
fn refused_content() -> Fault {
    let refused = Content::parse(" ").err().map(|reason| Fault::field("content", reason.code, reason.message));
    refused.unwrap_or_else(|| Fault::field("content", "required", ""))
}

/// The head of a table.
pub(super) fn table(columns: &[&str]) -> String {
    format!("| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len()))
}

/// Codes in a sentence.
pub(super) fn codes(codes: &[ErrorCode]) -> String {
    let names: Vec<_> = codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing else".to_owned(),
    }
}
