//! Which values the settings take.

use rondo_domain::limits::Rule;

use super::{load, variables};
use crate::config::raw;

#[test]
fn every_limit_is_kept_and_names_its_variable() {
    let bad = [
        ("APP_ENV", "prod"),
        ("DATA_DIR", "/dev/null\0"),
        ("HOST", "nowhere"),
        ("PORT", "65536"),
        ("WORKERS", "0"),
        ("WORKERS", "513"),
        ("CORS_ORIGINS", "app.example.com"),
        ("TRUSTED_PROXIES", "127.0.0.1, proxy.example.com"),
        ("CLIENT_ADDRESS_HEADER", "no header"),
        ("CLIENT_ADDRESS_HEADER", "X-Real-IP"), // without a proxy that is trusted
        ("DOCS", "maybe"),
        ("DATABASE_URL", "mysql://localhost/rondo"),
        ("DATABASE_MAX_CONNECTIONS", "1"),
        ("DATABASE_MAX_CONNECTIONS", "1001"),
        ("DEMO", "maybe"),
        ("REDIS_URL", "memcached://localhost"),
        ("REDIS_PREFIX", "my app:"),
        ("REDIS_PREFIX", "ünder:"),
        ("JWT_SECRET", "short"),
        ("ACCESS_TOKEN_TTL", "15m"),
        ("ACCESS_TOKEN_TTL", "86401"),
        ("REFRESH_TOKEN_TTL", "59"),
        ("REFRESH_TOKEN_TTL", "31536001"),
        ("BCRYPT_COST", "3"),
        ("BCRYPT_COST", "16"),
        ("EVENT_RETENTION", "59"),
        ("EVENT_RETENTION", "a month"),
        ("PRESENCE_GRACE_MS", "60001"),
        ("DRAIN_DELAY_MS", "2001"),
        ("INVITE_UNKNOWN", "maybe"),
        ("INVITATION_TTL", "59"),
        ("INVITATION_TTL", "31536001"),
        ("RATE_LIMIT", "maybe"),
        ("RATE_LIMIT_REQUESTS", "200"),
        ("RATE_LIMIT_LOGIN_ADDRESS", "0/1m"),
        ("RATE_LIMIT_LOGIN_ACCOUNT", "10/0m"),
        ("RATE_LIMIT_REGISTER", "60/25h"),
        ("RATE_LIMIT_REFRESH", "many/1m"),
        ("RATE_LIMIT_PASSWORD", "10/15min"),
        ("RATE_LIMIT_MESSAGES", "1000001/3s"),
        ("RATE_LIMIT_INVITATIONS", "30/m"),
        ("RATE_LIMIT_SESSIONS", "60 per hour"),
        ("RATE_LIMIT_SEARCHES", "-1/1m"),
        ("RATE_LIMIT_WRITES", "/10s"),
        ("SOCKET_EVENTS_PER_SECOND", "0"),
        ("SOCKET_EVENTS_BURST", "100001"),
        ("METRICS", "maybe"),
        ("METRICS_ADDR", "9464"),
        ("METRICS_ADDR", "localhost:9464"),
        ("METRICS_TOKEN", "fifteen letters"),
        ("METRICS_TOKEN", "with a space in the middle of it"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "info,rondo=loud"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://key@collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "no header"),
        ("OTEL_SERVICE_NAME", "a\tb"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
        ("SENTRY_DSN", "https://sentry.example.com/42"),
        ("SENTRY_ENVIRONMENT", "a\tb"),
    ];
    for (name, value) in bad {
        let faults = load(&[(name, value)]).expect_err(name);
        assert_eq!(variables(&faults), [name], "{value}");
    }
    let tested = bad.map(|(name, _)| name);
    assert!(raw::all().all(|setting| tested.contains(&setting.name)), "a setting has no bad value here");
}

#[test]
fn limits_themselves_are_within() {
    for (name, value) in [
        ("PORT", "0"),
        ("WORKERS", "512"),
        ("DATABASE_MAX_CONNECTIONS", "2"),
        ("ACCESS_TOKEN_TTL", "1"),
        ("REFRESH_TOKEN_TTL", "60"),
        ("BCRYPT_COST", "4"),
        ("BCRYPT_COST", "15"),
        ("PRESENCE_GRACE_MS", "0"),
        ("PRESENCE_GRACE_MS", "60000"),
        ("DRAIN_DELAY_MS", "0"),
        ("DRAIN_DELAY_MS", "2000"),
        ("INVITATION_TTL", "60"),
        ("RATE_LIMIT_REQUESTS", "off"),
        ("RATE_LIMIT_MESSAGES", "1000000/24h"),
        ("SOCKET_EVENTS_BURST", "1"),
        ("TRUSTED_PROXIES", "::1, 10.0.0.0/8"),
        ("HOST", "[::]"),
        ("DOCS", "FALSE"),
        ("JWT_SECRET", "12345678901234567890123456789012"),
    ] {
        assert!(load(&[(name, value)]).is_ok(), "{name}={value}");
    }
}

#[test]
fn limits_are_switched_off_together_or_one_by_one() {
    let limits = load(&[("RATE_LIMIT", "off"), ("RATE_LIMIT_MESSAGES", "5/1s")]).unwrap().limits;
    assert!(Rule::ALL.into_iter().all(|rule| limits.allowances.of(rule).is_none()));
    assert_eq!(limits.socket_events, None);

    let limits = load(&[("RATE_LIMIT_REQUESTS", "off")]).unwrap().limits;
    let off: Vec<_> = Rule::ALL.into_iter().filter(|rule| limits.allowances.of(*rule).is_none()).collect();
    assert_eq!(off, [Rule::Door]);
    assert!(limits.socket_events.is_some());
}
