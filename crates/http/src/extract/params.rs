//! What the query string asks. Unknown parameters are ignored; of the known ones every fault is told at once.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use rondo_domain::{
    Invalid,
    invalid::{Check, Reason},
    page::Limit,
};

use crate::problem::Failure;

/// The query string's parameters.
pub(crate) struct Params<T>(pub(crate) T);

/// A fault that the reader took down.
#[derive(Debug)]
pub(crate) struct Noted;

/// What can be read from a query string.
pub(crate) trait Parameters: Sized {
    /// Reads it, every parameter before the first is unwrapped, so that all faults are noted.
    ///
    /// # Errors
    /// When a fault was noted.
    fn read(reader: &mut Reader) -> Result<Self, Noted>;
}

impl<A: Parameters, B: Parameters> Parameters for (A, B) {
    fn read(reader: &mut Reader) -> Result<Self, Noted> {
        let (first, second) = (A::read(reader), B::read(reader));
        Ok((first?, second?))
    }
}

impl<T: Parameters> FromRequest for Params<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self).map_err(Failure::from))
    }
}

fn parse<T: Parameters>(query: &str) -> Result<T, Invalid> {
    let mut reader = Reader::new(query);
    T::read(&mut reader).map_err(|Noted| reader.check.failed())
}

/// Reads parameters by name and gathers what is wrong with them.
pub(crate) struct Reader {
    pairs: Vec<(String, String)>,
    check: Check,
}

impl Reader {
    fn new(query: &str) -> Self {
        let pairs = web::Query::from_query(query).map(web::Query::into_inner).unwrap_or_default();
        Self { pairs, check: Check::default() }
    }

    /// Whether the parameter was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(given, _)| given == name)
    }

    /// Notes a fault.
    pub(crate) fn refuse(&mut self, name: &str, reason: Reason) -> Noted {
        self.check.field::<()>(name, Err(reason));
        Noted
    }

    /// The parameter's value, which may be absent.
    pub(crate) fn value<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Reason>,
    ) -> Result<Option<T>, Noted> {
        let mut given = self.pairs.iter().filter(|(given, _)| given == name).map(|(_, value)| value);
        let (first, second) = (given.next(), given.next());
        let value = match (first, second) {
            (None, _) => return Ok(None),
            (Some(value), None) => parse(value),
            (Some(_), Some(_)) => Err(Reason::new("duplicate", "stands here twice")),
        };
        value.map(Some).map_err(|reason| self.refuse(name, reason))
    }

    /// How many items are wished for.
    pub(crate) fn limit(&mut self, default: Limit, parse: fn(i64) -> Result<Limit, Reason>) -> Result<Limit, Noted> {
        self.value("limit", |text| whole(text).and_then(parse)).map(|limit| limit.unwrap_or(default))
    }

    /// Where the page starts, by the `nextCursor` of the one before.
    pub(crate) fn cursor<T>(&mut self, decode: fn(&str) -> Result<T, Invalid>) -> Result<Option<T>, Noted> {
        self.value("cursor", |text| decode(text).map_err(reason))
    }

    /// A place in a count that begins with 1; 0 stands before the first.
    pub(crate) fn place(&mut self, name: &str) -> Result<Option<i64>, Noted> {
        self.value(name, |text| match whole(text)? {
            place if place >= 0 => Ok(place),
            _ => Err(Reason::new("out_of_range", "must not be negative")),
        })
    }

    /// Whether something is wished for; it is not when nothing is said.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, Noted> {
        let flag =
            self.value(name, |text| text.parse().map_err(|_| Reason::new("invalid_value", "must be true or false")))?;
        Ok(flag.unwrap_or(false))
    }

    /// A text to look for; blank is none.
    pub(crate) fn text(&mut self, name: &str, max: usize) -> Result<Option<String>, Noted> {
        let text = self.value(name, |text| {
            if text.contains('\0') {
                Err(Reason::new("nul_character", "must not contain a NUL character"))
            } else if text.trim().chars().count() > max {
                Err(Reason::new("too_long", format!("must have at most {max} characters")))
            } else {
                Ok(text.trim().to_owned())
            }
        })?;
        Ok(text.filter(|text| !text.is_empty()))
    }
}

fn whole(text: &str) -> Result<i64, Reason> {
    text.parse().map_err(|_| Reason::new("wrong_type", "must be a whole number"))
}

fn reason(invalid: Invalid) -> Reason {
    let first = invalid.violations.into_iter().next();
    first.map_or_else(|| Reason::new("invalid_format", "is not valid"), |violation| violation.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Asked {
        limit: Limit,
        after: Option<i64>,
        query: Option<String>,
    }

    impl Parameters for Asked {
        fn read(reader: &mut Reader) -> Result<Self, Noted> {
            let limit = reader.limit(Limit::default(), Limit::parse);
            let after = reader.place("after");
            let query = reader.text("query", 10);
            Ok(Self { limit: limit?, after: after?, query: query? })
        }
    }

    fn refused(query: &str) -> Vec<(String, &'static str)> {
        let violations = parse::<Asked>(query).unwrap_err().violations;
        violations.into_iter().map(|violation| (violation.field, violation.reason.code)).collect()
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let nothing = Asked { limit: Limit::default(), after: None, query: None };
        for query in ["", "&", "nope=1&x", "query=", "query=%20", "Limit=0"] {
            assert_eq!(parse::<Asked>(query).unwrap(), nothing, "{query}");
        }
        let said = parse::<Asked>("limit=7&after=0&query=+f%C3%BAtbol%21").unwrap();
        assert_eq!((said.limit.get(), said.after, said.query.as_deref()), (7, Some(0), Some("fútbol!")));
    }

    #[test]
    fn each_bad_parameter_is_named() {
        let named = |query: &str, field: &str, code| assert_eq!(refused(query), [(field.to_owned(), code)], "{query}");
        for limit in ["0", "101", "-1", "9223372036854775807"] {
            named(&format!("limit={limit}"), "limit", "out_of_range");
        }
        for limit in ["", "x", "1.0", "9223372036854775808", "1%002"] {
            named(&format!("limit={limit}"), "limit", "wrong_type");
        }
        named("after=-1", "after", "out_of_range");
        named("after=soon", "after", "wrong_type");
        named("limit=1&limit=2", "limit", "duplicate");
        named("query=a%00b", "query", "nul_character");
        named("query=12345678901", "query", "too_long");
    }

    #[test]
    fn all_bad_parameters_are_named_at_once() {
        let fields: Vec<_> = refused("limit=0&after=x&query=%00").into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["limit", "after", "query"]);
    }
}
