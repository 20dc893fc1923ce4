//! Installing Debian packages, where that is possible and we may.

use std::process::Command;

use crate::shell::{Result, find, is_root, run};

/// Installs these packages. An error when there is no `apt-get` or we are not root.
pub(crate) fn install(packages: &[&str]) -> Result {
    let list = packages.join(" ");
    if find("apt-get").is_none() {
        return Err(format!("cannot install {list}: there is no apt-get here"));
    }
    if !is_root() {
        return Err(format!("cannot install {list}: only root may (`sudo apt-get install {list}`)"));
    }
    // A stale list often still does, and one broken source must not stop the rest.
    if let Err(error) = run(apt().arg("update")) {
        eprintln!("warning: {error}");
    }
    run(apt().args(["install", "-y", "--no-upgrade", "--no-install-recommends"]).args(packages))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
