//! How the server is.

use serde::Serialize;
use utoipa::ToSchema;

/// How the server is, over all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    /// All is well.
    Ok,
    /// It serves, with a part missing.
    Degraded,
    /// It cannot serve.
    Error,
}

/// How one part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// It answers.
    Ok,
    /// It does not answer, or is stopping.
    Error,
}

/// The parts that the server stands on.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct HealthChecks {
    /// The database.
    pub database: CheckState,
    /// The cache.
    pub cache: CheckState,
    /// What carries events between nodes.
    pub bus: CheckState,
}

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthView {
    /// Over all.
    pub status: HealthState,
    /// Which release it is.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    /// Part by part; left out where only the process itself was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub checks: Option<HealthChecks>,
}
