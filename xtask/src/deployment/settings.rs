//! Settings that deployments name must be settings that Rondo has: a mistyped one would be ignored in silence.

/// Names with which other programs are told something; what is not in here must be ours.
const OTHERS: &[&str] = &["POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"];

/// The settings in `.env.example`, which a test of the settings holds complete.
pub(super) fn names(example: &str) -> Vec<String> {
    let name = |line: &str| line.trim_start_matches("# ").split_once('=').map(|(name, _)| name.to_owned());
    example.lines().filter_map(name).filter(|name| is_name(name)).collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What follows `ENV` in a Dockerfile.
pub(super) fn of_dockerfile(text: &str) -> Vec<String> {
    pairs(text.lines().filter_map(|line| line.strip_prefix("ENV ")))
}

/// What follows `Environment=` in a systemd unit.
pub(super) fn of_unit(text: &str) -> Vec<String> {
    pairs(text.lines().filter_map(|line| line.strip_prefix("Environment=")))
}

fn pairs<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<String> {
    let words = lines.flat_map(str::split_whitespace);
    words.filter_map(|word| word.split_once('=').map(|(name, _)| name.to_owned())).collect()
}

/// The keys of each `environment:` of a compose file, and the variables that it asks its caller for.
pub(super) fn of_compose(text: &str) -> Vec<String> {
    let keys = text.lines().filter_map(|line| line.trim().split_once(": ").map(|(name, _)| name));
    let asked = text.split("${").skip(1).filter_map(|rest| rest.split([':', '}', '-']).next());
    keys.chain(asked).filter(|name| is_name(name)).map(str::to_owned).collect()
}

/// The keys of `[env]` in `fly.toml`.
pub(super) fn of_fly(text: &str) -> Vec<String> {
    let section =
        text.lines().skip_while(|line| line.trim() != "[env]").skip(1).take_while(|line| !line.starts_with('['));
    section.filter_map(|line| line.split_once('=').map(|(name, _)| name.trim().to_owned())).collect()
}

/// A fault for each name that is nobody's.
pub(super) fn unknown(file: &str, used: &[String], names: &[String]) -> Vec<String> {
    if used.is_empty() {
        return vec![format!("{file}: no setting was found in it, so nothing was checked")];
    }
    let strange = used.iter().filter(|name| !names.contains(name) && !OTHERS.contains(&name.as_str()));
    strange.map(|name| format!("{file}: `{name}` is no setting of Rondo")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_setting_is_found_in_each_kind_of_file() {
        let names = names("# What it is for.\n# PORT=4000\n# JWT_SECRET=\n");
        assert_eq!(names, ["PORT", "JWT_SECRET"]);
        for used in [
            of_dockerfile("FROM x:1\nENV PORT=1 JWT_SECRETS=2\n"),
            of_unit("[Service]\nEnvironment=PORT=1 JWT_SECRETS=2\n"),
            of_compose("  environment:\n    PORT: 1\n    JWT_SECRETS: ${JWT_SECRET:?make one}\n"),
            of_fly("app = \"x\"\n[env]\nPORT = \"1\"\nJWT_SECRETS = \"2\"\n[mounts]\nSIZE = 1\n"),
        ] {
            let faults = unknown("it", &used, &names);
            assert_eq!(faults, ["it: `JWT_SECRETS` is no setting of Rondo"], "{used:?}");
        }
        assert_eq!(unknown("it", &of_compose("  ask: ${JWT_SECRT}\n"), &names).len(), 1);
        assert_eq!(unknown("it", &[], &names).len(), 1, "a file in which nothing is found passed");
    }
}
