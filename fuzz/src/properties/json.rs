//! JSON in bodies and socket events.

use rondo_domain::message::{Content, PostMessage};
use rondo_wire::{ErrorCode, Fault, body, decode, socket};

use super::choice;

/// A body is taken, or refused with a fault that tells the client what to mend.
pub fn bodies(data: &[u8]) {
    let (which, json) = choice(data);
    match which % 11 {
        0 => told(decode::<body::Register>(json)),
        1 => told(decode::<body::Login>(json)),
        2 => told(decode::<body::Refresh>(json)),
        3 => told(decode::<body::ChangePassword>(json)),
        4 => told(decode::<body::CreateInvitation>(json)),
        5 => told(decode::<body::ChangeRole>(json)),
        6 => told(decode::<body::CreateSession>(json)),
        7 => told(decode::<body::UpdateSession>(json)),
        8 => told(decode::<body::UpdateMe>(json)),
        9 => told(decode::<body::MarkRead>(json)),
        _ => {
            if let Ok(Ok(content)) = decode::<body::UpdateMessage>(json).map(Content::try_from) {
                is_content(content.as_str());
            }
        }
    }
}

/// As [`bodies`]; and what is taken as a message keeps the bounds of a message.
pub fn socket(data: &[u8]) {
    let (which, json) = choice(data);
    match which % 7 {
        0 => {
            if let Ok(Ok(join)) = decode::<socket::JoinSession>(json).map(socket::JoinRequest::try_from) {
                assert!(join.after.is_none_or(|after| after >= 0), "{join:?}");
            }
        }
        1 => told(decode::<socket::LeaveSession>(json)),
        2 => {
            if let Ok(Ok(post)) = decode::<socket::SendMessage>(json).map(PostMessage::try_from) {
                is_content(post.content.as_str());
                assert!(post.client_message_id.is_none_or(|id| (1..=64).contains(&id.as_str().chars().count())));
            }
        }
        3 => told(decode::<socket::EditMessage>(json)),
        4 => told(decode::<socket::DeleteMessage>(json)),
        5 => told(decode::<socket::ReadMessages>(json)),
        _ => told(decode::<socket::RefreshConnection>(json)),
    }
}

fn told<T>(verdict: Result<T, Fault>) {
    let Err(fault) = verdict else { return };
    match fault.code {
        ErrorCode::MalformedJson => assert!(fault.errors.is_empty()),
        ErrorCode::ValidationFailed => assert!(!fault.errors.is_empty(), "no field is named: {fault:?}"),
        code => panic!("a body was refused with {code:?}"),
    }
}

fn is_content(text: &str) {
    assert!((1..=4_000).contains(&text.chars().count()), "{} characters", text.chars().count());
    assert_eq!(text.trim(), text, "not trimmed");
    assert!(!text.contains('\0'), "a NUL");
}
