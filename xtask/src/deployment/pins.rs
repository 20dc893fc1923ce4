//! What workflows run must be what was looked at: a tag of an action, or a tool's newest version, may change overnight.

/// The faults of a workflow.
pub(super) fn workflow(file: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut fault = |what: String| faults.push(format!("{file}:{}: {what}", index + 1));
        let words: Vec<&str> = line.split_whitespace().skip_while(|word| *word == "-").collect();
        if let ["uses:", action, comment @ ..] = words.as_slice()
            && !action.starts_with("./")
            && !(is_hash(action) && matches!(comment, ["#", version] if is_version(version)))
        {
            fault(format!("`{action}` is not pinned by a commit's hash, with its version behind it"));
        }
        if let Some(at) = words.windows(2).position(|pair| pair == ["cargo", "install"]) {
            for tool in words[at + 2..].iter().filter(|word| !word.starts_with('-') && !word.contains('@')) {
                fault(format!("`{tool}` is installed in whatever version is newest"));
            }
            if !words.contains(&"--locked") {
                fault("`cargo install` without --locked takes dependencies that nobody tried".to_owned());
            }
        }
    }
    if !text.lines().any(|line| line == "permissions:") {
        faults.push(format!("{file}: says not what it may do (`permissions:`)"));
    }
    let jobs = text.lines().filter(|line| line.starts_with("    runs-on:")).count();
    let deadlines = text.lines().filter(|line| line.starts_with("    timeout-minutes:")).count();
    if jobs != deadlines {
        faults.push(format!("{file}: {jobs} jobs have {deadlines} deadlines (`timeout-minutes:`)"));
    }
    faults
}

fn is_hash(action: &str) -> bool {
    let hash = action.split_once('@').map_or("", |(_, hash)| hash);
    hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_version(word: &str) -> bool {
    word.trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit()) && word.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "permissions:\n  contents: read\njobs:\n  one:\n    runs-on: x\n    timeout-minutes: 5\n    steps:\n\
        \x20     - uses: a/b@0123456789012345678901234567890123456789 # v1.2.3\n      - run: cargo install --locked c@1.0.0\n\
        \x20 two:\n    uses: ./.github/workflows/ci.yml\n";

    #[test]
    fn each_fault_of_a_workflow_is_found() {
        assert_eq!(workflow("it", GOOD), Vec::<String>::new());
        for (from, to, fault) in [
            ("0123456789012345678901234567890123456789", "v1", "not pinned"),
            (
                "0123456789012345678901234567890123456789 # v1.2.3",
                "0123456789012345678901234567890123456789",
                "not pinned",
            ),
            ("c@1.0.0", "c", "whatever version"),
            ("--locked ", "", "without --locked"),
            ("permissions:\n", "", "may do"),
            ("    timeout-minutes: 5\n", "", "deadlines"),
        ] {
            let faults = workflow("it", &GOOD.replace(from, to));
            assert!(faults.iter().any(|found| found.contains(fault)), "{fault}: {faults:?}");
        }
    }
}
