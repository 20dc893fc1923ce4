//! Which crate may know what: the table that keeps frameworks out of the domain, and each layer in its place.
//!
//! `server → http, infra, migration; http → graphql → wire → domain; infra → domain, migration;
//! server, http, infra → trace → domain`.

use crate::cargo::cargo;
use crate::shell::{Result, capture};

const FRAMEWORKS: &[&str] = &["actix", "axum", "hyper", "tower", "socketioxide", "engineioxide", "async-graphql"];
const STORES: &[&str] = &["sea-orm", "sea-query", "sqlx", "redis", "moka"];
const RUNTIMES: &[&str] = &["tokio", "reqwest"];
const TOOLS: &[&str] = &["rondo-testkit", "rondo-probe", "rondo-tests", "xtask"];

/// A package, and what it must never depend on, be it through others. A name also bans those that begin with it and a
/// hyphen: `actix` bans `actix-web`.
const RULES: &[(&str, &[&str])] = &[
    ("rondo-domain", FRAMEWORKS),
    ("rondo-domain", STORES),
    ("rondo-domain", RUNTIMES),
    ("rondo-domain", &["utoipa", "rondo"]),
    ("rondo-trace", FRAMEWORKS),
    ("rondo-trace", STORES),
    ("rondo-trace", RUNTIMES),
    ("rondo-trace", &["rondo-wire", "rondo-infra", "rondo-http", "rondo-graphql", "rondo-server", "rondo-migration"]),
    ("rondo-wire", FRAMEWORKS),
    ("rondo-wire", STORES),
    ("rondo-wire", RUNTIMES),
    ("rondo-wire", &["rondo-infra", "rondo-http", "rondo-graphql", "rondo-server", "rondo-migration"]),
    ("rondo-graphql", &["actix", "axum", "hyper", "tower", "socketioxide", "engineioxide"]),
    ("rondo-graphql", &["sea-orm", "sqlx", "redis"]),
    ("rondo-graphql", &["rondo-infra", "rondo-http", "rondo-server", "rondo-migration"]),
    ("rondo-infra", &["actix", "axum", "socketioxide", "engineioxide", "async-graphql", "utoipa"]),
    ("rondo-infra", &["rondo-wire", "rondo-http", "rondo-graphql", "rondo-server"]),
    ("rondo-http", &["sea-orm", "sqlx", "redis", "rondo-infra", "rondo-server", "rondo-migration"]),
    ("rondo-migration", &["rondo"]),
    ("rondo-server", TOOLS),
];

/// Checks every rule of the table; an error names each dependency that breaks one.
pub(crate) fn check() -> Result {
    let mut breaches = Vec::new();
    for &(package, never) in RULES {
        let tree = ["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--locked"];
        let tree = capture(&mut cargo(tree))?;
        let found: Vec<&str> = banned(&tree, never);
        println!("{package}: none of {}", never.join(", "));
        breaches.extend(found.into_iter().map(|name| format!("{package} must not depend on {name}")));
    }
    if breaches.is_empty() {
        return Ok(());
    }
    Err(format!("{} (find the way with `cargo tree --package … --invert …`)", breaches.join("; ")))
}

/// The banned names in what `cargo tree` printed; its first line is the package itself.
fn banned<'t>(tree: &'t str, never: &[&str]) -> Vec<&'t str> {
    let names = tree.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    let is_banned = |name: &&str| {
        never
            .iter()
            .any(|banned| name.strip_prefix(banned).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
    };
    let mut found: Vec<&str> = names.filter(is_banned).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_name_bans_its_family_but_no_namesake() {
        let tree =
            "rondo-domain v0.1.0 (/somewhere)\nactix-web v4.0.0\nactixish v1.0.0\ntokio v1.0.0\ntokio v1.0.0 (*)\n";
        assert_eq!(banned(tree, &["actix", "tokio", "rondo"]), ["actix-web", "tokio"]);
    }
}
