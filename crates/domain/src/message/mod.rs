//! Messages: what people write in a session, numbered 1, 2, 3 … without gap or repeat.

mod error;
mod model;
mod service;

pub use error::MessageError;
pub use model::{ClientMessageId, Content, Message, MessageRef, NewMessage, PostMessage, Standing, admit};
pub use service::Messages;
