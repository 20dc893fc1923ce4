//! The values of a session.

use crate::{
    account::User,
    clock::Timestamp,
    event::Position,
    ids::SessionId,
    invalid::Reason,
    policy::{self, Action, Role},
    session::SessionError,
    text,
};

/// Who may find a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Members alone know that it exists.
    Private,
    /// Any signed-in person may find and join it.
    Public,
}

impl Visibility {
    /// The public word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }

    /// Reads the public word.
    ///
    /// # Errors
    /// `invalid_value`.
    pub fn parse(word: &str) -> Result<Self, Reason> {
        match word {
            "private" => Ok(Self::Private),
            "public" => Ok(Self::Public),
            _ => Err(Reason::new("invalid_value", "must be private or public")),
        }
    }
}

/// A session's name, 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionName(String);

impl SessionName {
    /// Reads a name.
    ///
    /// # Errors
    /// `required`, `too_long`, `nul_character`.
    pub fn parse(raw: &str) -> Result<Self, Reason> {
        text::trimmed(raw, 1, 100).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a session is about, up to 1,000 characters; blank is none.
pub struct Description;

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// `too_long`, `nul_character`.
    pub fn parse(raw: &str) -> Result<Option<String>, Reason> {
        text::trimmed(raw, 0, 1_000).map(|text| (!text.is_empty()).then_some(text))
    }
}

/// A colour as CSS writes it: `#rgb`, `#rrggbb`, `#rrggbbaa`, or a name such as `teal`; blank is none.
pub struct Color;

impl Color {
    /// Reads a colour.
    ///
    /// # Errors
    /// `invalid_format`, `too_long`, `nul_character`.
    pub fn parse(raw: &str) -> Result<Option<String>, Reason> {
        let text = text::trimmed(raw, 0, 32)?;
        let well_formed = match text.strip_prefix('#') {
            Some(hex) => matches!(hex.len(), 3 | 6 | 8) && hex.bytes().all(|b| b.is_ascii_hexdigit()),
            None => text.bytes().all(|b| b.is_ascii_alphabetic()),
        };
        if well_formed {
            Ok((!text.is_empty()).then_some(text))
        } else {
            Err(Reason::new("invalid_format", "must be a CSS colour such as #75aadb or teal"))
        }
    }
}

/// Reads the address of a picture; blank is none.
///
/// # Errors
/// `invalid_format`, `too_long`, `nul_character`.
pub fn image_url(raw: &str) -> Result<Option<String>, Reason> {
    if raw.trim().is_empty() { Ok(None) } else { text::web_address(raw).map(Some) }
}

/// A session as one person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// A colour to show it in.
    pub color: Option<String>,
    /// A picture.
    pub image_url: Option<String>,
    /// Who may find it.
    pub visibility: Visibility,
    /// The role of the person who looks; `None` for an outsider, and for nobody in particular.
    pub role: Option<Role>,
    /// How many are members.
    pub member_count: i64,
    /// The `seq` of its newest message; 0 before the first.
    pub last_seq: i64,
    /// The position of its newest event; 0 before the first.
    pub last_position: Position,
    /// Messages beyond the read marker of the person who looks; 0 for an outsider.
    pub unread_count: i64,
    /// When its newest message was posted.
    pub last_message_at: Option<Timestamp>,
    /// When something last happened in it: what lists are ordered by.
    pub active_at: Timestamp,
    /// Since when.
    pub created_at: Timestamp,
    /// When its name, description, looks or visibility last changed.
    pub updated_at: Timestamp,
}

/// What a new session needs.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its name.
    pub name: SessionName,
    /// What it is about.
    pub description: Option<String>,
    /// A colour to show it in.
    pub color: Option<String>,
    /// A picture.
    pub image_url: Option<String>,
    /// Who may find it.
    pub visibility: Visibility,
}

/// What somebody changes of a session; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Clone, Debug, Default)]
pub struct SessionChange {
    /// Its name.
    pub name: Option<SessionName>,
    /// What it is about.
    pub description: Option<Option<String>>,
    /// A colour to show it in.
    pub color: Option<Option<String>>,
    /// A picture.
    pub image_url: Option<Option<String>>,
    /// Who may find it.
    pub visibility: Option<Visibility>,
}

/// The fields of a session that a person sets, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDraft {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// A colour to show it in.
    pub color: Option<String>,
    /// A picture.
    pub image_url: Option<String>,
    /// Who may find it.
    pub visibility: Visibility,
    /// When they were set.
    pub updated_at: Timestamp,
}

impl SessionChange {
    /// Writes the change over a session; `false` when it changes nothing.
    pub(crate) fn apply(self, session: &mut Session, now: Timestamp) -> bool {
        let before = session.clone();
        if let Some(name) = self.name {
            session.name = name.0;
        }
        if let Some(description) = self.description {
            session.description = description;
        }
        if let Some(color) = self.color {
            session.color = color;
        }
        if let Some(image_url) = self.image_url {
            session.image_url = image_url;
        }
        if let Some(visibility) = self.visibility {
            session.visibility = visibility;
        }
        let changed = *session != before;
        if changed {
            session.updated_at = now;
        }
        changed
    }
}

impl Session {
    /// What a person set of it.
    #[must_use]
    pub fn draft(&self) -> SessionDraft {
        SessionDraft {
            name: self.name.clone(),
            description: self.description.clone(),
            color: self.color.clone(),
            image_url: self.image_url.clone(),
            visibility: self.visibility,
            updated_at: self.updated_at,
        }
    }
}

/// That somebody is in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub session_id: SessionId,
    /// Who.
    pub user: User,
    /// As what.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
}

/// What somebody may see of a session, and where its log stood at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who may find the session.
    pub visibility: Visibility,
    /// The person's role; `None` for an outsider.
    pub role: Option<Role>,
    /// Whether the session was deleted: its log is all that is left.
    pub deleted: bool,
    /// The newest event.
    pub last_position: Position,
    /// The newest event that is no longer kept; 0 while all are.
    pub log_floor: Position,
}

impl Access {
    /// Whether the log can tell all that came after `position`.
    #[must_use]
    pub const fn recovers(&self, position: Position) -> bool {
        self.log_floor <= position && position <= self.last_position
    }
}

/// Asks the policy for a person who may be an outsider. An outsider learns of a public session that it exists, and of
/// a private one nothing.
///
/// # Errors
/// [`SessionError::Unknown`], [`SessionError::NotMember`], [`SessionError::Forbidden`].
pub fn require(visibility: Visibility, role: Option<Role>, action: Action) -> Result<Role, SessionError> {
    match (role, visibility) {
        (Some(role), _) if policy::allows(role, action) => Ok(role),
        (Some(role), _) => Err(SessionError::Forbidden(role)),
        (None, Visibility::Public) => Err(SessionError::NotMember),
        (None, Visibility::Private) => Err(SessionError::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outsider_learns_nothing_of_a_private_session() {
        let asked = |visibility, role| require(visibility, role, Action::Write);
        assert!(matches!(asked(Visibility::Private, None), Err(SessionError::Unknown)));
        assert!(matches!(asked(Visibility::Public, None), Err(SessionError::NotMember)));
        assert!(matches!(asked(Visibility::Private, Some(Role::Viewer)), Err(SessionError::Forbidden(Role::Viewer))));
        assert!(matches!(asked(Visibility::Private, Some(Role::Member)), Ok(Role::Member)));
    }

    #[test]
    fn colours_are_hexadecimal_or_named() {
        for color in ["#fff", "#75AADB", "#75aadbff", "teal"] {
            assert_eq!(Color::parse(color), Ok(Some(color.to_owned())));
        }
        assert_eq!(Color::parse("  "), Ok(None));
        for color in ["#ffff", "#ggg", "rgb(1,2,3)", "light blue"] {
            assert_eq!(Color::parse(color).unwrap_err().code, "invalid_format", "{color}");
        }
    }
}
