//! Which addresses a channel may connect to: public ones.
//!
//! Checked where the connection is made, on the very addresses that it will use, so a name that
//! changes between a check and the connection gains nothing. Sources: the IANA special-purpose
//! address registries for IPv4 and IPv6.

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

/// An address that is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address {0} is not public")]
pub struct NotPublic(pub IpAddr);

/// The IPv4 networks that are not public, with the length of their prefix.
const V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved and broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// The networks within 2000::/3 that are not public or lead to an IPv4 address of the name's
/// choosing (Teredo lies in 2001::/23, 6to4 is 2002::/16).
const V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Lets a public address through.
///
/// In IPv6 only global unicast (2000::/3) is public; that leaves out the unspecified and loopback
/// addresses, IPv4-mapped ones, NAT64, unique local, link-local and multicast.
///
/// # Errors
/// [`NotPublic`] for any other.
pub fn public(address: IpAddr) -> Result<(), NotPublic> {
    let found = match address {
        IpAddr::V4(v4) => !V4.iter().any(|(net, prefix)| within_v4(v4, *net, *prefix)),
        IpAddr::V6(v6) => {
            let unicast = within_v6(v6, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
            unicast && !V6.iter().any(|(net, prefix)| within_v6(v6, *net, *prefix))
        }
    };
    if found { Ok(()) } else { Err(NotPublic(address)) }
}

fn within_v4(address: Ipv4Addr, net: Ipv4Addr, prefix: u32) -> bool {
    (address.to_bits() ^ net.to_bits()).leading_zeros() >= prefix
}

fn within_v6(address: Ipv6Addr, net: Ipv6Addr, prefix: u32) -> bool {
    (address.to_bits() ^ net.to_bits()).leading_zeros() >= prefix
}

/// Checks a URL whose host is an address; one with a name is left to [`Guarded`].
pub(super) fn literal(url: &Url) -> Result<(), NotPublic> {
    let Some(host) = url.host_str() else { return Ok(()) };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => public(address),
        Err(_) => Ok(()),
    }
}

/// Addresses being looked up.
pub type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Finds the addresses of a name.
pub trait Lookup: Send + Sync {
    /// All addresses of the name; ports are of no account.
    fn lookup(&self, name: String) -> LookingUp;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: String) -> LookingUp {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
    }
}

/// A resolver that answers with public addresses or not at all.
#[derive(Clone)]
pub struct Guarded(Arc<dyn Lookup>);

impl Guarded {
    /// Guards what `lookup` finds.
    pub fn new(lookup: Arc<dyn Lookup>) -> Self {
        Self(lookup)
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = self.0.lookup(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = looking.await?;
            // One address that leads inwards condemns the name: it is not to be trusted.
            addresses.iter().try_for_each(|address| public(address.ip()))?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        let inward = "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 \
            127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 \
            192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.1.1.1 \
            240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 \
            64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 fc00::1 \
            fd00:ec2::254 fe80::1 fec0::1 ff02::1 5f00::1";
        for text in inward.split_whitespace() {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(public(address), Err(NotPublic(address)), "{text}");
        }
        let outward = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 \
            126.255.255.255 128.0.0.0 169.253.255.255 172.15.255.255 172.32.0.0 192.167.255.255 \
            198.17.255.255 198.20.0.0 223.255.255.255 2001:4860:4860::8888 2606:4700::1111 \
            2a00:1450::1";
        for text in outward.split_whitespace() {
            assert_eq!(public(text.parse().unwrap()), Ok(()), "{text}");
        }
    }

    #[test]
    fn every_spelling_of_a_literal_is_seen_through() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "[::ffff:7f00:1]",
            "169.254.169.254",
            "127.0.0.1.",
        ] {
            let url = Url::parse(&format!("https://{host}/hook")).unwrap();
            assert!(literal(&url).is_err(), "{host} became {url}");
        }
        let named = Url::parse("https://hooks.example.com/").unwrap();
        assert_eq!(literal(&named), Ok(()));
    }
}
