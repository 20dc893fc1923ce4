//! What answers hold. Views borrow from the domain's values, so that showing them copies nothing but bytes.

mod account;
mod event;
mod health;
mod invitation;
mod message;
mod notification;
mod presence;
mod problem;
mod session;

pub use account::{AuthTokens, LoginPageView, LoginView, UserPageView, UserView};
pub use event::{EventPageView, EventView};
pub use health::{CheckState, HealthChecks, HealthState, HealthView};
pub use invitation::{AcceptedView, InvitationPageView, InvitationStatusView, InvitationView, InvitedRoleView};
pub use message::{MessagePageView, MessageView};
pub use notification::{NotificationPageView, NotificationView};
pub use presence::{CameView, PresenceDiffView, PresencePageView, PresentView, ReadView, SomebodyView};
pub use problem::Problem;
pub use session::{
    MemberRemovedView, MembershipPageView, MembershipView, RoleView, SessionDeletedView, SessionFacts, SessionPageView,
    SessionView, VisibilityView,
};
