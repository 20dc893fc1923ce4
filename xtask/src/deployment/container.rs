//! The Dockerfile and the compose file.

use super::is_pinned;

/// The faults of a Dockerfile; `exists` tells of a path in the build's context.
pub(super) fn dockerfile(text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut stages: Vec<&str> = Vec::new();
    let (mut user, mut is_healthy) = (None, false);
    let instructions = instructions(text);
    for words in &instructions {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["FROM", image, rest @ ..] => {
                if !is_pinned(image) && !stages.contains(image) {
                    faults.push(format!("Dockerfile: `{image}` has no tag that says which one it is"));
                }
                if let ["AS", name] = rest {
                    stages.push(name);
                }
                (user, is_healthy) = (None, false);
            }
            ["USER", name] => user = Some((*name).to_owned()),
            ["HEALTHCHECK", rest @ ..] => is_healthy = rest.first() != Some(&"NONE"),
            ["COPY", rest @ ..] if !rest.iter().any(|word| word.starts_with("--from=")) => {
                let sources = rest.iter().filter(|word| !word.starts_with("--")).take(plain(rest).saturating_sub(1));
                let missing = sources.filter(|source| !exists(source));
                faults.extend(missing.map(|source| format!("Dockerfile: there is no `{source}` to copy")));
            }
            _ => {}
        }
    }
    let is_root = |user: &String| ["root", "0"].contains(&user.split(':').next().unwrap_or_default());
    if user.as_ref().is_none_or(is_root) {
        faults.push("Dockerfile: the last stage runs as root".to_owned());
    }
    if !is_healthy {
        faults.push("Dockerfile: the last stage has no HEALTHCHECK".to_owned());
    }
    faults
}

fn plain(words: &[&str]) -> usize {
    words.iter().filter(|word| !word.starts_with("--")).count()
}

/// Each package's manifest must be there before the layer of dependencies is built, else cargo finds no workspace.
pub(super) fn manifests(text: &str, manifests: &[String]) -> Vec<String> {
    let instructions = instructions(text);
    let layer = instructions.iter().take_while(|words| !words.windows(2).any(|pair| pair == ["cargo", "build"]));
    let copied: Vec<&String> = layer.filter(|words| words[0] == "COPY").flatten().collect();
    let missing = manifests.iter().filter(|manifest| !copied.contains(manifest));
    missing
        .map(|manifest| format!("Dockerfile: `{manifest}` is not copied before the dependencies are built"))
        .collect()
}

/// The server tells its commit in its metrics, if the build knows it: an argument that is there for the last build, and
/// not before the layer of dependencies, which would then be built anew for each commit. Who publishes must give it.
pub(super) fn commit(dockerfile: &str, publishing: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let instructions = instructions(dockerfile);
    let builds = |words: &Vec<String>| words.windows(2).any(|pair| pair == ["cargo", "build"]);
    let told = |words: &Vec<String>| words[0] == "ARG" && words.iter().any(|word| word.starts_with("RONDO_COMMIT"));
    let (first, last) = (instructions.iter().position(builds), instructions.iter().rposition(builds));
    let at = instructions.iter().position(told);
    if !(first < at && at < last) {
        faults
            .push("Dockerfile: no `ARG RONDO_COMMIT` between the layer of dependencies and the last build".to_owned());
    }
    if !publishing.contains("--build-arg \"RONDO_COMMIT=") {
        faults.push(".github/workflows/main.yml: the image is not told its commit".to_owned());
    }
    faults
}

/// Instructions as words, with continued lines joined and comments left out.
fn instructions(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    joined.lines().map(words).filter(|words| !words.is_empty()).collect()
}

/// The faults of a compose file: images that are not pinned, and services whose health nobody can wait for.
pub(super) fn compose(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let images = text.lines().filter_map(|line| line.trim().strip_prefix("image:"));
    for image in images.map(str::trim).filter(|image| !is_pinned(image)) {
        faults.push(format!("docker-compose.yml: `{image}` has no tag that says which one it is"));
    }
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[1].trim() == "condition: service_healthy") {
        let service = pair[0].trim().trim_end_matches(':');
        if service != "node-1" && service != "node-2" && !block(&lines, service).any(|line| line == "healthcheck:") {
            faults.push(format!("docker-compose.yml: others wait for the health of `{service}`, which has no check"));
        }
    }
    faults
}

/// The lines of a service, trimmed.
fn block<'t>(lines: &[&'t str], service: &str) -> impl Iterator<Item = &'t str> {
    let head = format!("  {service}:");
    let body = lines.iter().skip_while(move |line| **line != head).skip(1);
    body.take_while(|line| line.is_empty() || line.starts_with("    "))
        .map(|line| line.trim())
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "FROM rust:1.95 AS build\nCOPY Cargo.toml \\\n  Cargo.lock ./\nRUN cargo build\nFROM scratch:1\n\
        COPY --from=build /out /out\nUSER 65532\nHEALTHCHECK CMD [\"/out\"]\n";

    fn faults(text: &str) -> String {
        dockerfile(text, |path| path.starts_with("Cargo.")).join("; ")
    }

    #[test]
    fn each_fault_of_a_dockerfile_is_found() {
        assert_eq!(faults(GOOD), "");
        for (from, to, fault) in [
            ("rust:1.95", "rust", "`rust` has no tag"),
            ("rust:1.95", "rust:latest", "`rust:latest` has no tag"),
            ("Cargo.lock ./", "cargo.lock ./", "there is no `cargo.lock`"),
            ("USER 65532\n", "", "runs as root"),
            ("USER 65532\n", "USER 0:0\n", "runs as root"),
            ("HEALTHCHECK CMD [\"/out\"]\n", "", "no HEALTHCHECK"),
            ("HEALTHCHECK CMD [\"/out\"]", "HEALTHCHECK NONE", "no HEALTHCHECK"),
        ] {
            let text = GOOD.replace(from, to);
            assert!(faults(&text).contains(fault), "{text}\n{}", faults(&text));
        }
    }

    #[test]
    fn a_package_that_the_dependency_layer_forgets_is_named() {
        let wanted = ["Cargo.toml".to_owned(), "crates/new/Cargo.toml".to_owned()];
        assert_eq!(manifests(GOOD, &wanted).len(), 1);
        let late = GOOD.replace("RUN cargo build\n", "RUN cargo build\nCOPY crates/new/Cargo.toml crates/new/\n");
        assert!(manifests(&late, &wanted)[0].contains("crates/new/Cargo.toml"));
    }

    #[test]
    fn an_image_is_told_its_commit_and_its_dependencies_are_not() {
        let published = "docker buildx build --build-arg \"RONDO_COMMIT=$GITHUB_SHA\" .";
        let good = "RUN cargo build\nCOPY crates crates\nARG RONDO_COMMIT=\"\"\nRUN touch a && cargo build\n";
        assert_eq!(commit(good, published), Vec::<String>::new());
        assert_eq!(commit(good, "docker buildx build .").len(), 1);
        let untold = good.replace("ARG RONDO_COMMIT=\"\"\n", "");
        for wrong in [untold.clone(), format!("ARG RONDO_COMMIT\n{untold}"), format!("{untold}ARG RONDO_COMMIT\n")] {
            assert_eq!(commit(&wrong, published).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn each_fault_of_a_compose_file_is_found() {
        let good = "services:\n  web:\n    image: web:1\n    depends_on:\n      store:\n        condition: service_healthy\n\
            \x20 store:\n    image: store:2\n    healthcheck:\n      test: [\"CMD\", \"true\"]\n";
        assert_eq!(compose(good), Vec::<String>::new());
        assert!(compose(&good.replace("web:1", "web"))[0].contains("`web`"));
        assert!(compose(&good.replace("    healthcheck:\n", "    other:\n"))[0].contains("`store`"));
    }
}
