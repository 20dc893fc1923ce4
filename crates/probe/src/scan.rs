//! Numbers found in a packet's bytes, without reading its JSON.

/// The `seq` of a message: the first in its packet, for a message carries no other before its own.
pub(crate) fn seq_of(packet: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"\"seq\":";
    let at = packet.windows(KEY.len()).position(|window| window == KEY)?;
    number(&packet[at + KEY.len()..])
}

/// The `position` of a live event, which stands at its end.
pub(crate) fn position_of(packet: &[u8]) -> Option<u64> {
    number(&packet[position_at(packet)?..])
}

/// Where the digits of [`position_of`] begin.
pub(crate) fn position_at(packet: &[u8]) -> Option<usize> {
    const KEY: &[u8] = b"\"position\":";
    packet.windows(KEY.len()).rposition(|window| window == KEY).map(|at| at + KEY.len())
}

/// Whether this is the event `message:create`, over Socket.IO or as a subscription hears it.
pub(crate) fn is_message(packet: &[u8]) -> bool {
    packet.starts_with(b"42[\"message:create\"") || is_heard(packet)
}

/// Whether a subscription of a probe hears a message in this.
fn is_heard(packet: &[u8]) -> bool {
    const HEAD: &[u8] = br#"{"id":"1","type":"next","payload":{"data":{"sessionEvents":{"type":"message:create""#;
    packet.starts_with(HEAD)
}

fn number(digits: &[u8]) -> Option<u64> {
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{is_message, position_at, position_of, seq_of};

    #[test]
    fn a_seq_is_found_in_an_acknowledgement() {
        assert_eq!(seq_of(br#"[{"ok":true,"data":{"id":"x","seq":42,"content":"a"}}]"#), Some(42));
        assert_eq!(seq_of(br#"[{"ok":false}]"#), None);
    }

    #[test]
    fn the_position_of_an_event_is_its_last() {
        let event = br#"42["message:create",{"content":"\"position\":3","lastPosition":9,"position":71}]"#;
        assert!(is_message(event));
        assert_eq!(position_of(event), Some(71));
        assert_eq!(position_at(event), Some(event.len() - 4));
        assert_eq!(position_of(b"42[\"typing:start\",{}]"), None);
        assert_eq!(position_of(b"{\"position\":}"), None);
        let heard =
            br#"{"id":"1","type":"next","payload":{"data":{"sessionEvents":{"type":"message:create","position":7}}}}"#;
        assert!(is_message(heard));
        assert_eq!(position_of(heard), Some(7));
    }
}
