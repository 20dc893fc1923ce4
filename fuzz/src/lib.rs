//! What must hold of every parser of what comes from outside, whatever is fed to it. `tests/it/parsers` asks the same
//! of the seeds and of what is near them, in every run of the tests.

pub mod properties;
