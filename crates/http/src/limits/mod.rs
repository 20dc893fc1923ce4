//! Limits at the HTTP port: every request counts at the door, and operations under the rule that the table names.
//!
//! Rules per address are taken before anything of a request is read, rules per account as soon as it is known who
//! calls; the middleware tells on the way out what is left. The counting itself stands behind the domain's port.

mod address;
mod door;
mod headers;
#[cfg(test)]
mod tests;

use std::{
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr},
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::Method, web::Data};
use rondo_domain::{
    UserId,
    limits::{Key, Limits, Quota, Refused, Rule, Subject},
};
use rondo_wire::Fault;

pub use self::address::{AddressHeader, NotAHeader, NotAnAddress, TrustedProxies};
pub(crate) use self::{
    address::client_address,
    door::{Door, Limited, refusal},
};
use crate::{problem::Failure, request_log::RoutePattern};

/// The rules of operations. Whatever else changes something stands under [`Rule::Write`], and whatever reads under none
/// but the door's.
const RULES: &[(Method, &str, Rule)] = &[
    (Method::POST, "/api/auth/register", Rule::Register),
    (Method::POST, "/api/auth/login", Rule::LoginByAddress), // and by account: the handler takes that, it reads the e-mail
    (Method::POST, "/api/auth/refresh", Rule::Refresh),
    (Method::POST, "/api/auth/logout", Rule::Refresh),
    (Method::POST, "/api/auth/password", Rule::PasswordChange),
    (Method::GET, "/api/users", Rule::Search),
    (Method::POST, "/api/sessions", Rule::NewSession),
    (Method::POST, "/api/sessions/{id}/messages", Rule::Message),
    (Method::PATCH, "/api/sessions/{id}/messages/{messageId}", Rule::Message),
    (Method::DELETE, "/api/sessions/{id}/messages/{messageId}", Rule::Message),
    (Method::POST, "/api/invitations", Rule::Invitation),
];

/// The rule of an operation.
fn rule_of(request: &HttpRequest) -> Option<Rule> {
    let pattern = request.app_data::<RoutePattern>()?.text();
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let listed = RULES.iter().find(|(of, path, _)| of == method && *path == pattern);
    let unlisted = || (method != Method::GET).then_some(Rule::Write);
    listed.map_or_else(unlisted, |(.., rule)| Some(*rule))
}

/// What a request has taken so far besides the door's, for the headers of its answer: of each limit what is left now.
#[derive(Default)]
struct Taken(Vec<Quota>);

impl Taken {
    fn note(request: &HttpRequest, quota: Quota) {
        let mut extensions = request.extensions_mut();
        if !extensions.contains::<Self>() {
            extensions.insert(Self::default());
        }
        let Some(Self(quotas)) = extensions.get_mut::<Self>() else { return };
        match quotas.iter_mut().find(|known| known.name == quota.name) {
            Some(known) => *known = quota,
            None => quotas.push(quota),
        }
    }
}

/// Takes from the limits in the name of a request, and notes for its answer what is left.
pub(crate) struct Limiter {
    limits: Data<dyn Limits>,
    request: HttpRequest,
}

impl Limiter {
    fn of(request: &HttpRequest) -> Option<Self> {
        let limits = request.app_data::<Data<dyn Limits>>()?.clone();
        Some(Self { limits, request: request.clone() })
    }

    /// Takes one from what `rule` allows to `key`.
    pub(crate) async fn take(&self, rule: Rule, key: Key<'_>) -> Result<(), Refused> {
        if !self.limits.keeps(rule) {
            return Ok(());
        }
        let verdict = self.limits.take(rule, key).await;
        if let Some(quota) = quota_of(&verdict) {
            Taken::note(&self.request, quota);
        }
        verdict.map(|_| ())
    }
}

impl FromRequest for Limiter {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).ok_or_else(|| Fault::internal("no limits are mounted").into()))
    }
}

/// Takes what an operation costs the address it is called from. For the time before anything of the request is read.
pub(crate) async fn take_by_address(request: &HttpRequest) -> Result<(), Refused> {
    match rule_of(request) {
        Some(rule) if rule.subject() == Subject::Address => {
            let Some(limiter) = Limiter::of(request) else { return Ok(()) };
            limiter.take(rule, Key::address(address_of(request))).await
        }
        _ => Ok(()),
    }
}

/// Whether an operation costs the person who calls it something.
pub(crate) fn counts_by_account(request: &HttpRequest) -> bool {
    rule_of(request).is_some_and(|rule| rule.subject() == Subject::Account)
}

/// Takes what an operation costs the person who calls it.
pub(crate) async fn take_by_account(request: &HttpRequest, user: UserId) -> Result<(), Refused> {
    match rule_of(request) {
        Some(rule) if rule.subject() == Subject::Account => {
            let Some(limiter) = Limiter::of(request) else { return Ok(()) };
            limiter.take(rule, Key::Account(user)).await
        }
        _ => Ok(()),
    }
}

/// The address from which a request comes, for those who count by it.
pub(crate) fn address_of(request: &HttpRequest) -> IpAddr {
    client_address(request).unwrap_or(NOWHERE)
}

/// Notes for a request's answer what is left of limits that were taken elsewhere.
pub(crate) fn note(request: &HttpRequest, quotas: Vec<Quota>) {
    for quota in quotas {
        Taken::note(request, quota);
    }
}

/// The address of requests that came over no network.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

fn quota_of(verdict: &Result<Option<Quota>, Refused>) -> Option<Quota> {
    match verdict {
        Ok(quota) => *quota,
        Err(Refused(quota)) => Some(*quota),
    }
}
