//! The care of the data as a whole: proving, copying, keeping short, bringing up to date.

mod backup;
mod copy;
mod retention;
mod upgrade;
mod verify;
