//! `docs/ASVS.md`: what it says is shown by tests is shown by tests that exist.

use std::{fs, path::Path};

/// The proofs in a page: words in backquotes that name a file of tests, and what comes behind `::`.
fn proofs(page: &str) -> Vec<(&str, Option<&str>)> {
    let quoted = page.split('`').skip(1).step_by(2);
    let named = quoted.map(|word| word.split_once("::").map_or((word, None), |(file, name)| (file, Some(name))));
    let is_source = |file: &str| file.contains('/') && [".rs", ".mjs"].iter().any(|kind| file.ends_with(kind));
    named.filter(|(file, _)| is_source(file)).collect()
}

/// What of this is not there, below a folder.
fn missing(proofs: &[(&str, Option<&str>)], root: &Path) -> Vec<String> {
    let is_there = |(file, name): &(&str, Option<&str>)| {
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        match name {
            None => !text.is_empty(),
            // A function of Rust, or the title of a test in JavaScript.
            Some(name) => text.contains(&format!("fn {name}(")) || text.contains(&format!("'{name}")),
        }
    };
    proofs.iter().filter(|proof| !is_there(proof)).map(|(file, name)| format!("{file}::{name:?}")).collect()
}

#[test]
fn every_test_that_is_named_as_a_proof_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/ASVS.md")).unwrap();
    let proofs = proofs(&page);
    assert!(proofs.len() > 80, "only {} proofs were found", proofs.len());
    assert_eq!(missing(&proofs, &root), Vec::<String>::new());
}

#[test]
fn a_proof_that_does_not_exist_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page =
        "met: `tests/it/main.rs::nothing_of_the_kind`, `tests/it/nowhere.rs`, `tests/it/documents/proof.rs::missing`";
    assert_eq!(missing(&proofs(page), &root).len(), 2);
}
