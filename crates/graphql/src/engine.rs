//! From what a client asks to the bytes that it gets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use async_graphql::{
    Request, Response, ServerError, ValidationMode, Value,
    parser::types::{ExecutableDocument, OperationType},
};
use rondo_wire::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::{
    admission::{Admitted, Reach},
    document::Documents,
    fault::{Refused, fill, finish, log, written},
    figures::OperationFigures,
    schema::{Schema, builder},
    selection::Selection,
    subscription::Wish,
    visit::Visit,
};

/// One operation as a client asks for it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    /// The document; may be left out when `extensions` name one that is kept.
    #[serde(default)]
    pub query: Option<String>,
    /// Which of its operations is meant.
    #[serde(default)]
    pub operation_name: Option<String>,
    /// The values of its variables.
    #[serde(default)]
    pub variables: Option<Map<String, serde_json::Value>>,
    /// What the protocol's extensions say: `persistedQuery` is known.
    #[serde(default)]
    pub extensions: Option<Map<String, serde_json::Value>>,
}

/// What one request asks for.
#[derive(Clone, Debug)]
pub enum Batch {
    /// One operation.
    One(Box<Ask>),
    /// Several, which are run one after the other.
    Many(Vec<Ask>),
}

/// The answer to a request.
#[derive(Debug)]
pub struct Reply {
    /// The JSON to send.
    pub body: Vec<u8>,
    /// Why nothing was run, if nothing was.
    pub refused: Option<ErrorCode>,
    /// Whether all that was asked for is there.
    pub whole: bool,
    /// The code of what failed on our side, if something did.
    pub failed: Option<ErrorCode>,
    /// When to try again, if a limit says so.
    pub retry_after: Option<std::time::Duration>,
}

/// The schema, ready to answer.
pub struct GraphQl {
    pub(crate) schema: Schema,
    /// The same for what was found to fit it before: it is not looked at again each time.
    pub(crate) trusting: Schema,
    pub(crate) documents: Documents,
    /// Whether the schema tells of itself.
    pub(crate) introspection: bool,
    figures: OperationFigures,
    pub(crate) rendered: AtomicU64,
}

/// What an operation of a websocket is.
pub enum Spoken {
    /// A query or a mutation, to be run.
    Asks(Selection),
    /// It wishes to hear something. Whoever called sees to it.
    Subscribes(Wish, Selection),
}

/// Why an operation of a websocket was not run at all.
#[derive(Debug)]
pub struct Unrunnable {
    /// The errors, as JSON.
    pub errors: Vec<u8>,
    /// The code of the first.
    pub code: ErrorCode,
}

/// An operation ready for the executor.
pub(crate) fn prepared(selection: &Selection) -> Request {
    let mut request = Request::new("").variables(selection.variables.clone());
    request.operation_name.clone_from(&selection.operation_name);
    request.set_parsed_query(ExecutableDocument::clone(&selection.document));
    request
}

#[derive(Serialize)]
pub(crate) struct Executed<'a> {
    pub(crate) data: &'a Value,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) errors: &'a [ServerError],
}

/// One operation's part of an answer.
enum Part {
    Executed(Response),
    Refused(Vec<ServerError>),
}

impl GraphQl {
    /// The schema; with `introspection` it tells of itself.
    #[must_use]
    pub fn new(introspection: bool) -> Self {
        let with = |validation| {
            let builder = builder().validation_mode(validation);
            if introspection { builder } else { builder.disable_introspection().disable_suggestions() }.finish()
        };
        let (schema, trusting) = (with(ValidationMode::Strict), with(ValidationMode::Fast));
        let (documents, figures) = (Documents::default(), OperationFigures::default());
        Self { schema, trusting, documents, introspection, figures, rendered: AtomicU64::new(0) }
    }

    /// What it counts.
    #[must_use]
    pub const fn figures(&self) -> &OperationFigures {
        &self.figures
    }

    /// Counts a query that was answered with what is kept.
    pub fn note_kept(&self, took: std::time::Duration) {
        self.figures.ran(OperationType::Query, None, took);
    }

    /// How often a selection was run for something that happened.
    #[must_use]
    pub fn rendered(&self) -> u64 {
        self.rendered.load(Ordering::Relaxed)
    }

    /// Answers a request. With `read_only` mutations are refused.
    pub async fn answer(&self, visit: &Arc<Visit>, batch: Batch, read_only: bool) -> Reply {
        let (asks, whole) = match batch {
            Batch::One(ask) => (vec![*ask], false),
            Batch::Many(asks) => (asks, true),
        };
        let reach = if read_only { Reach::Queries } else { Reach::Mutations };
        let mut parts = match self.admit_all(visit, asks, reach).await {
            Ok(admitted) => {
                let mut parts = Vec::with_capacity(admitted.len());
                for admitted in admitted {
                    parts.push(match admitted {
                        Ok(Admitted { selection, .. }) => self.run(visit, &selection).await,
                        Err(error) => {
                            self.figures.refused(code_of(&error));
                            Part::Refused(vec![error])
                        }
                    });
                }
                parts
            }
            Err(refused) => {
                self.figures.refused(code_of(&refused));
                return Self::refused(visit, *refused);
            }
        };
        let (mut refused, mut errorless, mut failed, mut retry_after) = (None, true, None, None);
        for part in &mut parts {
            let errors = match part {
                Part::Executed(response) => &mut response.errors,
                Part::Refused(errors) => errors,
            };
            errorless &= errors.is_empty();
            failed = failed.or_else(|| failure(errors));
            retry_after = retry_after.max(longest_wait(errors));
            finish(errors, visit.request_id());
            if let (Part::Refused(errors), false) = (&*part, whole) {
                refused = errors.first().map(code_of);
            }
        }
        let shown: Vec<Shown<'_>> = parts.iter().map(Part::shown).collect();
        let body = match &*shown {
            [one] if !whole => written(one),
            all => written(&all),
        };
        Reply { body, refused, whole: errorless, failed, retry_after }
    }

    fn refused(visit: &Visit, error: ServerError) -> Reply {
        let retry_after = longest_wait(std::slice::from_ref(&error));
        let code = code_of(&error);
        let mut errors = vec![error];
        finish(&mut errors, visit.request_id());
        let body = written(&Refused { errors: &errors });
        Reply { body, refused: Some(code), whole: false, failed: None, retry_after }
    }

    /// Reads an operation of a websocket; nothing is run by this.
    ///
    /// # Errors
    /// When it is beyond a limit, or what it wishes to hear does not fit the schema.
    pub async fn understand(&self, request_id: &str, ask: Ask) -> Result<Spoken, Unrunnable> {
        let Admitted { selection, .. } = self.admit(ask, Reach::Subscriptions).await.map_err(|error| {
            self.figures.refused(code_of(&error));
            unrunnable(request_id, vec![error])
        })?;
        match selection.kind {
            OperationType::Subscription => {
                let begun = Instant::now();
                let wish = self.wish(&selection).await;
                let refused = wish.as_ref().err().and_then(|errors| errors.first());
                self.figures.ran(selection.kind, refused.map(code_of), begun.elapsed());
                Ok(Spoken::Subscribes(wish.map_err(|errors| unrunnable(request_id, errors))?, selection))
            }
            OperationType::Query | OperationType::Mutation => Ok(Spoken::Asks(selection)),
        }
    }

    /// Runs a query or a mutation of a websocket; gives an answer as HTTP would have it, and the code of what failed on our
    /// side, if something did.
    ///
    /// # Errors
    /// When it does not fit the schema.
    pub async fn reply(
        &self,
        visit: &Arc<Visit>,
        selection: &Selection,
    ) -> Result<(Vec<u8>, Option<ErrorCode>), Unrunnable> {
        match self.run(visit, selection).await {
            Part::Executed(mut response) => {
                let failed = failure(&response.errors);
                finish(&mut response.errors, visit.request_id());
                Ok((written(&Executed { data: &response.data, errors: &response.errors }), failed))
            }
            Part::Refused(errors) => Err(unrunnable(visit.request_id(), errors)),
        }
    }

    async fn run(&self, visit: &Arc<Visit>, selection: &Selection) -> Part {
        let begun = Instant::now();
        let mut response = self.schema.execute(prepared(selection).data(Arc::clone(visit))).await;
        log(&response.errors, visit.request_id(), |key| selection.root(key));
        self.figures.ran(selection.kind, response.errors.first().map(code_of), begun.elapsed());
        // What does not fit the schema has no place in it.
        if response.data == Value::Null
            && !response.errors.is_empty()
            && response.errors.iter().all(|error| error.path.is_empty())
        {
            Part::Refused(response.errors)
        } else {
            fill(&mut response.data, &response.errors);
            selection.shape().give(&mut response.data);
            Part::Executed(response)
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Executed(Executed<'a>),
    Refused(Refused<'a>),
}

impl Part {
    fn shown(&self) -> Shown<'_> {
        match self {
            Self::Executed(response) => Shown::Executed(Executed { data: &response.data, errors: &response.errors }),
            Self::Refused(errors) => Shown::Refused(Refused { errors }),
        }
    }
}

fn unrunnable(request_id: &str, mut errors: Vec<ServerError>) -> Unrunnable {
    let code = errors.first().map_or(ErrorCode::Internal, code_of);
    finish(&mut errors, request_id);
    Unrunnable { errors: written(&errors), code }
}

fn code_of(error: &ServerError) -> ErrorCode {
    error.source::<crate::fault::Refusal>().map_or(ErrorCode::ValidationFailed, |refusal| refusal.0.code)
}

/// The code of the first error that is our own.
fn failure(errors: &[ServerError]) -> Option<ErrorCode> {
    errors.iter().map(code_of).find(|code| code.status() >= 500)
}

fn longest_wait(errors: &[ServerError]) -> Option<std::time::Duration> {
    errors.iter().filter_map(|error| error.source::<crate::fault::Refusal>()?.0.retry_after).max()
}
