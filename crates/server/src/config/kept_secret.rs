//! The development secret: made once, kept in a file of the data folder that only its owner may read.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::Path,
};

use rondo_domain::account::ports::RefreshSecrets as _;
use rondo_infra::auth::RandomSecrets;
use secrecy::SecretString;

use super::{accounts::SHORTEST_SECRET, fault::Wrong};

/// The kept secret; `None` when there is none yet.
pub(super) fn find(path: &Path) -> Result<Option<SecretString>, Wrong> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Wrong::new(
                format!("the secret kept in `{}` cannot be read ({error})", path.display()),
                "make the file readable for this user, remove it, or set JWT_SECRET",
            ));
        }
    };
    let secret = text.trim_end();
    if secret.len() < SHORTEST_SECRET {
        return Err(Wrong::new(
            format!("the secret kept in `{}` is shorter than 32 bytes", path.display()),
            "remove the file, so that a new one is made, or set JWT_SECRET",
        ));
    }
    Ok(Some(secret.into()))
}

/// Makes a secret of 256 random bits and keeps it, with mode 0600. Of two that try at once, the first wins.
pub(super) fn make(path: &Path) -> Result<SecretString, Wrong> {
    let made = random().and_then(|secret| Ok(keep(path, &secret)?.then_some(secret)));
    match made {
        Ok(Some(secret)) => Ok(secret.into()),
        Ok(None) => find(path)?.ok_or_else(|| cannot_be_kept(path, "it came and went")),
        Err(error) => Err(cannot_be_kept(path, &error.to_string())),
    }
}

fn cannot_be_kept(path: &Path, why: &str) -> Wrong {
    Wrong::new(
        format!("a secret cannot be made and kept in `{}` ({why})", path.display()),
        "let this user write to that folder, choose another DATA_DIR, or set JWT_SECRET",
    )
}

/// Puts a whole file in place or none; whether the file is ours.
fn keep(path: &Path, secret: &str) -> io::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // No two drafts share a name, even where every process is number 1 of its container.
    let draft = path.with_extension(&random()?[..8]);
    let placed = write_private(&draft, secret).and_then(|()| place(&draft, path));
    // A draft that was moved into place is gone, and one that cannot be removed does no harm.
    _ = fs::remove_file(&draft);
    placed
}

/// Gives the draft its lasting name, unless that is taken; whether it got it.
fn place(draft: &Path, path: &Path) -> io::Result<bool> {
    match fs::hard_link(draft, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        // Some file systems have no links.
        Err(_) => fs::rename(draft, path).map(|()| true),
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// 256 random bits as 43 letters that a file's name may hold.
fn random() -> io::Result<String> {
    RandomSecrets.generate().map_err(io::Error::other)
}
