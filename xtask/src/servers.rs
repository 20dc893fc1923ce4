//! Finds the database servers that the tests need: those that were named, those that run, or throw-away ones.

pub(crate) mod apt;
mod docker;
pub(crate) mod net;
pub(crate) mod postgres;
pub(crate) mod redis;
mod throwaway;

use std::env;

use crate::caretaker::Caretaker;
use crate::shell::{Result, variable};

/// Where a server may come from, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The environment names it.
    Given,
    /// One answers on the usual port.
    Running,
    /// The installed programs, as a throw-away instance.
    Private,
    /// A throw-away container.
    Docker,
    /// Installed first, then as [`Source::Private`].
    Install,
}

impl Source {
    pub(crate) const ALL: [Self; 5] = [Self::Given, Self::Running, Self::Private, Self::Docker, Self::Install];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Running => "running",
            Self::Private => "private",
            Self::Docker => "docker",
            Self::Install => "install",
        }
    }
}

/// A server that the tests may use. A throw-away one ends when this is dropped.
pub(crate) struct Server {
    /// Handed to the tests; may hold a password, so it is never printed.
    pub(crate) url: String,
    /// For people: which version, where, and whence it came.
    pub(crate) description: String,
    /// Ends a throw-away server; a server that was there already has none, and is left running.
    _caretaker: Option<Caretaker>,
}

/// A kind of server: how to reach it from each source.
pub(crate) trait Kind {
    const NAME: &'static str;
    /// The environment variable that names one.
    const VARIABLE: &'static str;
    /// The Debian package that brings it.
    const PACKAGE: &'static str;

    /// Whether the server's programs are here, for tests that start one of their own.
    fn is_installed(&self) -> bool;
    /// Looks at the one that the environment names.
    fn given(&self, url: &str) -> Result<Server>;
    /// Looks for one on the usual port.
    fn running(&self) -> Result<Server>;
    /// Starts a throw-away instance of the installed programs.
    fn private(&self) -> Result<Server>;
    /// Starts a throw-away container.
    fn docker(&self) -> Result<Server>;
}

/// Tries each source in turn, or the chosen one alone. A server that was named and does not do is an error: the tests
/// must not run on another one than was asked for.
pub(crate) fn find<K: Kind>(kind: &K, chosen: Option<Source>) -> Result<Server> {
    let mut refusals = Vec::new();
    for source in Source::ALL {
        if chosen.is_some_and(|chosen| chosen != source) {
            continue;
        }
        let tried = match (source, variable(K::VARIABLE)) {
            (Source::Given, Some(url)) => {
                return kind.given(&url).inspect(tell).map_err(|why| format!("{} does not do: {why}", K::VARIABLE));
            }
            (Source::Given, None) => Err(format!("{} is not set", K::VARIABLE)),
            (Source::Running, _) => kind.running(),
            (Source::Private, _) => kind.private(),
            (Source::Docker, _) => kind.docker(),
            (Source::Install, _) => apt::install(&[K::PACKAGE]).and_then(|()| kind.private()),
        };
        match tried {
            Ok(server) => {
                tell(&server);
                return Ok(server);
            }
            Err(why) => refusals.push(format!("  {}: {why}", source.name())),
        }
    }
    Err(format!(
        "found no {name} for the tests. Set {variable}, install {name}, or start Docker. What was tried:\n{}",
        refusals.join("\n"),
        name = K::NAME,
        variable = K::VARIABLE,
    ))
}

/// Sees to the programs of a server, for tests that stop and kill one of their own: installs them where they are missing.
pub(crate) fn install<K: Kind>(kind: &K) -> Result {
    if kind.is_installed() {
        return Ok(());
    }
    println!("the programs of a {} server are missing", K::NAME);
    apt::install(&[K::PACKAGE])?;
    if kind.is_installed() { Ok(()) } else { Err(format!("{} did not bring a {} server", K::PACKAGE, K::NAME)) }
}

fn tell(server: &Server) {
    println!("{}", server.description);
}

/// The first of these variables that is set, or what is usual.
fn variable_or(name: &str, usual: &str) -> String {
    variable(name).unwrap_or_else(|| usual.to_owned())
}

/// Whoever is logged in, for servers that know people by that name.
fn login() -> Option<String> {
    ["USER", "LOGNAME"].into_iter().find_map(|name| env::var(name).ok()).filter(|name| !name.is_empty())
}
