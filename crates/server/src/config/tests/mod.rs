//! The settings as a whole: defaults, precedence, faults, and secrets that stay where they belong.

mod documents;
mod values;

use std::{
    collections::BTreeMap,
    env, fs,
    net::IpAddr,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use clap::{CommandFactory as _, FromArgMatches as _, builder::Resettable};
use rondo_domain::limits::{Allowance, Rule};
use rondo_http::{AllowedOrigins, TrustedProxies};
use secrecy::ExposeSecret as _;

use super::{
    AppEnv, Cli, Command, ConfigCommand, DatabaseKind, Faults, HttpSettings, LogFormat, LogSettings, RawSettings,
    Section, Settings, raw,
};

const SECRET: &str = "correct-horse-battery-staple-0123456789";

/// A folder of one test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("rondo-settings-{}-{number}", process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn as_var(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

fn raw_of(vars: &[(&str, &str)]) -> RawSettings {
    let vars: BTreeMap<_, _> = vars.iter().copied().collect();
    RawSettings::from_vars(|name| vars.get(name).map(ToString::to_string))
}

fn load(vars: &[(&str, &str)]) -> Result<Settings, Faults> {
    let vars: BTreeMap<_, _> = [("JWT_SECRET", SECRET)].into_iter().chain(vars.iter().copied()).collect();
    Settings::from_vars(|name| vars.get(name).map(ToString::to_string))
}

fn variables(faults: &Faults) -> Vec<&str> {
    faults.iter().map(super::Fault::variable).collect()
}

#[test]
fn in_development_everything_has_a_default() {
    let settings = load(&[]).unwrap();

    assert_eq!(settings.app_env, AppEnv::Development);
    assert_eq!(settings.data_dir, Path::new("data"));
    assert_eq!(settings.http.host, IpAddr::from([127, 0, 0, 1]));
    assert_eq!(settings.http.port, 4000);
    assert!((1..=512).contains(&settings.http.workers));
    assert_eq!(settings.http.origins, AllowedOrigins::Localhost);
    assert_eq!(settings.http.trusted_proxies, TrustedProxies::default());
    assert!(settings.http.docs);
    assert_eq!(settings.database.url.expose_secret(), "sqlite://data/rondo.db?mode=rwc");
    assert_eq!(settings.database.kind, DatabaseKind::Sqlite);
    assert_eq!(settings.database.max_connections, 16);
    assert!(settings.demo);
    assert!(settings.redis.url.is_none());
    assert_eq!(settings.redis.prefix, "rondo:");
    assert_eq!(settings.accounts.access_ttl, Duration::from_mins(15));
    assert_eq!(settings.accounts.refresh_ttl, Duration::from_hours(30 * 24));
    assert_eq!(settings.accounts.bcrypt_cost, 12);
    assert_eq!(settings.sessions.presence_grace, Duration::from_secs(3));
    assert!(settings.sessions.invite_unknown);
    assert_eq!(settings.sessions.invitation_ttl, Duration::from_hours(7 * 24));
    assert_eq!(settings.sessions.event_retention, Duration::from_hours(30 * 24));
    let figure = |allowance: Allowance| (allowance.limit(), allowance.window().as_secs());
    assert!(Rule::ALL.into_iter().all(|rule| settings.limits.allowances.of(rule).is_some()));
    assert_eq!(settings.limits.allowances.of(Rule::Door).map(figure), Some((600, 3)));
    assert_eq!(settings.limits.allowances.of(Rule::LoginByAccount).map(figure), Some((30, 900)));
    assert_eq!(settings.limits.socket_events.map(figure), Some((200, 8)));
    assert_eq!(settings.log.format, LogFormat::Pretty);
    assert!(settings.log.filter.starts_with("info"));
}

#[test]
fn production_listens_to_the_world_lets_no_origin_in_has_no_demo_and_logs_json() {
    let settings = load(&[("APP_ENV", "production")]).unwrap();

    assert!(settings.app_env.is_production());
    assert_eq!(settings.http.address().to_string(), "0.0.0.0:4000");
    assert_eq!(settings.http.origins, AllowedOrigins::Only(Vec::new()));
    assert!(!settings.demo);
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.accounts.jwt_secret.expose_secret(), SECRET);
}

#[test]
fn the_database_lies_in_the_data_folder_unless_it_is_named() {
    let settings = load(&[("DATA_DIR", "/var/lib/rondo")]).unwrap();
    assert_eq!(settings.database.url.expose_secret(), "sqlite:///var/lib/rondo/rondo.db?mode=rwc");

    let named = "postgres://rondo@db/rondo";
    let settings = load(&[("DATA_DIR", "/var/lib/rondo"), ("DATABASE_URL", named)]).unwrap();
    assert_eq!(settings.database.url.expose_secret(), named);
    assert_eq!(settings.database.kind, DatabaseKind::Postgres);
}

#[test]
fn production_insists_on_a_secret_and_a_dear_hash() {
    let faults = load(&[("APP_ENV", "production"), ("JWT_SECRET", ""), ("BCRYPT_COST", "9")]).unwrap_err();

    assert_eq!(variables(&faults), ["BCRYPT_COST", "JWT_SECRET"]);
    assert!(faults.to_string().contains("from 10 to 15 in production"), "{faults}");
}

#[test]
fn a_proxys_own_header_goes_with_the_proxies_that_write_it() {
    let trusting = load(&[("TRUSTED_PROXIES", "10.0.0.0/8"), ("CLIENT_ADDRESS_HEADER", "Fly-Client-IP")]).unwrap();
    let proxies: TrustedProxies = "10.0.0.0/8".parse().unwrap();
    assert_eq!(trusting.http.trusted_proxies, proxies.telling_in("fly-client-ip".parse().unwrap()));

    let faults = load(&[("TRUSTED_PROXIES", "none"), ("CLIENT_ADDRESS_HEADER", "Fly-Client-IP")]).unwrap_err();
    assert_eq!(variables(&faults), ["CLIENT_ADDRESS_HEADER"]);
    assert!(faults.to_string().contains("TRUSTED_PROXIES"), "{faults}");
}

#[test]
fn the_demo_can_be_left_out_of_development_and_not_brought_into_production() {
    assert!(!load(&[("DEMO", "off")]).unwrap().demo);
    assert!(!load(&[("APP_ENV", "production"), ("DEMO", "off")]).unwrap().demo);

    let faults = load(&[("APP_ENV", "production"), ("DEMO", "on")]).unwrap_err();
    assert_eq!(variables(&faults), ["DEMO"]);
    assert!(faults.to_string().contains("not for production"), "{faults}");
}

#[test]
fn all_faults_are_told_at_once_with_the_way_out() {
    let faults = load(&[("PORT", "abc"), ("DOCS", "maybe"), ("DATABASE_URL", "mysql://db"), ("JWT_SECRET", "x")]);

    let told = faults.unwrap_err().to_string();
    assert_eq!(
        told,
        "4 settings are at fault:\n  \
         PORT: \"abc\" is not a whole number; give a whole number from 0 to 65535\n  \
         DOCS: \"maybe\" is neither on nor off; write `on` or `off`\n  \
         DATABASE_URL: the URL names no database that Rondo knows; \
         begin it with `sqlite:`, `postgres://` or `postgresql://`\n  \
         JWT_SECRET: the secret is shorter than 32 bytes; \
         set a longer one, for example the output of `openssl rand -hex 32`"
    );
}

#[test]
fn secrets_are_shown_nowhere() {
    let vars = [
        ("JWT_SECRET", SECRET),
        ("DATABASE_URL", "postgres://rondo:hush-hush@db/rondo"),
        ("REDIS_URL", "redis://:hush-hush@cache"),
    ];
    let settings = load(&vars).unwrap();
    let raw = raw_of(&vars);
    let check = Settings::check_with(&raw, Path::new("/nonexistent/.env"));
    let bad = [("JWT_SECRET", "hush-hush"), ("DATABASE_URL", "hush-hush"), ("REDIS_URL", "redis://hush-hush#")];
    let folder = Folder::new();
    let dotenv = folder.write(".env", "JWT_SECRET='hush-hush\n");
    let faults = Settings::load_with(&raw_of(&bad), &dotenv).unwrap_err();

    assert_eq!(variables(&faults).len(), 4);
    for text in [
        format!("{settings:?}"),
        format!("{raw:?}"),
        format!("{check}"),
        format!("{check:?}"),
        format!("{faults}"),
        format!("{faults:?}"),
        format!("{}", Settings::check_with(&raw_of(&bad), &dotenv)),
    ] {
        assert!(!text.contains("hush-hush") && !text.contains(SECRET), "{text}");
    }
    let line = |name: &str| check.to_string().lines().find(|line| line.contains(name)).map(str::to_owned).unwrap();
    for name in ["JWT_SECRET", "DATABASE_URL", "REDIS_URL"] {
        assert!(line(name).split_whitespace().eq([name, "set", "environment"]), "{}", line(name));
    }
}

#[test]
fn the_environment_wins_over_dotenv_and_an_empty_value_hides_it() {
    let folder = Folder::new();
    let text = format!(
        "\u{feff}# settings\r\nexport PORT=5000\r\nWORKERS = 3 # threads\nDOCS=off\nOTHER=1\nJWT_SECRET='{SECRET} $x'"
    );
    let dotenv = folder.write(".env", &text);
    let raw = raw_of(&[("PORT", "6000"), ("DOCS", "")]);
    let settings = Settings::load_with(&raw, &dotenv).unwrap();

    assert_eq!(settings.http.port, 6000);
    assert_eq!(settings.http.workers, 3);
    assert!(settings.http.docs);
    assert_eq!(settings.accounts.jwt_secret.expose_secret(), format!("{SECRET} $x"));
    let check = Settings::check_with(&raw, &dotenv).to_string();
    for (name, rest) in [("PORT", "6000 environment"), ("WORKERS", "3 .env"), ("DOCS", "on default")] {
        let line = check.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        assert!(line.split_whitespace().skip(1).eq(rest.split(' ')), "{line}");
    }
    assert!(check.ends_with("The settings are sound."), "{check}");
}

#[test]
fn a_broken_or_doubled_dotenv_line_is_named() {
    let folder = Folder::new();
    let dotenv = folder.write(".env", "# one\n\nPORT 5000\nDOCS=on\nWORKERS=2\nDOCS=off\nRUST_LOG='info\nHOST=::1\n");
    let faults = Settings::load_with(&raw_of(&[("JWT_SECRET", SECRET)]), &dotenv).unwrap_err();

    assert_eq!(variables(&faults), [".env, line 3", "DOCS", ".env, line 7 (RUST_LOG)"]);
    assert!(faults.to_string().contains("lines 4 and 6"), "{faults}");

    let unreadable = Settings::load_with(&raw_of(&[("JWT_SECRET", SECRET)]), &folder.0).unwrap_err();
    assert_eq!(variables(&unreadable), [".env"]);
}

#[test]
fn a_name_in_dotenv_that_seems_misspelt_is_told_and_is_no_fault() {
    let folder = Folder::new();
    let dotenv = folder.write(".env", "PORTT=5000\nPOSTGRES_PASSWORD=hush\n\nJWT_SECRT=hush-hush\n");
    let told = [
        ".env, line 1: `PORTT` is no setting of Rondo; is PORT meant?",
        ".env, line 4: `JWT_SECRT` is no setting of Rondo; is JWT_SECRET meant?",
    ];
    let raw = raw_of(&[("JWT_SECRET", SECRET)]);
    let check = Settings::check_with(&raw, &dotenv);
    assert!(check.is_sound() && check.to_string().ends_with(&format!("{}\nThe settings are sound.", told.join("\n"))));
    let doubts = Settings::load_with(&raw, &dotenv).unwrap().doubts;
    assert_eq!(doubts.iter().map(ToString::to_string).collect::<Vec<_>>(), told);

    let faults = Settings::load_with(&raw_of(&[("APP_ENV", "production")]), &dotenv).unwrap_err();
    assert_eq!(variables(&faults), ["JWT_SECRET"]);
    assert!(faults.to_string().ends_with(&told.join("\n")) && !faults.to_string().contains("hush"), "{faults}");
}

#[test]
fn development_makes_a_secret_once_and_keeps_it_to_itself() {
    let folder = Folder::new();
    let data = folder.0.join("deep/data");
    let raw = raw_of(&[("DATA_DIR", data.to_str().unwrap())]);
    let nowhere = folder.0.join(".env");

    let before = Settings::check_with(&raw, &nowhere);
    assert!(before.is_sound() && !data.exists(), "a check writes nothing");
    let faulty = raw_of(&[("DATA_DIR", data.to_str().unwrap()), ("PORT", "x")]);
    assert!(Settings::load_with(&faulty, &nowhere).is_err() && !data.exists(), "nor does a faulty start");

    let first = Settings::load_with(&raw, &nowhere).unwrap().accounts.jwt_secret;
    let second = Settings::load_with(&raw, &nowhere).unwrap().accounts.jwt_secret;
    assert_eq!(first.expose_secret(), second.expose_secret());
    assert!(first.expose_secret().len() >= 43);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "no draft stays behind");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(data.join("jwt_secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn of_two_first_starts_at_once_both_get_the_same_secret() {
    let folder = Folder::new();
    let start = || Settings::from_vars(|name| (name == "DATA_DIR").then(|| folder.as_var().to_owned()));
    let secrets: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().unwrap().unwrap().accounts.jwt_secret).collect()
    });
    assert!(secrets.iter().all(|secret| secret.expose_secret() == secrets[0].expose_secret()));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn a_kept_secret_that_is_unreadable_or_too_short_is_a_fault() {
    let folder = Folder::new();
    let start = || Settings::from_vars(|name| (name == "DATA_DIR").then(|| folder.as_var().to_owned()));
    let file = folder.write("jwt_secret", "short\n");
    assert_eq!(variables(&start().unwrap_err()), ["JWT_SECRET"]);

    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let faults = start().unwrap_err();
    assert_eq!(variables(&faults), ["JWT_SECRET"]);
    assert!(faults.to_string().contains("jwt_secret` cannot be read"), "{faults}");
}

#[test]
fn a_section_alone_asks_for_nothing_of_the_others() {
    let raw = raw_of(&[("APP_ENV", "production"), ("DATABASE_MAX_CONNECTIONS", "8")]);
    assert_eq!(super::DatabaseSettings::load(&raw).unwrap().max_connections, 8);

    let raw = raw_of(&[("APP_ENV", "production"), ("DEMO", "on"), ("PORT", "5000"), ("LOG_FORMAT", "pretty")]);
    let (http, log) = <(HttpSettings, LogSettings)>::load(&raw).unwrap();
    assert_eq!((http.port, log.format), (5000, LogFormat::Pretty));

    let raw = raw_of(&[("PORT", "x"), ("RUST_LOG", "x"), ("BCRYPT_COST", "x")]);
    let faults = <(HttpSettings, LogSettings)>::load(&raw).unwrap_err();
    assert_eq!(variables(&faults), ["PORT", "RUST_LOG"]);

    let raw = raw_of(&[("APP_ENV", "stage"), ("PORT", "x")]);
    assert_eq!(variables(&super::DatabaseSettings::load(&raw).unwrap_err()), ["APP_ENV"]);
}

#[test]
fn flags_stand_before_and_after_the_command_and_win() {
    Cli::command().debug_assert();
    let parse = |line: &str| {
        let parser = Cli::command().mut_args(|arg| arg.env(Resettable::Reset));
        Cli::from_arg_matches(&parser.try_get_matches_from(line.split(' ')).unwrap()).unwrap()
    };

    let cli = parse("rondo --port 5000 config check --workers 3 --jwt-secret 0123456789abcdef0123456789abcdef");
    assert_eq!(cli.command, Some(Command::Config { command: ConfigCommand::Check }));
    let settings = Settings::load_with(&cli.settings, Path::new("/nonexistent/.env")).unwrap();
    assert_eq!((settings.http.port, settings.http.workers), (5000, 3));
    let check = Settings::check_with(&cli.settings, Path::new("/nonexistent/.env")).to_string();
    assert!(check.lines().any(|line| line.split_whitespace().eq(["PORT", "5000", "flag"])), "{check}");
    assert!(!format!("{cli:?}").contains("0123456789abcdef"));

    assert_eq!(parse("rondo").command.unwrap_or_default(), Command::Serve);
    assert_eq!(parse("rondo migrate --down").command.unwrap_or_default(), Command::Migrate { down: true });
    let url = Some("http://127.0.0.1:4000/health/ready".to_owned());
    assert_eq!(
        parse("rondo healthcheck --url http://127.0.0.1:4000/health/ready").command.unwrap_or_default(),
        Command::Healthcheck { url }
    );
}

#[test]
fn flags_are_the_variables_in_kebab_case_and_help_names_them_all() {
    let help = Cli::command().render_help().to_string();
    for setting in raw::all() {
        assert_eq!(setting.flag, setting.name.to_ascii_lowercase().replace('_', "-"));
        for part in [format!("--{} <", setting.flag), format!("[env: {}]", setting.name)] {
            assert!(help.contains(&part), "{part}");
        }
        assert!(help.contains(&format!("[default: {}]", setting.default_in_words())), "{}", setting.name);
    }
}
