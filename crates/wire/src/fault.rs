//! A refusal on its way out: one shape from which REST makes a problem and a socket an acknowledgement.

use std::time::Duration;

use rondo_domain::{
    Invalid, account::AccountError, idempotency::OnceError, invitation::InvitationError, limits::Refused,
    message::MessageError, notification::NotificationError, session::SessionError, store::StoreError,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ErrorCode;

/// A field that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field's name; a path with dots where it stands deeper, `body` for the whole.
    #[schema(example = "name")]
    pub field: String,
    /// A stable word for programs.
    #[schema(example = "too_long")]
    pub code: String,
    /// A sentence for people.
    #[schema(example = "must have at most 100 characters, has 140")]
    pub message: String,
}

/// A refusal with its public code, what may be said of it, and what only the log may know.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The code from the catalogue.
    pub code: ErrorCode,
    /// A sentence for people.
    pub detail: String,
    /// The refused fields, if it is about fields.
    pub errors: Vec<FieldError>,
    /// When to try again, if that helps.
    pub retry_after: Option<Duration>,
    /// The cause, for the log alone.
    pub cause: Option<String>,
}

impl Fault {
    /// A refusal with a sentence that may be shown.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), retry_after: None, cause: None }
    }

    /// A refusal of a single field.
    pub fn field(field: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        let error = FieldError { field: field.into(), code: code.to_owned(), message: message.into() };
        Self::fields(vec![error])
    }

    /// Something went wrong on our side; `cause` is for the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "Something went wrong on our side.";
        Self { cause: Some(cause.into()), ..Self::new(ErrorCode::Internal, detail) }
    }

    /// A part that we depend on is away or too busy; `cause` is for the log.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let detail = "The server cannot do this at the moment. Nothing was acknowledged; try again shortly.";
        let retry_after = Some(Duration::from_secs(1));
        Self { cause: Some(cause.into()), retry_after, ..Self::new(ErrorCode::Unavailable, detail) }
    }

    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        let named: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
        Self { errors, ..Self::new(ErrorCode::ValidationFailed, named.join("; ")) }
    }
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        let errors = invalid.violations.into_iter().map(|violation| FieldError {
            field: violation.field,
            code: violation.reason.code.to_owned(),
            message: violation.reason.message,
        });
        Self::fields(errors.collect())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) => Self::unavailable(error.to_string()),
            StoreError::Conflict(_) => {
                let detail = "It clashes with what is there already.";
                Self { cause: Some(error.to_string()), ..Self::new(ErrorCode::Conflict, detail) }
            }
            StoreError::Corrupt(_) => Self::internal(error.to_string()),
        }
    }
}

impl From<AccountError> for Fault {
    fn from(error: AccountError) -> Self {
        use AccountError as E;
        let code = match error {
            E::InvalidCredentials => ErrorCode::InvalidCredentials,
            E::Unauthenticated | E::TokenReused => ErrorCode::Unauthenticated,
            E::TokenExpired => ErrorCode::TokenExpired,
            E::UnknownLogin => ErrorCode::NotFound,
            E::EmailTaken => {
                let taken =
                    FieldError { field: "email".to_owned(), code: "taken".to_owned(), message: error.to_string() };
                return Self { errors: vec![taken], ..Self::new(ErrorCode::Conflict, error.to_string()) };
            }
            E::Invalid(invalid) => return invalid.into(),
            E::Busy => return Self::unavailable(error.to_string()),
            E::Internal(cause) => return Self::internal(cause),
            E::Store(error) => return error.into(),
        };
        Self::new(code, error.to_string())
    }
}

impl From<SessionError> for Fault {
    fn from(error: SessionError) -> Self {
        use SessionError as E;
        let code = match error {
            E::Unknown | E::UnknownMember => ErrorCode::NotFound,
            E::NotMember | E::Forbidden(_) => ErrorCode::Forbidden,
            E::LastOwner => ErrorCode::Conflict,
            E::Store(error) => return error.into(),
        };
        Self::new(code, error.to_string())
    }
}

impl From<MessageError> for Fault {
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::Session(error) => error.into(),
            MessageError::Invalid(invalid) => invalid.into(),
            MessageError::Unknown => Self::new(ErrorCode::NotFound, error.to_string()),
            MessageError::NotAuthor => Self::new(ErrorCode::Forbidden, error.to_string()),
            MessageError::Deleted => Self::new(ErrorCode::Conflict, error.to_string()),
            MessageError::Busy => Self::unavailable(error.to_string()),
        }
    }
}

impl From<InvitationError> for Fault {
    fn from(error: InvitationError) -> Self {
        use InvitationError as E;
        let code = match error {
            E::Unknown => ErrorCode::NotFound,
            E::Settled(_) | E::Member | E::Invited => ErrorCode::Conflict,
            E::Invalid(invalid) => return invalid.into(),
            E::Session(error) => return error.into(),
        };
        Self::new(code, error.to_string())
    }
}

impl From<NotificationError> for Fault {
    fn from(error: NotificationError) -> Self {
        match error {
            NotificationError::Unknown => Self::new(ErrorCode::NotFound, error.to_string()),
            NotificationError::Store(error) => error.into(),
        }
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        let Refused(quota) = refused;
        let seconds = quota.reset_after.as_secs_f64().ceil();
        let detail = format!("Too much at once: {refused}. Try again in {seconds} s.");
        Self { retry_after: Some(quota.reset_after), ..Self::new(ErrorCode::RateLimited, detail) }
    }
}

impl<E: Into<Self>> From<OnceError<E>> for Fault {
    fn from(error: OnceError<E>) -> Self {
        match error {
            OnceError::Mismatch => {
                let detail = "This Idempotency-Key was used for another request.";
                Self::new(ErrorCode::IdempotencyMismatch, detail)
            }
            OnceError::InProgress => {
                let detail = "A request with this Idempotency-Key is still running.";
                let retry_after = Some(Duration::from_secs(1));
                Self { retry_after, ..Self::new(ErrorCode::IdempotencyInProgress, detail) }
            }
            OnceError::Store(error) => error.into(),
            OnceError::Refused(error) => error.into(),
        }
    }
}
