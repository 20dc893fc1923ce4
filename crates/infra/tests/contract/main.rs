//! What every database must do, tried on SQLite and on PostgreSQL alike. Needs `TEST_POSTGRES_URL`: an address whose
//! user may create databases.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod invitations;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod log;
#[cfg(test)]
mod members;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod people;
#[cfg(test)]
mod presence;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod redaction;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod writer;
#[cfg(test)]
mod writer_crowd;
#[cfg(test)]
mod writer_guards;
