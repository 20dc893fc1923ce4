//! Cargo, always with the same packages and features, so that one command reuses what another has built.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::http::json_string;
use crate::shell::{Result, capture, run, variable};

/// The folder that holds the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Cargo, in the workspace's folder.
pub(crate) fn cargo<'a>(words: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(words);
    command
}

/// Builds every binary and every test, and gives the path of `rondo`.
///
/// With `--tests`, cargo chooses features as `cargo test` does, so nothing is built a second time there.
pub(crate) fn build() -> Result<PathBuf> {
    run(&mut cargo(["build", "--workspace", "--bins", "--tests", "--locked"]))?;
    let rondo = target_dir()?.join("debug").join(format!("rondo{}", env::consts::EXE_SUFFIX));
    if rondo.is_file() { Ok(rondo) } else { Err(format!("the build left no `{}`", rondo.display())) }
}

/// Builds `rondo` and the load tool as they are released, and gives their paths.
pub(crate) fn build_release() -> Result<(PathBuf, PathBuf)> {
    run(&mut cargo(["build", "--release", "--locked", "-p", "rondo-server", "-p", "rondo-probe"]))?;
    binaries(&target_dir()?.join("release"))
}

/// `rondo` and the load tool in this folder.
pub(crate) fn binaries(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let program = |name: &str| {
        let path = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
        if path.is_file() { Ok(path) } else { Err(format!("there is no `{}`", path.display())) }
    };
    Ok((program("rondo")?, program("rondo-probe")?))
}

/// Where cargo puts what it builds; with a target triple configured that is a folder deeper.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = capture(&mut cargo(["metadata", "--format-version", "1", "--no-deps", "--locked"]))?;
    let target = json_string(&metadata, "target_directory")
        .ok_or("`cargo metadata` names no target directory, though it always should")?;
    Ok(match variable("CARGO_BUILD_TARGET") {
        Some(triple) => Path::new(&target).join(triple),
        None => target.into(),
    })
}
