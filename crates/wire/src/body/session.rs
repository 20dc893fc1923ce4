//! Bodies about sessions.

use rondo_domain::{
    Invalid,
    invalid::Check,
    session::{Color, Description, NewSession, SessionChange, SessionName, Visibility, image_url},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new session, owned by its maker.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Fulbito del jueves", "description": "Who plays, who brings the ball", "color": "#75aadb", "visibility": "private"}))]
pub struct CreateSession {
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// At most 1,000 characters.
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// A CSS colour such as `#75aadb` or `teal`.
    #[schema(max_length = 32)]
    pub color: Option<String>,
    /// An http or https address of a picture.
    #[schema(max_length = 2048)]
    pub image_url: Option<String>,
    /// `private` (the default) or `public`.
    #[schema(value_type = Option<crate::view::VisibilityView>)]
    pub visibility: Option<String>,
}

impl TryFrom<CreateSession> for NewSession {
    type Error = Invalid;

    fn try_from(body: CreateSession) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let name = check.field("name", SessionName::parse(&body.name));
        let description = check.field("description", Description::parse(body.description.as_deref().unwrap_or("")));
        let color = check.field("color", Color::parse(body.color.as_deref().unwrap_or("")));
        let picture = check.field("imageUrl", image_url(body.image_url.as_deref().unwrap_or("")));
        let visibility = check.optional("visibility", body.visibility, |word| Visibility::parse(&word));
        match (name, description, color, picture, visibility) {
            (Some(name), Some(description), Some(color), Some(image_url), Some(visibility)) => {
                Ok(Self { name, description, color, image_url, visibility: visibility.unwrap_or(Visibility::Private) })
            }
            _ => Err(check.failed()),
        }
    }
}

/// A change of a session: what is left out stays, `null` empties.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Fulbito del viernes", "description": null}))]
pub struct UpdateSession {
    /// 1 to 100 characters.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// At most 1,000 characters.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    pub description: Option<Option<String>>,
    /// A CSS colour such as `#75aadb` or `teal`.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, max_length = 32)]
    pub color: Option<Option<String>>,
    /// An http or https address of a picture.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    pub image_url: Option<Option<String>>,
    /// `private` or `public`.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<crate::view::VisibilityView>, nullable = false)]
    pub visibility: Option<String>,
}

impl TryFrom<UpdateSession> for SessionChange {
    type Error = Invalid;

    fn try_from(body: UpdateSession) -> Result<Self, Invalid> {
        fn given(text: Option<String>) -> String {
            text.unwrap_or_default()
        }
        let mut check = Check::default();
        let name = check.optional("name", body.name, |name| SessionName::parse(&name));
        let description = check.optional("description", body.description, |text| Description::parse(&given(text)));
        let color = check.optional("color", body.color, |text| Color::parse(&given(text)));
        let picture = check.optional("imageUrl", body.image_url, |text| image_url(&given(text)));
        let visibility = check.optional("visibility", body.visibility, |word| Visibility::parse(&word));
        match (name, description, color, picture, visibility) {
            (Some(name), Some(description), Some(color), Some(image_url), Some(visibility)) => {
                Ok(Self { name, description, color, image_url, visibility })
            }
            _ => Err(check.failed()),
        }
    }
}
