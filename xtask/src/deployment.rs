//! What can be said of containers, units and workflows without an engine to run them: each rule below was broken
//! somewhere once, and is found here before anybody deploys. Their syntax is for the linters of CI (`.ci/linters.txt`).

mod container;
mod pins;
mod settings;

use std::fs;
use std::path::Path;

use crate::cargo::root;
use crate::shell::Result;

/// Holds every rule against the files of the workspace; an error names all that is wrong.
pub(crate) fn check() -> Result {
    let faults = faults(root())?;
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

fn faults(root: &Path) -> Result<Vec<String>> {
    let read = |file: &str| fs::read_to_string(root.join(file)).map_err(|error| format!("{file}: {error}"));
    let dockerfile = read("Dockerfile")?;
    let compose = read("docker-compose.yml")?;
    let names = settings::names(&read(".env.example")?);
    let mut faults = container::dockerfile(&dockerfile, |path| root.join(path).exists());
    faults.extend(container::manifests(&dockerfile, &manifests(root)?));
    faults.extend(container::commit(&dockerfile, &read(".github/workflows/main.yml")?));
    faults.extend(container::compose(&compose));
    for (file, used) in [
        ("Dockerfile", settings::of_dockerfile(&dockerfile)),
        ("docker-compose.yml", settings::of_compose(&compose)),
        ("deploy/rondo.service", settings::of_unit(&read("deploy/rondo.service")?)),
        ("fly.toml", settings::of_fly(&read("fly.toml")?)),
    ] {
        faults.extend(settings::unknown(file, &used, &names));
    }
    for file in workflows(root)? {
        faults.extend(pins::workflow(&file, &read(&file)?));
    }
    Ok(faults)
}

/// The manifest of each package of the workspace, as the Dockerfile names it.
fn manifests(root: &Path) -> Result<Vec<String>> {
    let crates = entries(root, "crates")?.into_iter().map(|path| format!("{path}/Cargo.toml"));
    let others = ["migration", "tests", "xtask"].map(|folder| format!("{folder}/Cargo.toml"));
    Ok(crates.chain(others).filter(|path| root.join(path).is_file()).collect())
}

fn workflows(root: &Path) -> Result<Vec<String>> {
    let files = entries(root, ".github/workflows")?;
    if files.is_empty() { Err("there are no workflows".to_owned()) } else { Ok(files) }
}

fn entries(root: &Path, folder: &str) -> Result<Vec<String>> {
    let found = fs::read_dir(root.join(folder)).map_err(|error| format!("{folder}: {error}"))?;
    let mut names: Vec<String> =
        found.filter_map(|entry| entry.ok()?.file_name().to_str().map(|name| format!("{folder}/{name}"))).collect();
    names.sort_unstable();
    Ok(names)
}

/// Whether an image is named with a tag or digest that says which one it is.
fn is_pinned(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    image.contains("@sha256:") || name.split_once(':').is_some_and(|(_, tag)| !tag.is_empty() && tag != "latest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_as_they_are_keep_every_rule() {
        assert_eq!(faults(root()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn an_image_wants_a_tag_that_is_not_latest() {
        for image in ["postgres:17-alpine", "gcr.io/distroless/cc-debian12:nonroot", "registry:5000/a@sha256:00"] {
            assert!(is_pinned(image), "{image}");
        }
        for image in ["postgres", "postgres:latest", "registry:5000/postgres", "caddy:"] {
            assert!(!is_pinned(image), "{image}");
        }
    }
}
