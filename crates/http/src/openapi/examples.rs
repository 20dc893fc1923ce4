//! Examples of bodies and answers. Those of bodies stand at their schemas; those of answers are made by the views
//! themselves, so that they cannot show what is not answered.

use std::collections::BTreeMap;

use rondo_domain::{
    invitation::{Accepted, Invitation, Status},
    notification::NotificationPage,
    page::{ActivityKey, MessageKey, Page},
    presence::JoinedPresence,
    session::EventPage,
};
use rondo_wire::view::{
    AcceptedView, AuthTokens, CheckState, EventPageView, EventView, HealthChecks, HealthState, HealthView,
    InvitationPageView, InvitationView, LoginPageView, LoginView, MembershipPageView, MembershipView, MessagePageView,
    MessageView, NotificationPageView, NotificationView, PresencePageView, SessionPageView, SessionView, UserPageView,
    UserView,
};
use serde::Serialize;
use serde_json::{Value, to_value};
use utoipa::openapi::{Content, OpenApi, RefOr, Schema};

use super::{evening, operations};

/// Shows the examples at bodies and answers.
pub(super) fn show(document: &mut OpenApi) {
    let mut examples = answers();
    for (name, schema) in document.components.iter().flat_map(|components| &components.schemas) {
        if let Some(example) = own(schema) {
            examples.entry(name.clone()).or_insert_with(|| example.clone());
        }
    }
    for (_, _, operation) in operations(document) {
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.content.values_mut().for_each(|content| show_at(content, &examples));
        }
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                response.content.values_mut().for_each(|content| show_at(content, &examples));
            }
        }
    }
}

/// The example that a schema has of itself.
fn own(schema: &RefOr<Schema>) -> Option<&Value> {
    match schema {
        RefOr::T(Schema::Object(object)) => object.example.as_ref(),
        _ => None,
    }
}

fn show_at(content: &mut RefOr<Content>, examples: &BTreeMap<String, Value>) {
    if let RefOr::T(content) = content
        && content.example.is_none()
        && content.examples.is_empty()
    {
        content.example = content.schema.as_ref().and_then(|schema| named(schema, examples));
    }
}

/// The example of a schema that is a reference.
fn named(schema: &RefOr<Schema>, examples: &BTreeMap<String, Value>) -> Option<Value> {
    match schema {
        RefOr::Ref(reference) => examples.get(reference.ref_location.rsplit('/').next()?).cloned(),
        RefOr::T(_) => None,
    }
}

/// What each view shows of one evening, by the name of its schema.
fn answers() -> BTreeMap<String, Value> {
    let shown = [accounts(), sessions(), invitations(), notifications()].concat();
    shown.into_iter().map(|(name, example)| (name.to_owned(), example)).collect()
}

type Shown = Vec<(&'static str, Value)>;

fn accounts() -> Shown {
    let (grant, login) = (evening::grant(), evening::login());
    let people = Page { items: vec![evening::ada()], next: None };
    let logins = LoginPageView { items: vec![LoginView::from(&login)], next_cursor: None };
    let checks = HealthChecks { database: CheckState::Ok, cache: CheckState::Ok, bus: CheckState::Ok };
    let health = HealthView { status: HealthState::Ok, version: env!("CARGO_PKG_VERSION"), checks: Some(checks) };
    vec![
        ("User", json(UserView::own(&grant.user))),
        ("UserPage", json(UserPageView::from(&people))),
        ("AuthTokens", json(AuthTokens::of(&grant, false))),
        ("ActiveLogin", json(LoginView::from(&login))),
        ("ActiveLoginPage", json(logins)),
        ("Health", json(health)),
    ]
}

fn sessions() -> Shown {
    let (session, message, membership) = (evening::session(), evening::message(), evening::membership());
    let next = ActivityKey { active_at: session.active_at, id: session.id };
    let sessions = Page { items: vec![session.clone()], next: Some(next) };
    let messages = Page { items: vec![message.clone()], next: Some(MessageKey::Before(Some(message.seq))) };
    let members = Page { items: vec![membership.clone()], next: None };
    let event = evening::event(json(MessageView::from(&message)).to_string());
    let events = EventPage { items: vec![event.clone()], position: event.position, recovered: true, more: false };
    let presence = JoinedPresence { people: vec![evening::present()], count: 1, next: None };
    vec![
        ("Session", json(SessionView::from(&session))),
        ("SessionPage", json(SessionPageView::from(&sessions))),
        ("Membership", json(MembershipView::from(&membership))),
        ("MembershipPage", json(MembershipPageView::from(&members))),
        ("Message", json(MessageView::from(&message))),
        ("MessagePage", json(MessagePageView::from(&messages))),
        ("Event", json(EventView::from(&event))),
        ("EventPage", json(EventPageView::from(&events))),
        ("PresencePage", json(PresencePageView::from(&presence))),
    ]
}

fn invitations() -> Shown {
    let invitation = evening::invitation();
    let page = Page { items: vec![invitation.clone()], next: None };
    let invitation_accepted = Invitation { status: Status::Accepted, ..invitation.clone() };
    let accepted = Accepted { invitation: invitation_accepted, membership: evening::membership() };
    vec![
        ("Invitation", json(InvitationView::from(&invitation))),
        ("InvitationPage", json(InvitationPageView::from(&page))),
        ("InvitationAccepted", json(AcceptedView::from(&accepted))),
    ]
}

fn notifications() -> Shown {
    let notification = evening::notification();
    let page = Page { items: vec![notification.clone()], next: None };
    let page = NotificationPage { page, unread_count: 1 };
    vec![
        ("Notification", json(NotificationView::from(&notification))),
        ("NotificationPage", json(NotificationPageView::from(&page))),
    ]
}

fn json(view: impl Serialize) -> Value {
    to_value(view).unwrap_or_default()
}
