//! Typed identifiers. All are UUIDv7 (RFC 9562), so they sort by the time of their making; only this file makes them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Makes a new identifier that sorts after those made before it on this node.
            #[must_use]
            #[expect(clippy::disallowed_methods, reason = "the one place that makes identifiers")]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// A person's account.
    UserId
);
id!(
    /// One sign-in of a person (the `sid` of its access tokens); its refresh tokens form one family.
    LoginId
);
id!(
    /// A session: the room that people share.
    SessionId
);
id!(
    /// A message inside a session.
    MessageId
);
id!(
    /// A request that came without a name of its own, to find it in the log.
    RequestId
);
id!(
    /// An invitation into a session.
    InvitationId
);
id!(
    /// A notification of a person.
    NotificationId
);
id!(
    /// A server that runs, from its start to its end; one that is started again is another.
    NodeId
);
