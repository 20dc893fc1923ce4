//! Documents: looked over, parsed, and kept for those who send them again, be it by their text or by its hash.

pub(crate) mod absent;
pub(crate) mod alone;
mod escapes;
pub mod limits;
mod scan;
mod weigh;

use std::sync::Arc;

use async_graphql::{
    Positioned, ServerError, Value, Variables,
    parser::{
        parse_query,
        types::{BaseType, DocumentOperations, ExecutableDocument, OperationDefinition},
    },
};
use aws_lc_rs::digest::{Digest, SHA256, digest};
use moka::future::Cache;
use rondo_domain::invalid::{Check, Reason};
use rondo_wire::{ErrorCode, Fault};

use self::{escapes::legible, scan::TooLarge};
pub(crate) use self::{
    scan::scan,
    weigh::{Weight, too_complex, weigh},
};
use crate::fault::error_of;

/// How many bytes of text the kept documents may have together. A parsed one takes some ten times its text.
const KEPT: u64 = 1 << 20;

/// A document with the length of its text.
type Kept = (Arc<ExecutableDocument>, u32);

/// SHA-256 of a document's text.
pub(crate) type Hash = [u8; 32];

/// The documents that were parsed.
pub(crate) struct Documents {
    kept: Cache<Hash, Kept>,
}

impl Default for Documents {
    fn default() -> Self {
        Self { kept: Cache::builder().max_capacity(KEPT).weigher(|_, (_, length): &Kept| *length).build() }
    }
}

impl Documents {
    /// The document of a text.
    ///
    /// # Errors
    /// When it is too large or no GraphQL.
    pub(crate) async fn of(&self, text: &str, hash: Hash) -> Result<Arc<ExecutableDocument>, ServerError> {
        if let Some(document) = self.find(&hash).await {
            return Ok(document);
        }
        scan(text).map_err(|too_large| {
            error_of(too_complex(match too_large {
                TooLarge::Tokens => "The document is too large: it has too many tokens.",
                TooLarge::Nesting => "The document is nested too deep.",
            }))
        })?;
        let document = parse_query(&*legible(text)).map(Arc::new).map_err(|error| {
            let told = ServerError::from(error);
            let fault = Fault::new(ErrorCode::BadRequest, format!("The document is not GraphQL: {}", told.message));
            ServerError { locations: told.locations, ..error_of(fault) }
        })?;
        self.kept.insert(hash, (Arc::clone(&document), u32::try_from(text.len()).unwrap_or(u32::MAX))).await;
        Ok(document)
    }

    /// The document of which only the hash was sent, if it is kept.
    pub(crate) async fn find(&self, hash: &Hash) -> Option<Arc<ExecutableDocument>> {
        self.kept.get(hash).await.map(|(document, _)| document)
    }
}

/// The hash of a text.
pub(crate) fn hash_of(text: &str) -> Hash {
    as_hash(&digest(&SHA256, text.as_bytes()))
}

/// A SHA-256 as bytes.
pub(crate) fn as_hash(digest: &Digest) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest.as_ref()); // SHA-256 has 32 bytes, as `Hash` has
    hash
}

/// Reads a hash as clients write it.
pub(crate) fn parse_hash(hex: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    let digits = hex.as_bytes();
    // A sign would pass for a digit.
    if digits.len() != 2 * hash.len() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

/// The operation that a request means.
///
/// # Errors
/// `validation_failed` when there is none of that name, or several and none is named.
pub(crate) fn operation<'d>(
    document: &'d ExecutableDocument,
    name: Option<&str>,
) -> Result<&'d OperationDefinition, Fault> {
    let unknown = |name| Fault::new(ErrorCode::ValidationFailed, format!("There is no operation `{name}`."));
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(&operation.node),
        (DocumentOperations::Single(_), Some(name)) => Err(unknown(name)),
        (DocumentOperations::Multiple(operations), Some(name)) => {
            operations.get(name).map(|operation| &operation.node).ok_or_else(|| unknown(name))
        }
        (DocumentOperations::Multiple(operations), None) => {
            let mut operations = operations.values();
            match (operations.next(), operations.next()) {
                (Some(operation), None) => Ok(&operation.node),
                _ => Err(Fault::new(ErrorCode::ValidationFailed, "`operationName` must say which operation is meant.")),
            }
        }
    }
}

/// Whether every variable that must have a value has one, and every input is an object: the executor finds these out only
/// when other fields have run.
///
/// # Errors
/// `validation_failed`, naming those that do not.
pub(crate) fn fit(operation: &OperationDefinition, variables: &Variables) -> Result<(), Fault> {
    let mut check = Check::default();
    for Positioned { node: variable, .. } in &operation.variable_definitions {
        let kind = &variable.var_type.node;
        let given = variables.get(&variable.name.node).filter(|value| **value != Value::Null);
        let is_input = matches!(&kind.base, BaseType::Named(name) if name.ends_with("Input"));
        let reason = match given {
            None if !kind.nullable && variable.default_value.is_none() => Reason::new("required", "must have a value"),
            Some(value) if is_input && !matches!(value, Value::Object(_)) => {
                Reason::new("wrong_type", "must be an object")
            }
            _ => continue,
        };
        check.field::<()>(&variable.name.node, Err(reason));
    }
    Ok(check.passed()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back() {
        let hash = hash_of("{ __typename }");
        let hex = hash.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(hex, "7f56e67dd21ab3f30d1ff8b7bed08893f0a0db86449836189b361dd1e56ddb4b");
        assert_eq!(parse_hash(&hex), Some(hash));
        for odd in ["", "7f", &"g".repeat(64), &"ñ".repeat(32), &"+f".repeat(32)] {
            assert_eq!(parse_hash(odd), None, "{odd}");
        }
    }
}
