//! `rondo healthcheck`: asks a server whether it is ready, with nothing but the standard library, for containers.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs},
    time::Duration,
};

use crate::config::HttpSettings;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn run(settings: &HttpSettings, url: Option<String>) -> Result<(), String> {
    let url = match url {
        Some(url) => url,
        None => own_url(settings.address())?,
    };
    match ask(&url, PATIENCE)
        .map_err(|error| patiently(error, PATIENCE))
        .map_err(|error| format!("asking {url} failed: {error}"))?
        .as_str()
    {
        "200" => Ok(()),
        status => Err(format!("{url} answers {status}")),
    }
}

/// Where a server with these settings is asked from this machine.
fn own_url(mut address: SocketAddr) -> Result<String, String> {
    if address.port() == 0 {
        return Err("with PORT=0 nobody knows the server's port: give the address with --url".to_owned());
    }
    match address.ip() {
        IpAddr::V4(host) if host.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(host) if host.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(format!("http://{address}/health/ready"))
}

/// The status of the answer.
fn ask(url: &str, patience: Duration) -> io::Result<String> {
    let rest = url.strip_prefix("http://").ok_or_else(|| wrong("only http:// addresses can be asked"))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = connect(authority, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.write_all(format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let status = line.strip_prefix("HTTP/").and_then(|rest| rest.split_whitespace().nth(1));
    status.map(str::to_owned).ok_or_else(|| wrong("the answer is not HTTP"))
}

/// Tries every address of the host: `localhost` has two, and a server may listen on one of them.
fn connect(authority: &str, patience: Duration) -> io::Result<TcpStream> {
    let with_port = if authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let mut failure = wrong("the address names no host");
    for address in with_port.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Says of a wait that was too long that it was one: the system calls it by the name of its own cause.
fn patiently(error: io::Error, patience: Duration) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            io::Error::new(ErrorKind::TimedOut, format!("no answer within {} s", patience.as_secs_f64()))
        }
        _ => error,
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, net::TcpListener, thread};

    use super::*;

    #[test]
    fn a_server_on_every_address_is_asked_on_this_machine() {
        for (address, url) in [
            ("0.0.0.0:4000", "http://127.0.0.1:4000/health/ready"),
            ("[::]:4000", "http://[::1]:4000/health/ready"),
            ("192.0.2.7:80", "http://192.0.2.7:80/health/ready"),
        ] {
            assert_eq!(own_url(address.parse().unwrap()).unwrap(), url);
        }
        assert!(own_url("0.0.0.0:0".parse().unwrap()).is_err());
    }

    #[test]
    fn the_status_is_what_the_server_says() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 1_024];
            let length = stream.read(&mut asked).unwrap();
            stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        assert_eq!(ask(&format!("http://localhost:{port}/health/ready"), PATIENCE).unwrap(), "503");
        assert!(server.join().unwrap().starts_with("GET /health/ready HTTP/1.1\r\n"));
    }

    #[test]
    fn a_server_that_says_nothing_gave_no_answer_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let patience = Duration::from_millis(50);
        let error = ask(&format!("http://{address}/health/ready"), patience).unwrap_err();
        assert_eq!(patiently(error, patience).to_string(), "no answer within 0.05 s");
    }

    #[test]
    fn what_cannot_be_asked_is_an_error() {
        for url in ["https://localhost/", "localhost:4000", "http://:/", "http://"] {
            assert!(ask(url, PATIENCE).is_err(), "{url}");
        }
    }
}
