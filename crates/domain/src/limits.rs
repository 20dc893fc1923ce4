//! How often somebody may do something: the rules, the arithmetic, and the port behind which the counting is done.
//!
//! Who is counted where is the surfaces' business; the figures are settings. A count is a single moment in time, so an
//! implementation keeps one number per key.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use async_trait::async_trait;
use thiserror::Error;

use crate::{Timestamp, UserId};

/// What is counted. Each rule counts by itself: a flood under one takes nothing away from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Every request, per address.
    Door,
    /// Attempts to sign in, per address.
    LoginByAddress,
    /// Attempts to sign in, per account.
    LoginByAccount,
    /// New accounts, per address.
    Register,
    /// Uses of a refresh token, per address.
    Refresh,
    /// Attempts to change the password, per account.
    PasswordChange,
    /// Messages made, edited and deleted, per account.
    Message,
    /// Invitations sent, per account.
    Invitation,
    /// Sessions made, per account.
    NewSession,
    /// Searches for people, per account.
    Search,
    /// Every other change, per account.
    Write,
}

/// Whom a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Whoever calls from an address.
    Address,
    /// Who is signed in.
    Account,
    /// Whoever tries to sign in with an e-mail.
    Email,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 11] = [
        Self::Door,
        Self::LoginByAddress,
        Self::LoginByAccount,
        Self::Register,
        Self::Refresh,
        Self::PasswordChange,
        Self::Message,
        Self::Invitation,
        Self::NewSession,
        Self::Search,
        Self::Write,
    ];

    /// The name that clients read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Door => "requests",
            Self::LoginByAddress => "logins-by-address",
            Self::LoginByAccount => "logins-by-account",
            Self::Register => "registrations",
            Self::Refresh => "refreshes",
            Self::PasswordChange => "password-changes",
            Self::Message => "messages",
            Self::Invitation => "invitations",
            Self::NewSession => "new-sessions",
            Self::Search => "searches",
            Self::Write => "writes",
        }
    }

    /// Whom it counts.
    #[must_use]
    pub const fn subject(self) -> Subject {
        match self {
            Self::Door | Self::LoginByAddress | Self::Register | Self::Refresh => Subject::Address,
            Self::LoginByAccount => Subject::Email,
            Self::PasswordChange | Self::Message | Self::Invitation | Self::NewSession | Self::Search | Self::Write => {
                Subject::Account
            }
        }
    }
}

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key<'a> {
    /// An address; made by [`Key::address`].
    Address(IpAddr),
    /// A person.
    Account(UserId),
    /// An e-mail in the form of [`crate::account::Email`].
    Email(&'a str),
}

impl Key<'_> {
    /// The key of an address. One household or machine has a whole IPv6 /64, so that counts as one.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// So many per window. All of them may come at once; they grow back evenly, one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    limit: NonZeroU32,
    window: Duration,
}

/// What [`Allowance::step`] granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The count from now on.
    pub due: u64,
    /// How many more would be granted at this moment.
    pub remaining: u32,
}

impl Allowance {
    /// `limit` per `window`.
    #[must_use]
    pub const fn new(limit: NonZeroU32, window: Duration) -> Self {
        Self { limit, window }
    }

    /// How many there are.
    #[must_use]
    pub const fn limit(self) -> u32 {
        self.limit.get()
    }

    /// As many as in `count` of them, growing back at the same pace.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        let limit = NonZeroU32::new(count).map_or(self.limit, |count| self.limit.saturating_mul(count));
        Self { limit, window: self.window.saturating_mul(count.max(1)) }
    }

    /// In how long all of them grow back.
    #[must_use]
    pub const fn window(self) -> Duration {
        self.window
    }

    /// In how long one grows back, in nanoseconds.
    #[must_use]
    pub fn interval(self) -> u64 {
        let window = u64::try_from(self.window.as_nanos()).unwrap_or(u64::MAX);
        (window / u64::from(self.limit.get())).max(1)
    }

    /// One step of the generic cell rate algorithm: takes one, or says how long to wait for it.
    ///
    /// `due` is the count: when all that was taken will have grown back, 0 for who has taken nothing. It and `now` are
    /// nanoseconds of one clock. A count that lies too far ahead, since the clock was set back, is brought within reach.
    ///
    /// # Errors
    /// The time after which the next one is granted; the count stays as it is.
    pub fn step(self, due: u64, now: u64) -> Result<Granted, Duration> {
        let interval = self.interval();
        let depth = interval.saturating_mul(u64::from(self.limit.get()));
        let latest = now.saturating_add(depth);
        let due = due.clamp(now, latest).saturating_add(interval);
        match latest.checked_sub(due) {
            Some(left) => Ok(Granted { due, remaining: u32::try_from(left / interval).unwrap_or(u32::MAX) }),
            None => Err(Duration::from_nanos(due - latest)),
        }
    }

    /// One step under a rule; `due` is the count as [`Allowance::step`] has it, and is moved on.
    ///
    /// # Errors
    /// [`Refused`] when nothing is left.
    pub fn take(self, rule: Rule, due: &mut u64, now: Timestamp) -> Verdict {
        let now = nanoseconds(now);
        let quota = |remaining, reset_after| {
            let (limit, window) = (self.limit.get(), self.window);
            Quota { name: rule.name(), limit, window, remaining, reset_after }
        };
        match self.step(*due, now) {
            Ok(granted) => {
                *due = granted.due;
                Ok(Some(quota(granted.remaining, Duration::from_nanos(granted.due.saturating_sub(now)))))
            }
            Err(wait) => Err(Refused(quota(0, wait))),
        }
    }
}

/// A moment as counts have it.
#[must_use]
pub fn nanoseconds(moment: Timestamp) -> u64 {
    u64::try_from(moment.timestamp_millis()).unwrap_or(0).saturating_mul(1_000_000)
}

/// The figures: what each rule allows. A rule without one is not kept; the default keeps none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowances([Option<Allowance>; Rule::ALL.len()]);

impl Allowances {
    /// What a rule allows, if it is kept.
    #[must_use]
    pub const fn of(&self, rule: Rule) -> Option<Allowance> {
        self.0[rule as usize]
    }
}

impl FromIterator<(Rule, Allowance)> for Allowances {
    fn from_iter<I: IntoIterator<Item = (Rule, Allowance)>>(given: I) -> Self {
        let mut allowances = Self::default();
        for (rule, allowance) in given {
            allowances.0[rule as usize] = Some(allowance);
        }
        allowances
    }
}

/// What is left of an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The rule's name.
    pub name: &'static str,
    /// How many there are.
    pub limit: u32,
    /// In how long all of them grow back.
    pub window: Duration,
    /// How many are left.
    pub remaining: u32,
    /// When all have grown back; after a refusal, when the next one is granted.
    pub reset_after: Duration,
}

/// Nothing is left; the quota says when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the limit `{}` is {} in {} s", .0.name, .0.limit, .0.window.as_secs())]
pub struct Refused(pub Quota);

/// What became of a wish: what is left of the allowance, or `None` where the rule is not kept.
pub type Verdict = Result<Option<Quota>, Refused>;

/// Counts who did what. A count that cannot be had is no reason to refuse: limits never fail.
#[async_trait]
pub trait Limits: Send + Sync {
    /// Whether a rule is kept at all. Who is told no need not take.
    fn keeps(&self, rule: Rule) -> bool;

    /// Takes one from what `rule` allows to `key`. Refusals are not counted.
    async fn take(&self, rule: Rule, key: Key<'_>) -> Verdict;
}

/// Keeps no rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

#[async_trait]
impl Limits for Unlimited {
    fn keeps(&self, _: Rule) -> bool {
        false
    }

    async fn take(&self, _: Rule, _: Key<'_>) -> Verdict {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn allowance(limit: u32, seconds: u64) -> Allowance {
        Allowance::new(NonZeroU32::new(limit).unwrap(), Duration::from_secs(seconds))
    }

    #[test]
    fn all_may_come_at_once_and_then_grow_back_one_by_one() {
        let three = allowance(3, 30);
        let now = 100 * SECOND;
        let mut due = 0;
        for remaining in [2, 1, 0] {
            let granted = three.step(due, now).unwrap();
            assert_eq!(granted.remaining, remaining);
            due = granted.due;
        }
        assert_eq!(three.step(due, now), Err(Duration::from_secs(10)));
        assert_eq!(three.step(due, now + 4 * SECOND), Err(Duration::from_secs(6)));
        assert_eq!(three.step(due, now + 10 * SECOND).unwrap().remaining, 0);
        assert_eq!(three.step(due, now + 30 * SECOND).unwrap().remaining, 2);
    }

    #[test]
    fn figures_that_do_not_divide_still_grant_all_and_no_more() {
        for (limit, seconds) in [(7, 1), (999_983, 1), (3, 86_400)] {
            let allowance = allowance(limit, seconds);
            let (mut due, mut count) = (0, 0);
            while let Ok(granted) = allowance.step(due, SECOND) {
                (due, count) = (granted.due, count + 1);
            }
            assert_eq!(count, limit);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer_than_one_interval() {
        let three = allowance(3, 30);
        let wait = three.step(10_000 * SECOND, 100 * SECOND).unwrap_err();
        assert_eq!(wait, Duration::from_secs(10));
    }

    #[test]
    fn a_household_is_one_key_and_its_neighbour_another() {
        let key = |text: &str| Key::address(text.parse().unwrap());
        assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff::2"));
        assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn every_rule_has_a_place_and_a_name_of_its_own() {
        for (place, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule as usize, place);
            assert_eq!(Rule::ALL.iter().filter(|other| other.name() == rule.name()).count(), 1);
        }
    }
}
