//! Traces for a collector of OpenTelemetry, by the variables that its specification names, and errors for Sentry.

use hyper::http::HeaderName;
use rondo_trace::Sampler;
use secrecy::SecretString;

use super::{
    fault::Wrong,
    parse::{one_of, unless_none},
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
    target::Target,
};

static ENDPOINT: Setting = Setting {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    flag: "otel-exporter-otlp-endpoint",
    value: "URL",
    default: Preset::Fixed("none"),
    secret: false,
    help: "Where traces go, as OTLP over HTTP with JSON: the collector's port 4318, `http://` or `https://`. `/v1/traces`\n\
           is put behind it. `none` for no traces",
};

static HEADERS: Setting = Setting {
    name: "OTEL_EXPORTER_OTLP_HEADERS",
    flag: "otel-exporter-otlp-headers",
    value: "LIST",
    default: Preset::Fixed("none"),
    secret: true,
    help: "What the collector wants to see in headers: `name=value`, separated by commas, values percent-encoded",
};

static SERVICE_NAME: Setting = Setting {
    name: "OTEL_SERVICE_NAME",
    flag: "otel-service-name",
    value: "NAME",
    default: Preset::Fixed("rondo"),
    secret: false,
    help: "What this server is called in traces, 1 to 128 characters",
};

static SAMPLER: Setting = Setting {
    name: "OTEL_TRACES_SAMPLER",
    flag: "otel-traces-sampler",
    value: "SAMPLER",
    default: Preset::Fixed("parentbased_always_on"),
    secret: false,
    help: "Which traces are recorded: `always_on`, `always_off`, `traceidratio`, or one of them behind `parentbased_`,\n\
           which leaves the choice to callers that send a `traceparent`",
};

static SAMPLER_ARG: Setting = Setting {
    name: "OTEL_TRACES_SAMPLER_ARG",
    flag: "otel-traces-sampler-arg",
    value: "SHARE",
    default: Preset::Fixed("1"),
    secret: false,
    help: "The share of traces that `traceidratio` records, 0 to 1",
};

static SENTRY_DSN: Setting = Setting {
    name: "SENTRY_DSN",
    flag: "sentry-dsn",
    value: "DSN",
    default: Preset::Fixed("none"),
    secret: true,
    help: "Where errors go: the DSN of a project in Sentry, or in what speaks its language. `none` for nowhere",
};

static SENTRY_ENVIRONMENT: Setting = Setting {
    name: "SENTRY_ENVIRONMENT",
    flag: "sentry-environment",
    value: "NAME",
    default: Preset::Per { development: "development", production: "production" },
    secret: false,
    help: "The environment that errors and traces name, 1 to 64 characters",
};

pub(super) static SETTINGS: &[&Setting] =
    &[&ENDPOINT, &HEADERS, &SERVICE_NAME, &SAMPLER, &SAMPLER_ARG, &SENTRY_DSN, &SENTRY_ENVIRONMENT];

/// Where traces and errors go; nowhere by default.
#[derive(Clone, Debug, Default)]
pub struct TrackingSettings {
    /// Where traces go, and which.
    pub traces: Option<TraceSettings>,
    /// Where errors go.
    pub errors: Option<ErrorSettings>,
}

/// Where traces go, and which.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    /// Where the collector takes them.
    pub target: Target,
    /// What it wants to see besides.
    pub headers: Vec<(HeaderName, SecretString)>,
    /// What this server is called.
    pub service: String,
    /// For whom it runs.
    pub environment: String,
    /// Which traces are recorded.
    pub sampler: Sampler,
}

/// Where errors go.
#[derive(Clone, Debug)]
pub struct ErrorSettings {
    /// Where envelopes are taken.
    pub target: Target,
    /// The key of the project.
    pub key: SecretString,
    /// For whom this server runs.
    pub environment: String,
}

impl Read for TrackingSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let target = reader.read(&ENDPOINT, |text| unless_none(text, endpoint));
        let headers = reader.read(&HEADERS, |text| unless_none(text, headers));
        let service = reader.read(&SERVICE_NAME, |text| name(text, 128));
        let samplers = [("always_on", 1.0), ("always_off", 0.0), ("traceidratio", f64::NAN)];
        let sampler = reader.read(&SAMPLER, |text| {
            let own = text.strip_prefix("parentbased_");
            Ok((own.is_some(), one_of(own.unwrap_or(text), &samplers)?))
        });
        let share = reader.read(&SAMPLER_ARG, share);
        let place = reader.read(&SENTRY_DSN, |text| unless_none(text, dsn));
        let environment = reader.read(&SENTRY_ENVIRONMENT, |text| name(text, 64));
        let (environment, (parent_based, fixed), share) = (environment?, sampler?, share?);
        let sampler = Sampler { parent_based, share: if fixed.is_nan() { share } else { fixed } };
        let (headers, service) = (headers?.unwrap_or_default(), service?);
        let traces =
            target?.map(|target| TraceSettings { target, headers, service, environment: environment.clone(), sampler });
        let errors = place?.map(|(target, key)| ErrorSettings { target, key, environment });
        Some(Self { traces, errors })
    }
}

fn endpoint(text: &str) -> Result<Target, Wrong> {
    let (target, user) = Target::parse(text, "http://127.0.0.1:4318")?;
    if user.is_some() {
        let remedy = "put what the collector wants to see into OTEL_EXPORTER_OTLP_HEADERS, which is kept secret";
        return Err(Wrong::new("holds a name or a password", remedy));
    }
    Ok(target.join("/v1/traces"))
}

fn headers(text: &str) -> Result<Vec<(HeaderName, SecretString)>, Wrong> {
    let wrong = || Wrong::new("is no list of headers", "write it like `x-api-key=abc,x-tenant=a%20b`");
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            let name = name.trim().parse().map_err(|_| wrong())?;
            let value = decode(value.trim()).filter(|value| value.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            Ok((name, value.ok_or_else(wrong)?.into()))
        })
        .collect()
}

/// Percent-encoded text.
fn decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

fn share(text: &str) -> Result<f64, Wrong> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| Wrong::new("is no share", "give a number from 0 to 1, like `0.1`"))
}

fn name(text: &str, most: usize) -> Result<String, Wrong> {
    if text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Wrong::new("is no name", format!("give 1 to {most} characters, none of them a control character")));
    }
    Ok(text.to_owned())
}

/// `https://key@host/project`, as Sentry shows it.
fn dsn(text: &str) -> Result<(Target, SecretString), Wrong> {
    let example = "https://0123456789abcdef@sentry.example.com/42";
    let (target, user) = Target::parse(text, example)?;
    let wrong = |what| Wrong::new(what, format!("copy it from the project's settings; it looks like `{example}`"));
    let key = user.and_then(|user| user.split(':').next()).unwrap_or_default();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(wrong("the DSN holds no key"));
    }
    let (before, project) = target.path.rsplit_once('/').unwrap_or_default();
    if project.is_empty() || !project.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(wrong("the DSN names no project"));
    }
    let path = format!("{before}/api/{project}/envelope/");
    Ok((Target { path, ..target }, key.into()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_dsn_names_a_place_and_a_key() {
        let (target, key) = dsn("https://abc123@o1.ingest.sentry.example/base/42").unwrap();
        assert_eq!((target.host.as_str(), target.port), ("o1.ingest.sentry.example", 443));
        assert_eq!((target.path.as_str(), key.expose_secret()), ("/base/api/42/envelope/", "abc123"));
        assert_eq!(dsn("http://old:secret@127.0.0.1:9000/7").unwrap().1.expose_secret(), "old");
        for wrong in
            ["https://o1.example/42", "https://abc@o1.example", "https://abc@o1.example/", "abc", "https://a b@x/1"]
        {
            assert!(dsn(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_are_a_list_of_percent_encoded_values() {
        let read = |text| {
            let headers = headers(text)?;
            Ok::<_, Wrong>(
                headers.iter().map(|(name, value)| format!("{name}: {}", value.expose_secret())).collect::<Vec<_>>(),
            )
        };
        assert_eq!(read(" X-Api-Key = a%20b=, x-tenant=1 ,").unwrap(), ["x-api-key: a b=", "x-tenant: 1"]);
        for wrong in ["key", "a b=1", "a=%", "a=%2", "a=%zz", "a=%0d%0a", "=1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
