//! The pages that tell of the settings know them all.

use super::{AppEnv, Folder, SECRET, Settings, raw, raw_of};

/// Whether a page names a setting in its code: as it is, or by what it begins with and a `*`.
fn names(page: &str, setting: &str) -> bool {
    page.split('`').skip(1).step_by(2).any(|code| match code.strip_suffix('*') {
        Some(beginning) => beginning.ends_with('_') && setting.starts_with(beginning),
        None => code == setting,
    })
}

#[test]
fn the_tables_of_settings_name_each_of_them() {
    for (file, page) in [
        ("README.md", include_str!("../../../../../README.md")),
        ("docs/OPERATIONS.md", include_str!("../../../../../docs/OPERATIONS.md")),
    ] {
        // Code blocks would turn what stands between backticks inside out.
        let rows: String = page.lines().filter(|line| line.starts_with("| ")).flat_map(|line| [line, "\n"]).collect();
        let missing: Vec<_> = raw::all().map(|setting| setting.name).filter(|name| !names(&rows, name)).collect();
        assert!(missing.is_empty(), "{file} does not name {missing:?}");
    }
}

#[test]
fn the_example_file_has_every_setting_with_its_default_and_is_sound_as_it_stands() {
    let example = include_str!("../../../../../.env.example");
    for setting in raw::all() {
        let (name, default) = (setting.name, setting.default_value(AppEnv::Development));
        let line = example.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(&format!("{name}=")));
        let line = line.unwrap_or_else(|| panic!("{name} is missing"));
        assert!(default.is_empty() || line == default, "{name}={line}, but the default is {default}");
    }
    let lines = example.lines().filter(|line| !line.is_empty());
    assert!(lines.clone().all(|line| line.starts_with('#')), "everything is commented out");

    // With every setting switched on, the values are good ones.
    let folder = Folder::new();
    let is_setting = |text: &str| raw::all().any(|setting| text.starts_with(&format!("{}=", setting.name)));
    let on: Vec<_> = lines.filter_map(|line| line.strip_prefix("# ")).filter(|text| is_setting(text)).collect();
    let dotenv = folder.write(".env", &on.join("\n"));
    let raw = raw_of(&[("JWT_SECRET", SECRET), ("DATA_DIR", folder.as_var())]);
    assert!(Settings::load_with(&raw, &dotenv).is_ok());
}
