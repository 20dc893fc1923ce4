//! What every database must do, tried on SQLite and on PostgreSQL alike, and what bus, presence and limits must do, tried in
//! memory and on Redis. Needs `TEST_POSTGRES_URL`, an address whose user may create databases, and `TEST_REDIS_URL`.

#[cfg(test)]
mod absence;
#[cfg(test)]
mod accounts;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod bus;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod copy;
#[cfg(test)]
mod founding;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod growth;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod invitations;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod limits;
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
mod personal;
#[cfg(test)]
mod presence;
#[cfg(test)]
mod presence_nodes;
#[cfg(test)]
mod presence_random;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod redaction;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod verify;
#[cfg(test)]
mod writer;
#[cfg(test)]
mod writer_crowd;
#[cfg(test)]
mod writer_guards;
#[cfg(test)]
mod writer_recall;
