//! Signing up, in, on and out.

mod demo;
mod flood;
mod login;
mod logins;
mod logout;
mod password;
mod refresh;
mod register;
mod token;
