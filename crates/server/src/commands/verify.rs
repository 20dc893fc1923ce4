//! `rondo verify`: proves that the data is as the rules want it.

use std::process::ExitCode;

use rondo_infra::db;

use super::{FAULTY, say};
use crate::{
    config::{DatabaseSettings, Faults, LogSettings},
    node::database_settings,
};

/// Exits with 0 when every rule holds, with 1 when one does not, and with 2 when that cannot be told.
pub(super) fn answer(settings: Result<(DatabaseSettings, LogSettings), Faults>) -> ExitCode {
    let mut sound = true;
    let told = settings.map_err(|faults| faults.to_string()).and_then(|(database, log)| {
        super::block_on(&log, 1, async {
            sound = verify(&database).await?;
            Ok(())
        })
    });
    match told {
        Ok(()) if sound => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("rondo: the data cannot be verified: {error}");
            ExitCode::from(FAULTY)
        }
    }
}

async fn verify(database: &DatabaseSettings) -> Result<bool, String> {
    let (mut rules, mut broken, mut said) = (0, 0, Ok(()));
    let settings = database_settings(database);
    let sound = db::verify(&settings, |finding| {
        rules += 1;
        broken += usize::from(!finding.holds());
        if said.is_ok() {
            said = say(finding);
        }
    });
    let sound = sound.await.map_err(|error| error.to_string())?;
    said?;
    say(match broken {
        0 => format!("All {rules} rules hold."),
        _ => format!("{broken} of {rules} rules are broken."),
    })?;
    Ok(sound)
}
