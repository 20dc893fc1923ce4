//! Answers that nodes share. A node that runs alone shares with nobody, and has no part here.

mod redis;

pub use redis::RedisAnswers;
