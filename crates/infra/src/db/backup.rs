//! Copies a SQLite database into a file while servers go on writing it.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::{
    DatabaseSettings,
    whole::{self, Purpose, WholeError, number, rows},
};

/// Writes a copy of everything that is committed now to `file`, for its owner's eyes alone. It stands under its name only
/// once it is whole: checked, and on the disk. Gives its size in bytes.
///
/// # Errors
/// When `file` exists, when the database is PostgreSQL or cannot be read, or when the copy cannot be written or is broken.
pub async fn backup(settings: &DatabaseSettings, file: &Path) -> Result<u64, WholeError> {
    if settings.is_postgres() {
        return Err(WholeError::new(
            "PostgreSQL makes its own backups: `pg_dump --format=custom --file=FILE \"$DATABASE_URL\"`",
        ));
    }
    if file.symlink_metadata().is_ok() {
        return Err(exists(file));
    }
    let part = Part::create(file)?;
    write(settings, &part.0).await?;
    check(&part.0).await?;
    let io = |error| WholeError::new(format!("cannot finish {}: {error}", file.display()));
    File::open(&part.0).and_then(|file| file.sync_all()).map_err(io)?;
    // Unlike a rename, a link never takes the place of a file that came meanwhile.
    fs::hard_link(&part.0, file).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(file),
        _ => io(error),
    })?;
    drop(part);
    File::open(folder(file)).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(file.metadata().map_err(io)?.len())
}

fn exists(file: &Path) -> WholeError {
    WholeError::new(format!("{} exists already, and nothing is overwritten", file.display()))
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The copy while it is in the making; gone with this.
struct Part(PathBuf);

impl Part {
    fn create(file: &Path) -> Result<Self, WholeError> {
        let mut name = file.file_name().map(OsString::from).unwrap_or_default();
        name.push(format!(".{}.part", std::process::id()));
        let path = folder(file).join(name);
        // Empty, for SQLite to fill: so it has this mode from the beginning.
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(_) => Ok(Self(path)),
            Err(error) => Err(WholeError::new(format!("cannot write beside {}: {error}", file.display()))),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0); // a file named .part misleads nobody
    }
}

async fn write(settings: &DatabaseSettings, part: &Path) -> Result<(), WholeError> {
    let path = part.to_str().ok_or_else(|| WholeError::new("the name of the backup is not UTF-8 text"))?;
    let connection = whole::open(settings, Purpose::Read).await?;
    let written = rows(&connection, "VACUUM INTO $1", [path.into()]).await;
    connection.close().await?;
    written?;
    Ok(())
}

/// Insists that the copy is a whole database.
async fn check(part: &Path) -> Result<(), WholeError> {
    let broken = |what: &str| WholeError::new(format!("the copy is broken and was thrown away: {what}"));
    let connection = whole::open_file(part, Purpose::Read).await?;
    let asked = async {
        for row in rows(&connection, "PRAGMA integrity_check(1)", []).await? {
            let said: String = row.try_get_by_index(0)?;
            if said != "ok" {
                return Err(broken(&said));
            }
        }
        if !rows(&connection, "PRAGMA foreign_key_check", []).await?.is_empty() {
            return Err(broken("a row refers to one that is not there"));
        }
        match number(&connection, "SELECT COUNT(*) FROM seaql_migrations").await? {
            0 => Err(broken("it holds no schema of Rondo")),
            _ => Ok(()),
        }
    };
    let outcome = asked.await;
    connection.close().await?;
    outcome
}
