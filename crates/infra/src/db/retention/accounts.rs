//! Tokens, logins and idempotency keys that nobody can use.

use std::collections::BTreeSet;

use rondo_domain::idempotency::REMEMBERED_FOR;
use sea_orm::DbErr;
use tokio::time::Instant;
use uuid::Uuid;

use super::{BATCH, Moments, Retention, Swept, is_last, unheld};
use crate::db::rows::Cells;

/// How many logins are looked at in one statement.
const LOGINS: i64 = 100;

const ENDED: &str = "SELECT id FROM login WHERE revoked_at < $1 ORDER BY revoked_at LIMIT $2";

const TOKENS_OF: &str = "\
    DELETE FROM refresh_token WHERE digest IN (SELECT digest FROM refresh_token WHERE login_id = $1 LIMIT $2)";

const TAKE_LOGIN: &str = "\
    DELETE FROM login WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM refresh_token t WHERE t.login_id = $1)";

impl Retention {
    /// Takes away refresh tokens that expired, spent ones too: of an expired one nobody asks any more whether it was
    /// used before. A login goes with the last of its tokens.
    pub(super) async fn tokens(&self, at: Moments, swept: &mut Swept) -> Result<(), DbErr> {
        let sql = format!(
            "DELETE FROM refresh_token WHERE expires_at < $1 AND digest IN (\
                SELECT digest FROM refresh_token WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 {}\
            ) RETURNING login_id",
            unheld(self.db.is_postgres())
        );
        loop {
            let begun = Instant::now();
            let txn = self.db.begin().await?;
            let taken = txn.rows(sql.clone(), [at.spent_before.into(), BATCH.into()]).await?;
            let logins = taken.iter().map(|row| Cells::new(row).take()).collect::<Result<BTreeSet<Uuid>, _>>()?;
            for login in logins {
                swept.logins += txn.run(TAKE_LOGIN, [login.into()]).await?;
            }
            txn.commit().await?;
            let count = taken.len() as u64;
            swept.tokens += count;
            if is_last(count) {
                return Ok(());
            }
            self.rest(begun).await?;
        }
    }

    /// Takes away logins that were ended, and their tokens.
    pub(super) async fn logins(&self, at: Moments, swept: &mut Swept) -> Result<(), DbErr> {
        loop {
            let page = self.db.rows(ENDED, [at.spent_before.into(), LOGINS.into()]).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                let login: Uuid = Cells::new(row).take()?;
                loop {
                    let begun = Instant::now();
                    let txn = self.db.begin().await?;
                    let tokens = txn.run(TOKENS_OF, [login.into(), BATCH.into()]).await?;
                    let logins = txn.run(TAKE_LOGIN, [login.into()]).await?;
                    txn.commit().await?;
                    (swept.tokens, swept.logins) = (swept.tokens + tokens, swept.logins + logins);
                    if is_last(tokens) {
                        break;
                    }
                    self.rest(begun).await?;
                }
            }
            self.rest(Instant::now()).await?;
        }
    }

    /// Forgets the requests whose keys are as good as new.
    pub(super) async fn keys(&self, at: Moments, swept: &mut Swept) -> Result<(), DbErr> {
        // The moment is asked for twice: a key that was taken anew while this waited is not forgotten.
        let sql = format!(
            "DELETE FROM idempotency_key WHERE created_at < $1 AND (user_id, key) IN (\
                SELECT user_id, key FROM idempotency_key WHERE created_at < $1 ORDER BY created_at LIMIT $2 {})",
            unheld(self.db.is_postgres())
        );
        swept.keys += self.drain(&sql, at.now - REMEMBERED_FOR).await?;
        Ok(())
    }
}
