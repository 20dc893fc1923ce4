//! Bodies about oneself.

use rondo_domain::{
    Invalid,
    account::{DisplayName, ProfileChange, avatar_url, bio},
    invalid::Check,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A change of one's profile: what is left out stays, `null` empties.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"displayName": "Ada L.", "bio": "Left-footed."}))]
pub struct UpdateMe {
    /// The name that others see, 1 to 100 characters.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100)]
    pub display_name: Option<String>,
    /// An http or https address of a picture.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    pub avatar_url: Option<Option<String>>,
    /// At most 500 characters.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub bio: Option<Option<String>>,
}

impl TryFrom<UpdateMe> for ProfileChange {
    type Error = Invalid;

    fn try_from(body: UpdateMe) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let display_name = check.optional("displayName", body.display_name, |name| DisplayName::parse(&name));
        let avatar = check.optional("avatarUrl", body.avatar_url, |url| avatar_url(url.as_deref().unwrap_or("")));
        let about = check.optional("bio", body.bio, |text| bio(text.as_deref().unwrap_or("")));
        match (display_name, avatar, about) {
            (Some(display_name), Some(avatar_url), Some(bio)) => Ok(Self { display_name, avatar_url, bio }),
            _ => Err(check.failed()),
        }
    }
}
