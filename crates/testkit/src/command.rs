//! Commands of the server's binary that end by themselves.

use std::{env, path::PathBuf, process::Stdio};

use tokio::process::Command;

use crate::{
    TestDb,
    patience::within,
    server::{INHERITED, VARIABLE},
};

/// What a command said, and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// The exit code.
    pub code: i32,
    /// What went to standard output.
    pub out: String,
    /// What went to standard error.
    pub err: String,
}

impl Said {
    /// Insists on the exit code.
    #[track_caller]
    pub fn assert_ended(&self, code: i32) {
        assert_eq!(self.code, code, "{self:?}");
    }

    /// Insists on the exit code, and goes on.
    #[track_caller]
    #[must_use]
    pub fn ended(self, code: i32) -> Self {
        self.assert_ended(code);
        self
    }
}

/// Runs `rondo` with these words, on a database.
pub async fn rondo(database: &TestDb, words: &[&str]) -> Said {
    let binary = env::var_os(VARIABLE).map(PathBuf::from).filter(|path| path.is_file());
    let binary = binary.unwrap_or_else(|| panic!("{VARIABLE} must name the server's binary, which was built before"));
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(INHERITED.iter().filter_map(|name| Some((name, env::var_os(name)?))))
        .envs([("APP_ENV", "production"), ("DATABASE_URL", database.url()), ("RUST_LOG", "warn")])
        .env("DATA_DIR", database.folder())
        .current_dir(database.folder())
        .args(words)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = within("a command", command.output()).await.expect("a binary that can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("an exit code");
    Said { code, out: text(output.stdout), err: text(output.stderr) }
}
