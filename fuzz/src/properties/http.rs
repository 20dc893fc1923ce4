//! What comes over websockets before it is dispatched, and headers that are read by hand.

use std::net::IpAddr;

use rondo_http::{AddressHeader, TrustedProxies, fuzzing};
use serde_json::value::RawValue;

use super::{choice, text};

/// A message that is understood is JSON and within its bounds; an event's argument is JSON and stands in its text.
pub fn frames(data: &[u8]) {
    let (which, rest) = choice(data);
    let text = text(rest);
    if which % 2 == 0 {
        let Some(spoken) = fuzzing::graphql_message(&text) else { return };
        assert!(serde_json::from_str::<Box<RawValue>>(&text).is_ok(), "no JSON");
        assert!(spoken.id.is_none_or(|id| (1..=256).contains(&id.len())));
        assert!(spoken.query.is_none_or(|query| !query.trim().is_empty()));
    } else {
        let (name, argument) = fuzzing::socket_arguments(&text);
        let Some(argument) = argument else { return };
        assert!(text.as_bytes().as_ptr_range().contains(&argument.as_ptr()), "not of the text");
        let whole: Result<Vec<&RawValue>, _> = serde_json::from_str(&text);
        assert!(whole.is_ok_and(|parts| parts.len() == 2 && parts[1].get() == argument), "{name}");
    }
}

/// A list of tags names a tag that is put before it; a token is what was sent; nobody is believed who is not trusted.
pub fn headers(data: &[u8]) {
    const TAG: &[u8] = b"\"0123456789abcdef\"";
    let (which, rest) = choice(data);
    match which % 3 {
        0 => {
            let _either = fuzzing::names_tag(rest, TAG);
            assert!(fuzzing::names_tag(&[TAG, b", ", rest].concat(), TAG));
        }
        1 => {
            let text = text(rest);
            if let Some(token) = fuzzing::bearer(&text) {
                assert!(!token.is_empty() && token == token.trim() && text.trim_end().ends_with(token), "{token}");
            }
        }
        _ => {
            let half = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let (first, second) = (&rest[..half], rest.get(half + 1..).unwrap_or_default());
            let peer = IpAddr::from([192, 0, 2, 1]);
            let Ok(own) = "forwarded".parse::<AddressHeader>() else { panic!("this is a header") };
            let nobody = TrustedProxies::default();
            for proxies in [nobody.clone(), nobody.telling_in(own.clone())] {
                assert_eq!(fuzzing::client(&proxies, peer, first, second), peer);
            }
            let Ok(trusted) = "192.0.2.0/24,2001:db8::/32".parse() else { panic!("these are addresses") };
            let client = fuzzing::client(&trusted, peer, first, second);
            assert_eq!(client, client.to_canonical());
            let told = fuzzing::client(&trusted.telling_in(own), peer, first, second);
            let address = text(second).trim().parse::<IpAddr>().map(|address| address.to_canonical());
            assert_eq!(told, address.map_or(told.to_canonical(), |address| address));
        }
    }
}
