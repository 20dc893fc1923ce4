//! Where a request comes from: the socket's peer, or what a trusted proxy says of it.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Once,
};

use actix_web::{
    HttpRequest,
    http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue, X_FORWARDED_FOR},
    web::Data,
};

/// The proxies whose word on the client's address is believed; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    blocks: Vec<Block>,
    /// Where they tell the client's address, if they have a header of their own for it.
    header: Option<AddressHeader>,
}

/// The name of a header in which a proxy tells nothing but the client's address, like `X-Real-IP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressHeader(HeaderName);

/// What is no name of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAHeader;

impl FromStr for AddressHeader {
    type Err = NotAHeader;

    fn from_str(text: &str) -> Result<Self, NotAHeader> {
        text.parse().map(Self).map_err(|_| NotAHeader)
    }
}

/// The addresses that begin with the same bits. IPv4 stands among IPv6 as its mapped form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    first: u128,
    bits: u32,
}

impl Block {
    fn holds(self, address: IpAddr) -> bool {
        let differing = bits(address) ^ self.first;
        self.bits == 0 || differing >> (128 - self.bits) == 0
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl FromStr for Block {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let (whole, before) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let length = length.map_or(Ok(whole), |length| length.parse::<u32>().map_err(|_| ()))?;
        if length > whole {
            return Err(());
        }
        let block = Self { first: bits(address), bits: before + length };
        // A block that begins elsewhere than it says is a slip of the pen.
        let rest = u128::MAX.checked_shr(block.bits).unwrap_or(0);
        if block.first & rest == 0 { Ok(block) } else { Err(()) }
    }
}

/// The part that is neither an address nor a block of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnAddress(pub String);

impl FromStr for TrustedProxies {
    type Err = NotAnAddress;

    /// Reads addresses and blocks in CIDR notation, separated by commas.
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|part| part.parse().map_err(|()| NotAnAddress(part.to_owned())))
            .collect::<Result<_, _>>()
            .map(|blocks| Self { blocks, header: None })
    }
}

impl TrustedProxies {
    /// The same proxies, which tell the client's address in a header of their own.
    #[must_use]
    pub fn telling_in(self, header: AddressHeader) -> Self {
        Self { header: Some(header), ..self }
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.blocks.iter().any(|block| block.holds(address))
    }

    /// The address from which a request comes. A trusted proxy that tells it in a header of its own is taken at its
    /// word. Else each trusted proxy is asked who came to it, from the nearest on; the first one who is not trusted is
    /// the client, whatever they say themselves.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trust(peer) {
            hint(peer, headers);
            return peer;
        }
        if let Some(told) = self.told(headers) {
            return told.to_canonical();
        }
        let mut client = peer;
        for hop in hops(headers) {
            let Some(hop) = hop else { break }; // a proxy that hides who came: it answers for them itself
            client = hop.to_canonical();
            if !self.trust(client) {
                break;
            }
        }
        client
    }

    /// What stands in the proxies' own header. Sent twice, or with anything but one address in it, it tells nothing: it
    /// is not from a proxy that writes it anew.
    fn told(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let mut values = headers.get_all(&self.header.as_ref()?.0);
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let text = value.to_str().ok()?.trim();
        text.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
    }
}

/// Who came to each proxy, the nearest first; `None` where a proxy does not tell. `Forwarded` counts only without an
/// `X-Forwarded-For`: most proxies write that, and pass on a `Forwarded` that they know nothing of.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let (name, read): (_, fn(&str) -> Option<IpAddr>) =
        if headers.contains_key(X_FORWARDED_FOR) { (X_FORWARDED_FOR, host) } else { (FORWARDED, forwarded_for) };
    let lines: Vec<_> = headers.get_all(name).map(HeaderValue::as_bytes).collect();
    let elements = lines.into_iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    elements.map(move |element| read(str::from_utf8(element).ok()?))
}

/// The `for` of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let value = element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    })?;
    host(value.trim().trim_matches('"'))
}

/// An address, with or without a port.
fn host(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split(']').next()?.parse().ok().map(IpAddr::V6);
    }
    text.parse().ok().or_else(|| text.rsplit_once(':')?.0.parse().ok().map(IpAddr::V4))
}

/// Says once that a proxy seems to be there which nobody told us of: all its clients would count as one.
fn hint(peer: IpAddr, headers: &HeaderMap) {
    static SAID: Once = Once::new();
    let near = match peer {
        IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
        IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
    };
    if near && headers.contains_key(X_FORWARDED_FOR) {
        SAID.call_once(|| {
            tracing::warn!(
                proxy.address = %peer,
                "a proxy that is not among TRUSTED_PROXIES forwards requests: all who come through it share its limits"
            );
        });
    }
}

/// The address of the client, by the proxies that the application trusts; `None` only without a network.
pub(crate) fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let proxies = request.app_data::<Data<TrustedProxies>>();
    Some(proxies.map_or_else(|| peer.to_canonical(), |proxies| proxies.client(peer, request.headers())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, headers: &[(HeaderName, &str)]) -> String {
        client_of(&trusted.parse().unwrap(), peer, headers)
    }

    fn client_of(proxies: &TrustedProxies, peer: &str, headers: &[(HeaderName, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &map).to_string()
    }

    fn forwarded_for(trusted: &str, peer: &str, said: &str) -> String {
        client(trusted, peer, &[(X_FORWARDED_FOR, said)])
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(forwarded_for("", "10.0.0.1", "198.51.100.7"), "10.0.0.1");
        assert_eq!(forwarded_for("10.0.0.2", "10.0.0.1", "198.51.100.7"), "10.0.0.1");
        assert_eq!(client("", "10.0.0.1", &[(FORWARDED, "for=198.51.100.7")]), "10.0.0.1");
    }

    #[test]
    fn the_nearest_address_that_is_not_trusted_is_the_client() {
        assert_eq!(forwarded_for("10.0.0.1", "10.0.0.1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(forwarded_for("10.0.0.1", "10.0.0.1", "1.1.1.1, 198.51.100.7"), "198.51.100.7");
        assert_eq!(forwarded_for("10.0.0.0/8", "10.0.0.1", "1.1.1.1,198.51.100.7 , 10.2.3.4"), "198.51.100.7");
        assert_eq!(forwarded_for("10.0.0.0/8", "10.0.0.1", "10.9.9.9, 10.2.3.4"), "10.9.9.9");
        assert_eq!(forwarded_for("10.0.0.0/8", "::ffff:10.0.0.1", "198.51.100.7"), "198.51.100.7");
        let lines = [(X_FORWARDED_FOR, "1.1.1.1"), (X_FORWARDED_FOR, "198.51.100.7")];
        assert_eq!(client("10.0.0.1", "10.0.0.1", &lines), "198.51.100.7");
        assert_eq!(client("10.0.0.1", "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn addresses_may_have_ports_and_what_is_none_ends_the_search() {
        for said in ["198.51.100.7:4711", "[2001:db8::7]:4711", "[2001:db8::7]", "2001:db8::7"] {
            let expected = if said.contains("db8") { "2001:db8::7" } else { "198.51.100.7" };
            assert_eq!(forwarded_for("10.0.0.1", "10.0.0.1", said), expected, "{said}");
        }
        for said in ["", "unknown", "1.1.1.1, unknown", "1.1.1.1,", "_hidden", "300.1.1.1", "[::1"] {
            let expected = if said == "[::1" { "::1" } else { "10.0.0.1" };
            assert_eq!(forwarded_for("10.0.0.1", "10.0.0.1", said), expected, "{said}");
        }
    }

    #[test]
    fn the_standard_header_counts_where_the_usual_one_is_missing() {
        let said = |said: &str| client("10.0.0.1", "10.0.0.1", &[(FORWARDED, said)]);
        assert_eq!(said("for=198.51.100.7;proto=https;by=10.0.0.1"), "198.51.100.7");
        assert_eq!(said("for=1.1.1.1, proto=https; For=\"[2001:db8::7]:4711\""), "2001:db8::7");
        assert_eq!(said("for=1.1.1.1, for=unknown"), "10.0.0.1");
        assert_eq!(said("proto=https"), "10.0.0.1");
        let both = [(FORWARDED, "for=1.1.1.1"), (X_FORWARDED_FOR, "198.51.100.7")];
        assert_eq!(client("10.0.0.1", "10.0.0.1", &both), "198.51.100.7");
    }

    #[test]
    fn a_header_of_the_proxys_own_comes_before_what_it_forwards() {
        const OWN: HeaderName = HeaderName::from_static("fly-client-ip");
        // The edge adds its own public address to what it forwards: that is the first one which is not trusted.
        let forwarded = (X_FORWARDED_FOR, "198.51.100.7, 203.0.113.1");
        let said = |peer: &str, own: &[&str]| {
            let proxies: TrustedProxies = "10.0.0.0/8".parse().unwrap();
            let proxies = proxies.telling_in("Fly-Client-IP".parse().unwrap());
            let own = own.iter().map(|value| (OWN, *value));
            client_of(&proxies, peer, &own.chain([forwarded.clone()]).collect::<Vec<_>>())
        };
        assert_eq!(said("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(said("::ffff:10.0.0.1", &[" 2001:db8::7 "]), "2001:db8::7");
        assert_eq!(said("10.0.0.1", &["::ffff:198.51.100.7"]), "198.51.100.7");
        assert_eq!(said("10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(said("10.0.0.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(said("192.0.2.9", &["198.51.100.7"]), "192.0.2.9", "a stranger is not believed");
        let nothing: &[&[&str]] =
            &[&[], &[""], &["unknown"], &["1.1.1.1, 2.2.2.2"], &["1.1.1.1", "2.2.2.2"], &["[::1], 1.1.1.1"]];
        for own in nothing {
            assert_eq!(said("10.0.0.1", own), "203.0.113.1", "{own:?}");
        }
        assert_eq!("no header".parse::<AddressHeader>(), Err(NotAHeader));
    }

    #[test]
    fn blocks_are_read_as_they_are_written() {
        let holds = |blocks: &str, address: &str| {
            blocks.parse::<TrustedProxies>().map(|proxies| proxies.trust(address.parse().unwrap()))
        };
        assert_eq!(holds("192.0.2.0/24", "192.0.2.255"), Ok(true));
        assert_eq!(holds("192.0.2.0/24", "192.0.3.0"), Ok(false));
        assert_eq!(holds("0.0.0.0/0", "203.0.113.9"), Ok(true));
        assert_eq!(holds("0.0.0.0/0", "2001:db8::1"), Ok(false));
        assert_eq!(holds("::/0, 127.0.0.1", "203.0.113.9"), Ok(true));
        assert_eq!(holds("2001:db8::/32", "2001:db8:ffff::1"), Ok(true));
        assert_eq!(holds("127.0.0.1, ::1,", "::1"), Ok(true));
        for wrong in ["localhost", "10.0.0.0/33", "::/129", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.1:80"] {
            assert_eq!(holds(wrong, "10.0.0.1"), Err(NotAnAddress(wrong.to_owned())), "{wrong}");
        }
    }
}
