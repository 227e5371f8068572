//! Who is at the other end: the peer, or, behind a trusted proxy, whom that
//! proxy names. Forwarding headers of anybody else change nothing.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use poem::{FromRequest, Request, RequestBody};

/// Address of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The network that limits are counted for: an IPv4 address, or the /64 that
    /// an IPv6 subscriber has.
    pub fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address @ IpAddr::V4(_) => address,
        }
    }

    /// The right-most address of the chain that is not a trusted proxy's.
    pub(super) fn of(request: &Request, trusted: &[IpNet]) -> Self {
        let peer = request
            .remote_addr()
            .as_socket_addr()
            .map_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), SocketAddr::ip);
        let forwarded: Vec<&str> = request
            .headers()
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        Self(resolve(peer.to_canonical(), &forwarded, trusted))
    }
}

fn resolve(peer: IpAddr, forwarded: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer;
    for hop in forwarded.iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        let Some(address) = hop_address(hop) else {
            break;
        };
        client = address.to_canonical();
    }
    client
}

/// The address of one hop. Some gateways write the port behind it, as in
/// `198.51.100.7:5123` and `[2001:db8::7]:5123`; the port changes with every
/// connection and is left out.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    if let Ok(address) = hop.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = hop.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    hop.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

impl<'a> FromRequest<'a> for ClientAddress {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        // The onion puts it there for every request.
        Ok(request
            .data::<Self>()
            .copied()
            .unwrap_or(Self(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarding_headers_count_only_behind_a_trusted_proxy() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let client = |peer, chain: &[&str]| resolve(ip(peer), chain, &trusted);
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), ip("192.0.2.1"));
        assert_eq!(client("10.0.0.1", &["198.51.100.7"]), ip("198.51.100.7"));
        assert_eq!(
            client("10.0.0.1", &["1.2.3.4", "198.51.100.7", "10.0.0.2"]),
            ip("198.51.100.7")
        );
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "nonsense"]), ip("10.0.0.1"));
        assert_eq!(client("10.0.0.1", &["10.0.0.9"]), ip("10.0.0.9"));
    }

    #[test]
    fn a_port_behind_a_forwarded_address_is_left_out() {
        for (hop, address) in [
            ("198.51.100.7", Some("198.51.100.7")),
            (" 198.51.100.7:5123 ", Some("198.51.100.7")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("[2001:db8::7]:5123", Some("2001:db8::7")),
            ("[2001:db8::7]", Some("2001:db8::7")),
            ("\"[2001:db8::7]:5123\"", Some("2001:db8::7")),
            ("198.51.100.7:", None),
            ("198.51.100.7:99999", None),
            ("[198.51.100.7]", None),
            ("_hidden", None),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(hop_address(hop), address.map(|text| text.parse().unwrap()), "{hop:?}");
        }
    }

    #[test]
    fn an_ipv6_network_is_its_first_half() {
        let network = |text: &str| ClientAddress(text.parse().unwrap()).network().to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
