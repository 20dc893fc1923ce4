//! What holds of the page as a whole.

use std::collections::BTreeSet;

use super::{catalogue::all, metrics_page};

#[test]
fn every_metric_has_a_name_of_its_own_in_base_units() {
    let mut names = BTreeSet::new();
    for family in all() {
        let name = family.name;
        assert!(names.insert(name), "{name}");
        assert!(name.starts_with("rondo_") || name.starts_with("process_"), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert_eq!(name.ends_with("_total"), family.kind.name() == "counter", "{name}");
        for unit in ["_ms", "_millis", "_micros", "_kb", "_percent"] {
            assert!(!name.contains(unit), "{name}");
        }
        assert!(family.help.ends_with('.') && !family.help.contains('\n'), "{name}: {}", family.help);
    }
}

#[test]
fn the_page_of_the_documentation_names_each() {
    let page = metrics_page();
    for family in all() {
        assert!(page.contains(&format!("| `{}` | {} |", family.name, family.kind.name())), "{}", family.name);
    }
}
