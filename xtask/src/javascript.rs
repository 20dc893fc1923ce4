//! Node.js and the packages of the JavaScript tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::servers::apt;
use crate::shell::{Result, capture, find, run};

/// The oldest Node.js whose test runner the tests rely on.
const OLDEST_NODE: u32 = 20;

/// Installs the packages of the tests in this folder, and gives the path of `npm`.
pub(crate) fn install(folder: &Path) -> Result<PathBuf> {
    if !folder.join("package.json").is_file() {
        return Err(format!("there is no package.json in `{}`", folder.display()));
    }
    let npm = npm()?;
    let verb = if folder.join("package-lock.json").is_file() { "ci" } else { "install" };
    run(Command::new(&npm).current_dir(folder).args([verb, "--no-audit", "--no-fund"]))?;
    Ok(npm)
}

/// `npm` beside a Node.js that is new enough; installs both when there is none and we may.
fn npm() -> Result<PathBuf> {
    if find("node").is_none() || find("npm").is_none() {
        println!("Node.js or npm is missing");
        apt::install(&["nodejs", "npm"]).map_err(|why| {
            format!("the JavaScript tests need Node.js {OLDEST_NODE} or later with npm: install them from https://nodejs.org ({why})")
        })?;
    }
    let version = capture(Command::new("node").arg("--version"))?;
    if major(&version).is_none_or(|major| major < OLDEST_NODE) {
        return Err(format!("the JavaScript tests need Node.js {OLDEST_NODE} or later, this is {}", version.trim()));
    }
    println!("Node.js {}", version.trim());
    find("npm").ok_or_else(|| "`npm` is not on the PATH".to_owned())
}

fn major(version: &str) -> Option<u32> {
    version.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("nonsense"), None);
    }
}
