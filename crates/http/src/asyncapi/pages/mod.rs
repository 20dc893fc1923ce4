//! Pages in Markdown that the document's own parts write.

mod errors;
mod events;
mod fields;

pub use errors::errors_page;
pub use events::events_page;

/// What stands above every page, so that nobody mends the copy.
fn head(title: &str, command: &str) -> String {
    format!("# {title}\n\n<!-- Written by `rondo docs {command}`; `cargo xtask docs` does it anew. -->\n\n")
}
