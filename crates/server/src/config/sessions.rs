//! What holds in a live session: when an absence shows, how a node leaves, who may be invited, and how long invitations
//! and events stand.

use std::time::Duration;

use super::{
    parse::{switch, whole},
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
};

static PRESENCE_GRACE_MS: Setting = Setting {
    name: "PRESENCE_GRACE_MS",
    flag: "presence-grace-ms",
    value: "MILLISECONDS",
    default: Preset::Fixed("3000"),
    secret: false,
    help: "How long a lost connection still counts as present, in milliseconds, 0 to 60000",
};

static DRAIN_DELAY_MS: Setting = Setting {
    name: "DRAIN_DELAY_MS",
    flag: "drain-delay-ms",
    value: "MILLISECONDS",
    default: Preset::Per { development: "0", production: "1000" },
    secret: false,
    help: "How long a node that was told to stop serves on while its health says `error`, for balancers to see it, in\n\
           milliseconds, 0 to 2000",
};

static INVITE_UNKNOWN: Setting = Setting {
    name: "INVITE_UNKNOWN",
    flag: "invite-unknown",
    value: "on|off",
    default: Preset::Fixed("on"),
    secret: false,
    help: "Whether an address without an account may be invited. Addresses are not verified: whoever registers an\n\
           invited one gets the invitation",
};

static INVITATION_TTL: Setting = Setting {
    name: "INVITATION_TTL",
    flag: "invitation-ttl",
    value: "SECONDS",
    default: Preset::Fixed("604800"),
    secret: false,
    help: "How long an invitation can be accepted, in seconds, 60 to 31536000",
};

static EVENT_RETENTION: Setting = Setting {
    name: "EVENT_RETENTION",
    flag: "event-retention",
    value: "SECONDS",
    default: Preset::Fixed("2592000"),
    secret: false,
    help: "How long a session's events are kept for clients that come back, in seconds, 60 to 315360000 (ten years).\n\
           The default is 30 days. Messages stay as long as their session",
};

pub(super) static SETTINGS: &[&Setting] =
    &[&PRESENCE_GRACE_MS, &DRAIN_DELAY_MS, &INVITE_UNKNOWN, &INVITATION_TTL, &EVENT_RETENTION];

/// Presence and invitations.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// How long a lost connection still counts as present, up to a minute.
    pub presence_grace: Duration,
    /// How long a node that stops serves on while it is not ready, up to two seconds.
    pub drain_delay: Duration,
    /// Whether an address without an account may be invited.
    pub invite_unknown: bool,
    /// How long an invitation can be accepted: a minute to 365 days.
    pub invitation_ttl: Duration,
    /// How long events stay in the log: a minute to ten years.
    pub event_retention: Duration,
}

impl Read for SessionSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let presence_grace = reader.read(&PRESENCE_GRACE_MS, |text| whole(text, &(0..=60_000), " milliseconds"));
        let drain_delay = reader.read(&DRAIN_DELAY_MS, |text| whole(text, &(0..=2_000), " milliseconds"));
        let invite_unknown = reader.read(&INVITE_UNKNOWN, switch);
        let invitation_ttl = reader.read(&INVITATION_TTL, |text| whole(text, &(60..=31_536_000), " seconds"));
        let event_retention = reader.read(&EVENT_RETENTION, |text| whole(text, &(60..=315_360_000), " seconds"));
        Some(Self {
            presence_grace: Duration::from_millis(presence_grace?),
            drain_delay: Duration::from_millis(drain_delay?),
            invite_unknown: invite_unknown?,
            invitation_ttl: Duration::from_secs(invitation_ttl?),
            event_retention: Duration::from_secs(event_retention?),
        })
    }
}
