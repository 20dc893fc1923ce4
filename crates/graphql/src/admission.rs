//! What may be run: a request is read, completed with what its variables leave out, and held against the limits.

use std::sync::Arc;

use async_graphql::{
    Pos, ServerError, Variables,
    parser::types::{ExecutableDocument, OperationType},
};
use rondo_wire::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::Map;

use crate::{
    document::{
        Hash, Weight, absent, alone, fit, hash_of,
        limits::{BATCH, COST},
        operation, parse_hash, too_complex, weigh,
    },
    engine::{Ask, GraphQl},
    fault::error_of,
    selection::Selection,
    shape::fill_gaps,
    visit::Visit,
};

/// What may be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Queries,
    Mutations,
    Subscriptions,
}

/// An operation that may be run.
pub(crate) struct Admitted {
    pub(crate) selection: Selection,
    weight: Weight,
}

impl Admitted {
    fn mutations(&self) -> usize {
        if self.selection.kind == OperationType::Mutation { self.weight.roots } else { 0 }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersistedQuery {
    version: i64,
    sha256_hash: String,
}

impl GraphQl {
    /// Holds a whole request against the limits, before any part of it is run.
    pub(crate) async fn admit_all(
        &self,
        visit: &Visit,
        asks: Vec<Ask>,
        reach: Reach,
    ) -> Result<Vec<Result<Admitted, ServerError>>, Box<ServerError>> {
        if asks.len() > BATCH {
            return Err(Box::new(error_of(too_complex(&format!("A batch holds 1 to {BATCH} operations.")))));
        }
        let (mut cost, mut mutations) = (0_usize, 0_usize);
        let mut admitted = Vec::with_capacity(asks.len());
        for ask in asks {
            let one = self.admit(ask, reach).await;
            if let Ok(one) = &one {
                cost = cost.saturating_add(one.weight.cost);
                mutations += one.mutations();
            }
            admitted.push(one);
        }
        if cost > COST {
            let detail = format!("The batch is too costly: its operations may come up to {COST} together.");
            return Err(Box::new(error_of(too_complex(&detail))));
        }
        if mutations > 1 && !matches!(visit.key(), Ok(None)) {
            let message = "names one mutation, and there are several";
            return Err(Box::new(error_of(Fault::field("Idempotency-Key", "ambiguous", message))));
        }
        Ok(admitted)
    }

    pub(crate) async fn admit(&self, ask: Ask, reach: Reach) -> Result<Admitted, ServerError> {
        let Ask { query, operation_name, variables, extensions } = ask;
        let operation_name = operation_name.filter(|name| !name.is_empty()); // some clients write what they leave out
        let (document, hash) = self.document(query.as_deref(), extensions.as_ref()).await?;
        let meant = operation(&document, operation_name.as_deref()).map_err(error_of)?;
        match meant.ty {
            OperationType::Mutation if reach == Reach::Queries => {
                let detail = "Mutations are sent by POST.";
                return Err(error_of(Fault::new(ErrorCode::MethodNotAllowed, detail)));
            }
            OperationType::Subscription if reach != Reach::Subscriptions => {
                let detail = "Subscriptions are spoken over a websocket, in the protocol graphql-transport-ws.";
                let position = meant.selection_set.pos;
                return Err(at(error_of(Fault::new(ErrorCode::ValidationFailed, detail)), position));
            }
            OperationType::Query | OperationType::Mutation | OperationType::Subscription => {}
        }
        let mut variables = Variables::from_json(serde_json::Value::Object(variables.unwrap_or_default()));
        fit(meant, &variables).map_err(error_of)?;
        let absent = absent::complete(meant, &mut variables);
        let document = if absent.is_empty() {
            document
        } else {
            Arc::new(absent::without(&document, operation_name.as_deref(), &absent))
        };
        let meant = operation(&document, operation_name.as_deref()).map_err(error_of)?;
        let weight = weigh(&document, meant, &variables).map_err(error_of)?;
        if weight.introspects && !self.introspection {
            let detail = "The schema does not tell of itself here: introspection is switched off (DOCS=off).";
            return Err(error_of(Fault::new(ErrorCode::ValidationFailed, detail)));
        }
        if meant.ty == OperationType::Subscription && weight.roots != 1 {
            let detail = "A subscription begins with exactly one field.";
            return Err(at(error_of(Fault::new(ErrorCode::ValidationFailed, detail)), meant.selection_set.pos));
        }
        let document = match alone::rooted(&document, operation_name.as_deref(), meant) {
            Some(rooted) => Arc::new(rooted),
            None => document,
        };
        let document = if weight.directives > 0 { gapless(&document, &variables) } else { document };
        let meant = operation(&document, operation_name.as_deref()).map_err(error_of)?;
        let selection = Selection::new(Arc::clone(&document), &hash, operation_name, variables, meant);
        Ok(Admitted { selection, weight })
    }

    /// The document that is meant, by its text or by its hash.
    async fn document(
        &self,
        query: Option<&str>,
        extensions: Option<&Map<String, serde_json::Value>>,
    ) -> Result<(Arc<ExecutableDocument>, Hash), ServerError> {
        let bad = |detail: &str| error_of(Fault::new(ErrorCode::BadRequest, detail));
        let persisted = extensions.and_then(|extensions| extensions.get("persistedQuery"));
        let persisted = match persisted {
            Some(persisted) => {
                let persisted = PersistedQuery::deserialize(persisted).ok().filter(|persisted| persisted.version == 1);
                let hash = persisted.and_then(|persisted| parse_hash(&persisted.sha256_hash));
                Some(hash.ok_or_else(|| bad("`persistedQuery` must have version 1 and a SHA-256 in hexadecimal."))?)
            }
            None => None,
        };
        match (query.filter(|query| !query.is_empty()), persisted) {
            (None, None) => Err(bad("There is no `query`.")),
            (None, Some(hash)) => self.documents.find(&hash).await.map(|document| (document, hash)).ok_or_else(|| {
                let fault = Fault::new(ErrorCode::PersistedQueryNotFound, "PersistedQueryNotFound");
                error_of(fault) // clients know it by this message
            }),
            (Some(text), persisted) => {
                let hash = hash_of(text);
                if persisted.is_some_and(|persisted| persisted != hash) {
                    return Err(bad("The hash of the persisted query is not that of the query."));
                }
                Ok((self.documents.of(text, hash).await?, hash))
            }
        }
    }
}

fn at(error: ServerError, position: Pos) -> ServerError {
    ServerError { locations: vec![position], ..error }
}

fn gapless(document: &ExecutableDocument, variables: &Variables) -> Arc<ExecutableDocument> {
    let mut document = document.clone();
    fill_gaps(&mut document, variables);
    Arc::new(document)
}
