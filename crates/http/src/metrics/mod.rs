//! Metrics in Prometheus' form. Counting is done where the work is done (see [`rondo_domain::measure`]); here is what is
//! counted of requests, the catalogue of all metrics, and the page that shows them.
//!
//! Nothing that clients send becomes a label: routes go by their templates, events and codes by their catalogues.

mod catalogue;
mod page;
mod process;
mod reference;
mod requests;
mod show;
#[cfg(test)]
mod tests;

pub use reference::{metric_names, metrics_page};
pub(crate) use requests::{Gate, RequestFigures, RouteFigures, UNMATCHED};
pub(crate) use show::{Metrics, serve};
