//! A property per parser. Each takes any bytes and panics if its promise is broken; that nothing panics otherwise, hangs
//! or takes memory without bound is promised by all.

mod graphql;
mod http;
mod json;
mod opaque;
mod settings;
mod trace;

pub use graphql::graphql;
pub use http::{frames, headers};
pub use json::{bodies, socket};
pub use opaque::{cursor, frame, mentions, token};
pub use settings::settings;
pub use trace::trace;

/// The property of a target, by the target's name.
pub type Property = fn(&[u8]);

/// Every target.
pub const ALL: &[(&str, Property)] = &[
    ("bodies", bodies),
    ("cursor", cursor),
    ("frame", frame),
    ("frames", frames),
    ("graphql", graphql),
    ("headers", headers),
    ("mentions", mentions),
    ("settings", settings),
    ("socket", socket),
    ("token", token),
    ("trace", trace),
];

/// Bytes as text, as far as they are one.
fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// The first byte, to choose by, and the rest.
fn choice(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest))
}
