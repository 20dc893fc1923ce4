//! Reads which web origins may call from a browser; what that comes to is decided where browsers call.

use std::net::Ipv6Addr;

use rondo_http::AllowedOrigins;

use super::fault::Wrong;

const EXAMPLE: &str = "write origins like `https://app.example.com`, separated by commas";

/// `*`, `localhost`, `none`, or a list of origins, each brought into the form in which browsers send it.
pub(super) fn origins(text: &str) -> Result<AllowedOrigins, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "*" => return Ok(AllowedOrigins::Any),
        "none" => return Ok(AllowedOrigins::Only(Vec::new())),
        "localhost" => return Ok(AllowedOrigins::Localhost),
        _ => {}
    }
    let mut origins = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if matches!(part, "*" | "none" | "localhost") {
            return Err(Wrong::new(format!("has `{part}` among others"), "write it alone, or leave it out"));
        }
        let origin = normal(part).map_err(|why| Wrong::new(format!("has `{part}`, which {why}"), EXAMPLE))?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    if origins.is_empty() { Err(Wrong::new("names no origin", EXAMPLE)) } else { Ok(AllowedOrigins::Only(origins)) }
}

/// An origin as a browser writes it, or what keeps the text from being one.
fn normal(text: &str) -> Result<String, &'static str> {
    let text = text.to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://").ok_or("has no scheme")?;
    let default_port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return Err("is neither http:// nor https://"),
    };
    if rest.contains(['/', '?', '#']) {
        return Err("has a path: an origin ends after host and port");
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            (host, Some(port.parse::<u16>().map_err(|_| "has a port that is not a number up to 65535")?))
        }
        _ => (rest, None),
    };
    let host = normal_host(host).ok_or("has no proper host name (write other scripts in their `xn--` form)")?;
    Ok(match port {
        Some(port) if port != default_port => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    })
}

fn normal_host(host: &str) -> Option<String> {
    if let Some(inner) = host.strip_prefix('[') {
        let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    host.split('.').all(label).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use rondo_http::AllowedOrigins;

    use super::origins;

    #[test]
    fn three_words_stand_for_everybody_this_machine_and_nobody() {
        assert_eq!(origins("*").unwrap(), AllowedOrigins::Any);
        assert_eq!(origins("Localhost").unwrap(), AllowedOrigins::Localhost);
        assert_eq!(origins("none").unwrap(), AllowedOrigins::Only(Vec::new()));
    }

    #[test]
    fn a_list_is_kept_as_browsers_write_origins() {
        let listed =
            origins("https://App.Example.com:443, http://127.0.0.1:5173,https://app.example.com,http://[0::1]:80");
        let kept = ["https://app.example.com", "http://127.0.0.1:5173", "http://[::1]"].map(String::from).to_vec();
        assert_eq!(listed.unwrap(), AllowedOrigins::Only(kept));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        let bad = [
            "app.example.com",
            "ftp://app.example.com",
            "https://app.example.com/",
            "https://*.example.com",
            "https://app.example.com:99999",
            "https://ñandú.example",
            "https://",
            "https://[::1",
            "*,https://app.example.com",
            ",",
        ];
        for text in bad {
            assert!(origins(text).is_err(), "{text}");
        }
    }
}
