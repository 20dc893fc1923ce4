//! Websocket frames over plain TCP, read where they lie: a load tool shares the machine with what it measures.
//!
//! Only what Socket.IO and GraphQL servers send is understood: whole text frames, pings, and the close.

use crate::Outcome;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Range,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

const CHUNK: usize = 4 * 1024;
const LARGEST_FRAME: usize = 16 * 1024 * 1024;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// An open websocket; an error on it is its end.
#[derive(Debug)]
pub(crate) struct Websocket {
    stream: TcpStream,
    inbox: Vec<u8>,
    read: usize,
    outbox: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
struct Frame {
    opcode: u8,
    body: Range<usize>,
}

impl Websocket {
    /// Opens a websocket, from the loopback address with this last number. The caller sets the deadline.
    pub(crate) async fn open(addr: SocketAddr, path: &str, from: u8) -> Outcome<Self> {
        Self::open_speaking(addr, path, from, None).await
    }

    /// As [`Self::open`], in a subprotocol.
    pub(crate) async fn open_speaking(addr: SocketAddr, path: &str, from: u8, protocol: Option<&str>) -> Outcome<Self> {
        let protocol = protocol.map_or_else(String::new, |name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
        let stream = connect(addr, from).await.map_err(|error| format!("cannot connect to {addr}: {error}"))?;
        stream.set_nodelay(true)?;
        let mut socket = Self { stream, inbox: Vec::with_capacity(CHUNK), read: 0, outbox: Vec::new() };
        let upgrade = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
        );
        socket.stream.write_all(upgrade.as_bytes()).await?;
        loop {
            if let Some(end) = socket.inbox.windows(4).position(|window| window == b"\r\n\r\n") {
                let status = socket.inbox.get(9..12).unwrap_or_default();
                if status != b"101" {
                    let status = String::from_utf8_lossy(status);
                    return Err(format!("{addr} refused the websocket with status {status}").into());
                }
                socket.read = end + 4;
                return Ok(socket);
            }
            socket.more().await?;
        }
    }

    /// Puts a text frame of these parts into the buffer.
    pub(crate) fn feed(&mut self, parts: &[&[u8]]) {
        self.put(TEXT, parts);
    }

    pub(crate) async fn flush(&mut self) -> Outcome<()> {
        if !self.outbox.is_empty() {
            self.stream.write_all(&self.outbox).await?;
            self.outbox.clear();
        }
        Ok(())
    }

    /// The next text, to be looked at with [`Self::bytes`] before anything else is read; nothing is lost when this is
    /// dropped while it waits.
    pub(crate) async fn text(&mut self) -> Outcome<Range<usize>> {
        loop {
            while let Some(frame) = frame(&self.inbox, self.read)? {
                self.read = frame.body.end;
                match frame.opcode {
                    TEXT => return Ok(frame.body),
                    CLOSE => return Err("the server closed the socket".into()),
                    PING => {
                        self.put(PONG, &[]);
                        self.flush().await?;
                    }
                    _ => {}
                }
            }
            self.more().await?;
        }
    }

    pub(crate) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.inbox.get(range.clone()).unwrap_or_default()
    }

    /// Says goodbye, and closes.
    pub(crate) async fn close(mut self) -> Outcome<()> {
        self.put(CLOSE, &[&1000_u16.to_be_bytes()]);
        self.flush().await?;
        Ok(self.stream.shutdown().await?)
    }

    /// A client's frames are masked; with zeros that changes nothing.
    fn put(&mut self, opcode: u8, parts: &[&[u8]]) {
        const MASK: [u8; 4] = [0; 4];
        const MASKED: u8 = 0x80;
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        self.outbox.push(0x80 | opcode);
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(length @ 0..=125), _) => self.outbox.push(MASKED | length),
            (_, Ok(length)) => {
                self.outbox.push(MASKED | 0x7e);
                self.outbox.extend(length.to_be_bytes());
            }
            _ => {
                self.outbox.push(MASKED | 0x7f);
                self.outbox.extend((length as u64).to_be_bytes());
            }
        }
        self.outbox.extend(MASK);
        for part in parts {
            self.outbox.extend_from_slice(part);
        }
    }

    async fn more(&mut self) -> Outcome<()> {
        if self.read == self.inbox.len() {
            self.inbox.clear();
            self.read = 0;
        } else if self.read > CHUNK {
            self.inbox.drain(..self.read);
            self.read = 0;
        }
        if self.inbox.capacity() - self.inbox.len() < CHUNK / 2 {
            self.inbox.reserve(CHUNK);
        }
        if self.stream.read_buf(&mut self.inbox).await? == 0 {
            return Err("the server closed the connection".into());
        }
        Ok(())
    }
}

async fn connect(addr: SocketAddr, from: u8) -> std::io::Result<TcpStream> {
    if from <= 1 || addr.is_ipv6() {
        return TcpStream::connect(addr).await;
    }
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, from)), 0))?;
    socket.connect(addr).await
}

/// `None` while the frame at `at` is not there in full.
fn frame(bytes: &[u8], at: usize) -> Outcome<Option<Frame>> {
    let Some([first, second, rest @ ..]) = bytes.get(at..) else { return Ok(None) };
    if first & 0x80 == 0 || second & 0x80 != 0 {
        return Err("a frame is in pieces or masked, which no Socket.IO server sends".into());
    }
    let (head, length) = match second & 0x7f {
        126 => match rest.first_chunk() {
            Some(length) => (4, usize::from(u16::from_be_bytes(*length))),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(length) => (10, usize::try_from(u64::from_be_bytes(*length))?),
            None => return Ok(None),
        },
        short => (2, usize::from(short)),
    };
    if length > LARGEST_FRAME {
        return Err(format!("a frame of {length} bytes is too large to be read").into());
    }
    let body = at + head..at + head + length;
    Ok((bytes.len() >= body.end).then_some(Frame { opcode: first & 0x0f, body }))
}

#[cfg(test)]
mod tests {
    use super::{Frame, TEXT, frame};

    #[test]
    fn a_frame_is_read_once_it_is_whole() {
        for (length, head) in [
            (5_usize, vec![0x81, 5]),
            (300, vec![0x81, 126, 1, 44]),
            (70_000, {
                let mut head = vec![0x81, 127];
                head.extend(70_000_u64.to_be_bytes());
                head
            }),
        ] {
            let mut bytes = vec![0xff; 3];
            bytes.extend(&head);
            bytes.resize(3 + head.len() + length, b'x');
            let body = 3 + head.len()..bytes.len();
            assert_eq!(frame(&bytes, 3).ok().flatten(), Some(Frame { opcode: TEXT, body }));
            assert_eq!(frame(&bytes[..bytes.len() - 1], 3).ok(), Some(None));
            assert_eq!(frame(&bytes[..4], 3).ok(), Some(None));
        }
    }

    #[test]
    fn pieces_and_masks_are_refused() {
        assert!(frame(&[0x01, 0], 0).is_err());
        assert!(frame(&[0x81, 0x80, 0, 0, 0, 0], 0).is_err());
    }
}
