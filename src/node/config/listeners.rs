//! Where the node listens, and where others find it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::ConfigError;
use super::values::Values;

/// Where the node listens, and where others find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerSettings {
    /// gRPC with mutual TLS. Port 0: any free port.
    pub listen: SocketAddr,
    /// HTTPS.
    pub https: SocketAddr,
    /// Probes and metrics, plain HTTP; always a loopback address.
    pub ops: SocketAddr,
    /// HOST:PORT for others; `None`: the address that is listened on. Port 0: the port that is listened on.
    pub advertise: Option<String>,
}

impl ListenerSettings {
    /// The HOST:PORT that stands in invites and agreements, once it is known what the node listens on.
    pub fn advertised(&self, bound: SocketAddr) -> String {
        match &self.advertise {
            Some(given) => match given.strip_suffix(":0") {
                Some(host) => format!("{host}:{}", bound.port()),
                None => given.clone(),
            },
            None => reachable_here(bound).to_string(),
        }
    }

    /// The host of the advertised address, without its port, for the node's certificate.
    pub fn advertised_host(&self) -> Option<&str> {
        let (host, _) = self.advertise.as_deref()?.rsplit_once(':')?;
        Some(host.trim_start_matches('[').trim_end_matches(']'))
    }
}

/// The address at which this machine itself reaches what listens there: an unspecified address becomes loopback.
pub fn reachable_here(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

pub(super) fn read(values: &Values) -> Result<ListenerSettings, ConfigError> {
    let settings = ListenerSettings {
        listen: values.required("listen", socket)?,
        https: values.required("https", socket)?,
        ops: values.required("ops", loopback)?,
        advertise: values.optional("advertise", advertise)?,
    };
    let all = [
        ("listen", settings.listen),
        ("https", settings.https),
        ("ops", settings.ops),
    ];
    for (n, (key, address)) in all.iter().enumerate() {
        if let Some((other, _)) = all
            .iter()
            .take(n)
            .find(|(_, taken)| address.port() != 0 && taken.port() == address.port())
        {
            return Err(ConfigError::SamePort {
                one: other,
                other: key,
                port: address.port(),
            });
        }
    }
    Ok(settings)
}

/// Reads ADDR:PORT; `localhost` is 127.0.0.1.
pub(crate) fn socket(text: &str) -> Result<SocketAddr, String> {
    let text = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    text.parse().map_err(|_| {
        format!(
            "“{}” is not ADDR:PORT, such as 0.0.0.0:7443 or [::]:7443",
            text.escape_debug()
        )
    })
}

/// Reads ADDR:PORT where only this machine may connect.
pub(crate) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = socket(text)?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!(
            "{address} can be reached from other machines, and what it serves has no access control; use a loopback \
             address such as 127.0.0.1:7445, and a proxy where the probes come from elsewhere"
        ))
    }
}

/// Reads HOST:PORT.
pub(crate) fn advertise(text: &str) -> Result<String, String> {
    let problem = || {
        format!(
            "“{}” is not HOST:PORT, such as sluis.energy.example:7443",
            text.escape_debug()
        )
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(problem)?;
    port.parse::<u16>().map_err(|_| problem())?;
    let bracketed = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok());
    let named = !host.is_empty()
        && host.len() <= HOST_BYTES_MAX
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if bracketed || named {
        Ok(text.to_owned())
    } else {
        Err(problem())
    }
}

/// RFC 1035 §2.3.4: longest domain name in text.
const HOST_BYTES_MAX: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(advertise: Option<&str>) -> ListenerSettings {
        let any = || socket("0.0.0.0:0").expect("an address");
        ListenerSettings {
            listen: any(),
            https: any(),
            ops: any(),
            advertise: advertise.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_advertised_can_be_reached() {
        let bound = socket("0.0.0.0:4711").expect("an address");
        assert_eq!(settings(None).advertised(bound), "127.0.0.1:4711");
        assert_eq!(
            settings(Some("a.example:0")).advertised(bound),
            "a.example:4711"
        );
        assert_eq!(
            settings(Some("a.example:1")).advertised(bound),
            "a.example:1"
        );
        assert_eq!(settings(Some("[::1]:0")).advertised(bound), "[::1]:4711");
        assert_eq!(settings(Some("[::1]:0")).advertised_host(), Some("::1"));
    }

    #[test]
    fn addresses_are_checked() {
        assert!(loopback("127.0.0.1:0").is_ok() && loopback("[::1]:7445").is_ok());
        assert!(loopback("localhost:7445").is_ok());
        assert!(loopback("0.0.0.0:7445").is_err() && loopback("192.0.2.1:7445").is_err());
        for text in [
            "",
            "host",
            "host:",
            ":1",
            "ho st:1",
            "host:70000",
            "[::1:1",
            "a/b:1",
        ] {
            assert!(advertise(text).is_err(), "{text:?} was accepted");
        }
    }
}
