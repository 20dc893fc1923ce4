//! Reading notifications.

use async_graphql::{Context, ID, InputObject, Object};
use rondo_domain::{NotificationId, invalid::Check, limits::Rule};

use super::input::id;
use crate::{fault::Outcome, once::once, visit::Visit};

/// A notification that was read.
#[derive(InputObject)]
struct ReadNotificationInput {
    /// Which notification.
    notification_id: ID,
}

/// All notifications; there is nothing to say about them.
#[derive(InputObject)]
struct ReadAllNotificationsInput {
    /// A name of the client's own. Nothing is made of it: an input must have a field.
    client_mutation_id: Option<String>,
}

#[derive(Default)]
pub(super) struct NotificationMutation;

#[Object]
impl NotificationMutation {
    /// Marks a notification as read; without effect when it is.
    async fn read_notification(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which notification.")] input: ReadNotificationInput,
    ) -> Outcome<Option<bool>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let mut check = Check::default();
        let notification: Option<NotificationId> = id(&mut check, "notificationId", &input.notification_id);
        let notification = notification.ok_or_else(|| check.failed())?;
        once(ctx, &actor, |guard| visit.services.notifications.read(&actor, notification, guard)).await.map(Some)
    }

    /// Marks all of one's notifications as read.
    async fn read_all_notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "May be left out.")] input: Option<ReadAllNotificationsInput>,
    ) -> Outcome<Option<bool>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let _ = input.and_then(|input| input.client_mutation_id);
        once(ctx, &actor, |guard| visit.services.notifications.read_all(&actor, guard)).await.map(Some)
    }
}
