//! Invitations that nobody answered in time.

use sea_orm::DbErr;

use super::{Moments, Retention, Swept, unheld};

impl Retention {
    /// Marks invitations whose time is up, and takes away those that were marked long ago. The others tell who was
    /// invited by whom, and stay.
    pub(super) async fn invitations(&self, at: Moments, swept: &mut Swept) -> Result<(), DbErr> {
        let unheld = unheld(self.db.is_postgres());
        // Asked twice: whoever accepted one while this waited has accepted it.
        let mark = format!(
            "UPDATE invitation SET status = 'expired', settled_at = $1 \
            WHERE status = 'pending' AND expires_at <= $1 AND id IN (\
                SELECT id FROM invitation WHERE status = 'pending' AND expires_at <= $1 \
                ORDER BY expires_at LIMIT $2 {unheld})"
        );
        swept.expired += self.drain(&mark, at.now).await?;
        let forget = format!(
            "DELETE FROM invitation WHERE status = 'expired' AND id IN (\
                SELECT id FROM invitation WHERE status = 'expired' AND settled_at < $1 \
                ORDER BY settled_at LIMIT $2 {unheld})"
        );
        swept.invitations += self.drain(&forget, at.kept_since).await?;
        Ok(())
    }
}
