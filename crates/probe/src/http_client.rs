//! A keep-alive HTTP/1.1 client that reads no more of an answer than its status and length; nothing is pipelined.

use crate::Outcome;
use std::{fmt::Write as _, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
const CHUNK: usize = 16 * 1024;
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// One connection; an error on it is its end.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    head: usize,
}

/// What a head says of its answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    length: usize,
    body: usize,
}

impl Connection {
    pub(crate) async fn open(addr: SocketAddr) -> Outcome<Self> {
        let stream = timeout(CONNECT_PATIENCE, TcpStream::connect(addr))
            .await
            .map_err(|_| format!("no connection to {addr} within {CONNECT_PATIENCE:?}"))?
            .map_err(|error| format!("cannot connect to {addr}: {error}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(CHUNK), head: 0 })
    }

    /// Sends a whole request and reads a whole answer; gives its status. The caller sets the deadline.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Outcome<u16> {
        self.answer.clear();
        self.stream.write_all(request).await?;
        loop {
            if self.answer.capacity() - self.answer.len() < 1024 {
                self.answer.reserve(CHUNK);
            }
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the server closed the connection before the end of an answer".into());
            }
            if let Some(head) = parse(&self.answer)?
                && self.answer.len() >= head.length + head.body
            {
                self.head = head.length;
                return Ok(head.status);
            }
            if self.answer.len() > LARGEST_ANSWER {
                return Err("an answer is too large to be read".into());
            }
        }
    }

    /// A header of the last answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(self.answer.get(..self.head)?).ok()?;
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        self.answer.get(self.head..).unwrap_or_default()
    }
}

/// What is asked; a body is JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) body: Option<&'a str>,
    /// The `ETag` of an answer that is here already.
    pub(crate) known: Option<&'a str>,
}

impl<'a> Request<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: "GET", path, token: None, body: None, known: None }
    }

    pub(crate) fn post(path: &'a str, body: &'a str) -> Self {
        Self { method: "POST", body: Some(body), ..Self::get(path) }
    }

    pub(crate) fn by(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The request with its head in full.
    pub(crate) fn bytes(&self, addr: SocketAddr) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: {addr}\r\n", self.method, self.path);
        if let Some(token) = self.token {
            text.extend(["Authorization: Bearer ", token, "\r\n"]);
        }
        if let Some(known) = self.known {
            text.extend(["If-None-Match: ", known, "\r\n"]);
        }
        if let Some(body) = self.body {
            // Writing to a String cannot fail.
            let _ = write!(text, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        text.extend(["\r\n", self.body.unwrap_or_default()]);
        text.into_bytes()
    }
}

/// `None` while the head is not there in full.
fn parse(answer: &[u8]) -> Outcome<Option<Head>> {
    let (mut at, mut status, mut body) = (0, None, None);
    while let Some(length) = answer[at..].iter().position(|byte| *byte == b'\n') {
        let line = answer[at..at + length].trim_ascii_end();
        at += length + 1;
        if status.is_none() {
            status = Some(number(line.get(9..12).unwrap_or_default()).ok_or("that is no HTTP/1.1 answer")?);
        } else if line.is_empty() {
            let status = u16::try_from(status.unwrap_or_default())?;
            let body = match body {
                Some(body) => body,
                None if matches!(status, 204 | 304) => 0,
                None => return Err("an answer has no content-length, which this client needs".into()),
            };
            return Ok(Some(Head { status, length: at, body }));
        } else if let Some((name, value)) = line.split_at_checked(15)
            && name.eq_ignore_ascii_case(b"content-length:")
        {
            body = Some(number(value.trim_ascii_start()).ok_or("an answer has a bad content-length")?);
        }
    }
    Ok(None)
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Head, parse};

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nx: y\r\n\r\n{}";
        assert_eq!(parse(answer).ok().flatten(), Some(Head { status: 201, length: 49, body: 2 }));
        for end in 0..49 {
            assert_eq!(parse(&answer[..end]).ok(), Some(None), "after {end} bytes");
        }
    }

    #[test]
    fn an_answer_without_a_length_is_an_error() {
        assert!(parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert_eq!(
            parse(b"HTTP/1.1 204 No Content\r\n\r\n").ok().flatten(),
            Some(Head { status: 204, length: 27, body: 0 })
        );
    }
}
