//! As much of HTTP as the chores need: one request a connection, answers that end with it.

use std::io::{Read, Write};
use std::time::Duration;

use crate::servers::net::connect;
use crate::shell::Result;

/// How long an answer may take: a password is hashed for some of them, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest answer that is taken.
const LARGEST: u64 = 4 << 20;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// One request to `host:port`, with [`PATIENCE`] for its answer.
pub(crate) fn ask(address: &str, method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> Result<Answer> {
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let kind = body.map(|body| format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    let (kind, body) = (kind.unwrap_or_default(), body.unwrap_or_default());
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{token}{kind}");
    let broken = |error: std::io::Error| format!("{method} {path}: {error}");
    let mut stream = connect(address)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(broken)?;
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).map_err(broken)?;
    let mut answer = Vec::new();
    stream.take(LARGEST).read_to_end(&mut answer).map_err(broken)?;
    parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| format!("{method} {path}: the answer is not HTTP"))
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

/// The first string under this key; what the chores look for (ids, tokens, paths) holds no escapes but `\\` and `\"`, so
/// a JSON parser is not worth its build.
pub(crate) fn json_string(json: &str, key: &str) -> Option<String> {
    let (_, rest) = json.split_once(&format!("\"{key}\":\""))?;
    let mut value = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(value),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_status_and_body() {
        let answer = parse("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (201, "{}"));
        assert!(parse("SSH-2.0-OpenSSH\r\n\r\n").is_none());
    }

    #[test]
    fn a_string_is_found_by_its_key() {
        let json = r#"{"packages":[],"target_directory":"C:\\work\\target","version":1}"#;
        assert_eq!(json_string(json, "target_directory").as_deref(), Some(r"C:\work\target"));
        assert_eq!(json_string(json, "elsewhere"), None);
    }
}
