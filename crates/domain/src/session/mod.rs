//! Sessions: the rooms that people share, and who is in them.

mod error;
mod members;
mod model;
mod service;

pub use error::SessionError;
pub use members::Members;
pub use model::{
    Access, Color, Description, Membership, NewSession, Session, SessionChange, SessionDraft, SessionName, Visibility,
    image_url, require,
};
pub use service::{EventPage, JoinSnapshot, Sessions};
pub(crate) use service::{admitted, judged};
