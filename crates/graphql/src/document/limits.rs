//! How large a request may be. All is measured before anything is run, most of it before anything is parsed.

/// How many tokens a document may have.
pub const TOKENS: usize = 4_000;
/// How deep its braces, brackets and parentheses may stand in each other.
pub const NESTING: usize = 40;
/// How deep fields may stand in each other, fragments unfolded. The query by which tools read the schema has 15 levels.
pub const DEPTH: usize = 16;
/// How many fields may be selected, fragments unfolded.
pub const FIELDS: usize = 1_000;
/// How many of them may have an alias.
pub const ALIASES: usize = 64;
/// How many directives there may be, fragments unfolded.
pub const DIRECTIVES: usize = 64;
/// How many fields an operation may begin with.
pub const ROOTS: usize = 20;
/// How many items a request may ask for in all: each field counts one, times the sizes of the pages in which it stands.
pub const COST: usize = 25_000;
/// How often lists may stand in each other when the schema is asked about itself.
pub const SCHEMA_LISTS: usize = 3;
/// How many operations one HTTP request may hold.
pub const BATCH: usize = 10;
