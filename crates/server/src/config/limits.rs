//! How often what may be done. A figure is written `200/20s`: 200 at once, and 200 every 20 seconds from
//! then on.

use std::{num::NonZeroU32, time::Duration};

use rondo_domain::limits::{Allowance, Allowances, Rule};

use super::{
    fault::Wrong,
    parse::{switch, whole},
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
};

/// The most that a figure may allow, and the longest window, in seconds: a day.
const MOST: u32 = 1_000_000;
const LONGEST: u64 = 86_400;

static RATE_LIMIT: Setting = Setting {
    name: "RATE_LIMIT",
    flag: "rate-limit",
    value: "on|off",
    default: Preset::Fixed("on"),
    secret: false,
    help: "Whether there are limits on how often things are done, sockets included; `off` is for load tests",
};

/// The figure of each rule. A new rule is a line here.
static RULES: [(Rule, Setting); Rule::ALL.len()] = [
    (
        Rule::Door,
        figure("RATE_LIMIT_REQUESTS", "rate-limit-requests", "600/3s", "Requests from one address, of any kind"),
    ),
    (
        Rule::LoginByAddress,
        figure(
            "RATE_LIMIT_LOGIN_ADDRESS",
            "rate-limit-login-address",
            "60/1m",
            "Attempts to sign in from one address, right or wrong",
        ),
    ),
    (
        Rule::LoginByAccount,
        figure(
            "RATE_LIMIT_LOGIN_ACCOUNT",
            "rate-limit-login-account",
            "30/15m",
            "Attempts to sign in with one e-mail, right or wrong",
        ),
    ),
    (Rule::Register, figure("RATE_LIMIT_REGISTER", "rate-limit-register", "300/1h", "New accounts from one address")),
    (
        Rule::Refresh,
        figure("RATE_LIMIT_REFRESH", "rate-limit-refresh", "120/1m", "Refreshes and sign-outs from one address"),
    ),
    (
        Rule::PasswordChange,
        figure(
            "RATE_LIMIT_PASSWORD",
            "rate-limit-password",
            "10/15m",
            "Attempts of one account to change its password",
        ),
    ),
    (
        Rule::Message,
        figure(
            "RATE_LIMIT_MESSAGES",
            "rate-limit-messages",
            "200/20s",
            "Messages made, edited and deleted by one account",
        ),
    ),
    (
        Rule::Invitation,
        figure("RATE_LIMIT_INVITATIONS", "rate-limit-invitations", "100/30m", "Invitations sent by one account"),
    ),
    (Rule::NewSession, figure("RATE_LIMIT_SESSIONS", "rate-limit-sessions", "300/1h", "Sessions made by one account")),
    (
        Rule::Search,
        figure("RATE_LIMIT_SEARCHES", "rate-limit-searches", "120/1m", "Searches for people by one account"),
    ),
    (Rule::Write, figure("RATE_LIMIT_WRITES", "rate-limit-writes", "300/30s", "All other changes by one account")),
];

const fn figure(name: &'static str, flag: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, flag, value: "N/TIME|off", default: Preset::Fixed(default), secret: false, help }
}

static SOCKET_EVENTS_PER_SECOND: Setting = Setting {
    name: "SOCKET_EVENTS_PER_SECOND",
    flag: "socket-events-per-second",
    value: "EVENTS",
    default: Preset::Fixed("25"),
    secret: false,
    help: "How many events a second one socket connection may send, 1 to 10000",
};

static SOCKET_EVENTS_BURST: Setting = Setting {
    name: "SOCKET_EVENTS_BURST",
    flag: "socket-events-burst",
    value: "EVENTS",
    default: Preset::Fixed("200"),
    secret: false,
    help: "How many events one socket connection may send at once, 1 to 100000; one that sends several times as many\n\
           in spite of being refused is disconnected",
};

pub(super) static SETTINGS: &[&Setting] = &[
    &RATE_LIMIT,
    &RULES[0].1,
    &RULES[1].1,
    &RULES[2].1,
    &RULES[3].1,
    &RULES[4].1,
    &RULES[5].1,
    &RULES[6].1,
    &RULES[7].1,
    &RULES[8].1,
    &RULES[9].1,
    &RULES[10].1,
    &SOCKET_EVENTS_PER_SECOND,
    &SOCKET_EVENTS_BURST,
];

/// How often what may be done.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// What each rule allows; none is kept with `RATE_LIMIT=off`.
    pub allowances: Allowances,
    /// How many events one socket connection may send; `None` for any number.
    pub socket_events: Option<Allowance>,
}

impl Read for LimitSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let on = reader.read(&RATE_LIMIT, switch);
        let rules: Vec<_> =
            RULES.iter().map(|(rule, setting)| Some((*rule, reader.read(setting, allowance)?))).collect();
        let per_second = reader.read(&SOCKET_EVENTS_PER_SECOND, |text| whole(text, &one_to(10_000), ""));
        let burst = reader.read(&SOCKET_EVENTS_BURST, |text| whole(text, &one_to(100_000), ""));
        let rules = rules.into_iter().collect::<Option<Vec<_>>>()?;
        let window = Duration::from_secs(1).saturating_mul(burst?.get()) / per_second?.get();
        let socket_events = Allowance::new(burst?, window);
        Some(if on? {
            let kept = rules.into_iter().filter_map(|(rule, allowance)| Some((rule, allowance?)));
            Self { allowances: kept.collect(), socket_events: Some(socket_events) }
        } else {
            Self { allowances: Allowances::default(), socket_events: None }
        })
    }
}

const fn one_to(most: u32) -> std::ops::RangeInclusive<NonZeroU32> {
    match NonZeroU32::new(most) {
        Some(most) => NonZeroU32::MIN..=most,
        None => NonZeroU32::MIN..=NonZeroU32::MIN,
    }
}

/// `200/20s`, `10/15m`, `300/1h`; or `off` for a rule that is not kept.
fn allowance(text: &str) -> Result<Option<Allowance>, Wrong> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let wrong = |problem| {
        Wrong::new(
            problem,
            "write how many in what time, like `200/20s`, `10/15m` or `300/1h`, or `off` for no such limit",
        )
    };
    let (count, time) = text.split_once('/').ok_or_else(|| wrong("names no time"))?;
    let count: NonZeroU32 = count.trim().parse().map_err(|_| wrong("is no number of times"))?;
    let units = [("s", 1), ("m", 60), ("h", 3_600)];
    let time = units.into_iter().find_map(|(unit, seconds)| Some((time.trim().strip_suffix(unit)?, seconds)));
    let (time, unit) = time.ok_or_else(|| wrong("has no unit of time"))?;
    let time: u64 = time.parse().map_err(|_| wrong("is no span of time"))?;
    let seconds = time.saturating_mul(unit);
    if count.get() > MOST || !(1..=LONGEST).contains(&seconds) {
        return Err(Wrong::new("is out of range", "allow 1 to 1000000 in 1 second to 24 hours"));
    }
    Ok(Some(Allowance::new(count, Duration::from_secs(seconds))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_they_are_written() {
        let read = |text| allowance(text).unwrap().map(|allowance| (allowance.limit(), allowance.window().as_secs()));
        assert_eq!(read("30/3s"), Some((30, 3)));
        assert_eq!(read(" 10 / 15m "), Some((10, 900)));
        assert_eq!(read("1000000/24h"), Some((1_000_000, 86_400)));
        assert_eq!(read("Off"), None);
    }

    #[test]
    fn what_is_no_figure_is_refused() {
        for text in
            ["", "30", "30/", "/3s", "0/3s", "-1/3s", "30/3", "30/s", "30/3d", "30/0s", "30/25h", "1000001/1s", "30/3é"]
        {
            assert!(allowance(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_rule_has_its_figure() {
        assert!(Rule::ALL.iter().all(|rule| RULES.iter().any(|(of, _)| of == rule)));
    }
}
