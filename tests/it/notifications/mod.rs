//! What people are told of, also when they were away.

mod list;
