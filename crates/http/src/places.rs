//! The addresses of a server. They are taken before anything else is done, so that a start which cannot listen says where
//! and leaves nothing behind; nobody is listened to before all is there.

use std::{
    error::Error,
    fmt, io,
    net::{SocketAddr, TcpListener},
};

use tokio::net::TcpSocket;

use crate::state::HttpSettings;

/// An address that cannot be listened on, and why.
#[derive(Debug)]
pub struct NoPlace {
    address: SocketAddr,
    cause: io::Error,
}

impl NoPlace {
    /// What an error at this address means.
    pub(crate) fn at(address: SocketAddr) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self { address, cause }
    }
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.address, self.cause)
    }
}

impl Error for NoPlace {}

/// Where a server will listen.
#[derive(Debug)]
pub struct Places {
    pub(crate) public: Place,
    pub(crate) operators: Option<Place>,
}

impl Places {
    /// Takes the addresses for this process.
    ///
    /// # Errors
    /// The first one that cannot be had.
    pub fn take(settings: &HttpSettings) -> Result<Self, NoPlace> {
        let public = Place::take(settings.address)?;
        let operators = settings.operators.address.map(Place::take).transpose()?;
        Ok(Self { public, operators })
    }
}

/// One address, bound.
#[derive(Debug)]
pub(crate) struct Place {
    address: SocketAddr,
    socket: TcpSocket,
}

impl Place {
    fn take(address: SocketAddr) -> Result<Self, NoPlace> {
        let bound = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            Ok((socket.local_addr()?, socket))
        };
        let (address, socket) = bound().map_err(NoPlace::at(address))?;
        Ok(Self { address, socket })
    }

    /// Which it is, now that the system has chosen a port where that was left to it.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens, with room for so many connections that wait to be accepted.
    pub(crate) fn listen(self, waiting: u32) -> Result<TcpListener, NoPlace> {
        let listening = self.socket.listen(waiting).and_then(tokio::net::TcpListener::into_std);
        listening.map_err(NoPlace::at(self.address))
    }
}
