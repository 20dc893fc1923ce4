//! The methods that are told apart: those of RFC 9110, and PATCH. Any word may be one, and none that a client makes up
//! becomes the name of anything.

use actix_web::http::Method;

/// Every method that has a name of its own in metrics, traces and the log.
pub(crate) const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];

/// What traces and the log call all others, in OpenTelemetry's words.
const OTHER: &str = "_OTHER";

/// Where a method stands among [`METHODS`].
pub(crate) fn place_of(method: &Method) -> Option<usize> {
    METHODS.iter().position(|known| *known == method.as_str())
}

/// What traces and the log call a method.
pub(crate) fn name_of(method: &Method) -> &'static str {
    place_of(method).map_or(OTHER, |place| METHODS[place])
}

/// What the name of a request's span begins with.
pub(crate) fn verb_of(method: &Method) -> &'static str {
    place_of(method).map_or("HTTP", |place| METHODS[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_nobody_knows_is_not_told() {
        let names = |word: &str| {
            let method = Method::from_bytes(word.as_bytes()).unwrap();
            (name_of(&method), verb_of(&method))
        };
        assert_eq!(names("PATCH"), ("PATCH", "PATCH"));
        for word in ["MARIA.SECRET", "get", "GETS", "_OTHER"] {
            assert_eq!(names(word), ("_OTHER", "HTTP"), "{word}");
        }
    }
}
