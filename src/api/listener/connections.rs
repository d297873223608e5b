//! The connections that are open: how many there may be, whose they are, and the way to end them.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::ListenerLimits;
use crate::clock::Clock;
use crate::model::ids::SpiffeId;

/// The connections of a listener. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    /// Held for a few map operations, never across an await.
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    by_number: HashMap<u64, Entry>,
    by_network: HashMap<IpAddr, usize>,
    strangers: usize,
    /// Connections were turned away since the last one that was admitted.
    full: bool,
}

struct Entry {
    id: Option<SpiffeId>,
    ended: CancellationToken,
}

impl Connections {
    /// No connections yet; their certificates end by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            clock,
            open: Mutex::default(),
        }))
    }

    /// How many are open, those in their handshake among them.
    pub fn count(&self) -> usize {
        self.0.open().by_number.len()
    }

    /// Ends every connection whose certificate names one of these, with all its streams, at once; returns how many.
    ///
    /// First change what is believed of them, then call this: else they are back before the change.
    pub fn end_where(&self, whose: impl Fn(&SpiffeId) -> bool) -> usize {
        let open = self.0.open();
        let chosen = open
            .by_number
            .values()
            .filter(|entry| entry.id.as_ref().is_some_and(&whose));
        chosen.map(|entry| entry.ended.cancel()).count()
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// Room for one more from there, as a stranger at first; `None` if there is none.
    pub(super) fn admit(&self, from: IpAddr, limits: &ListenerLimits) -> Option<Admission> {
        let network = network_of(from);
        let mut open = self.0.open();
        let of_network = open.by_network.get(&network).copied().unwrap_or(0);
        let full = if open.by_number.len() >= limits.connections {
            Some("all connections are taken")
        } else if open.strangers >= limits.strangers {
            Some("too many connections have shown no certificate")
        } else if of_network >= limits.connections_per_address && !from.is_loopback() {
            Some("too many connections come from one address")
        } else {
            None
        };
        if let Some(why) = full {
            // Once per shortage: a flood must not become a flood of lines.
            if !std::mem::replace(&mut open.full, true) {
                tracing::warn!(remote.address = %from, why, "connections are being turned away");
            }
            return None;
        }
        open.full = false;
        let number = open.next;
        open.next = open.next.wrapping_add(1);
        open.strangers = open.strangers.saturating_add(1);
        *open.by_network.entry(network).or_default() += 1;
        let ended = CancellationToken::new();
        open.by_number.insert(
            number,
            Entry {
                id: None,
                ended: ended.clone(),
            },
        );
        Some(Admission {
            connections: self.clone(),
            number,
            network,
            is_stranger: true,
            ended,
        })
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connections({} open)", self.count())
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing in here can panic half-way.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one open connection, given back when it is dropped.
pub(super) struct Admission {
    connections: Connections,
    number: u64,
    network: IpAddr,
    is_stranger: bool,
    ended: CancellationToken,
}

impl Admission {
    /// Says whose it is: no stranger's any more.
    pub(super) fn identify(&mut self, id: &SpiffeId) {
        let mut open = self.connections.0.open();
        if std::mem::take(&mut self.is_stranger) {
            open.strangers = open.strangers.saturating_sub(1);
        }
        if let Some(entry) = open.by_number.get_mut(&self.number) {
            entry.id = Some(id.clone());
        }
    }

    /// Cancelled when the connection is to end.
    pub(super) fn ended(&self) -> &CancellationToken {
        &self.ended
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.connections.0.open();
        open.by_number.remove(&self.number);
        if self.is_stranger {
            open.strangers = open.strangers.saturating_sub(1);
        }
        if let Some(count) = open.by_network.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.by_network.remove(&self.network);
            }
        }
    }
}

/// Who has one IPv6 address has its whole /64.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            std::net::Ipv6Addr::from(prefix).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn limits() -> ListenerLimits {
        ListenerLimits {
            connections: 4,
            connections_per_address: 2,
            strangers: 3,
            ..ListenerLimits::default()
        }
    }

    fn connections() -> Connections {
        Connections::new(Arc::new(ManualClock::default()))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn siem() -> SpiffeId {
        SpiffeId::parse("spiffe://energy.isac.example/member/acme/tool/siem").unwrap()
    }

    #[test]
    fn one_address_gets_only_its_share_and_gets_it_back() {
        let connections = connections();
        let first = connections.admit(ip("192.0.2.1"), &limits());
        let second = connections.admit(ip("::ffff:192.0.2.1"), &limits());
        assert!(first.is_some() && second.is_some());
        assert!(connections.admit(ip("192.0.2.1"), &limits()).is_none());
        assert!(connections.admit(ip("192.0.2.2"), &limits()).is_some());
        drop(first);
        assert!(connections.admit(ip("192.0.2.1"), &limits()).is_some());
    }

    #[test]
    fn an_ipv6_network_of_64_bits_counts_as_one_address() {
        let connections = connections();
        let held: Vec<_> = ["2001:db8::1", "2001:db8::2"]
            .map(|a| connections.admit(ip(a), &limits()))
            .into();
        assert!(held.iter().all(Option::is_some));
        assert!(connections.admit(ip("2001:db8::3"), &limits()).is_none());
        assert!(
            connections
                .admit(ip("2001:db8:0:1::3"), &limits())
                .is_some()
        );
    }

    #[test]
    fn strangers_do_not_crowd_out_those_with_a_certificate() {
        let connections = connections();
        let mut held: Vec<_> = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
            .map(|a| connections.admit(ip(a), &limits()).unwrap())
            .into();
        assert!(connections.admit(ip("192.0.2.4"), &limits()).is_none());
        held[0].identify(&siem());
        let fourth = connections.admit(ip("192.0.2.4"), &limits());
        assert!(fourth.is_some());
        held[1].identify(&siem());
        assert!(
            connections.admit(ip("192.0.2.5"), &limits()).is_none(),
            "the total is four"
        );
        drop((held, fourth));
        let open = connections.0.open();
        assert!(open.strangers == 0 && open.by_network.is_empty() && open.by_number.is_empty());
    }

    #[test]
    fn only_the_named_are_ended() {
        let connections = connections();
        let mut ours = connections.admit(ip("192.0.2.1"), &limits()).unwrap();
        let stranger = connections.admit(ip("192.0.2.2"), &limits()).unwrap();
        ours.identify(&siem());
        assert_eq!(connections.end_where(|_| false), 0);
        assert_eq!(connections.end_where(|id| *id == siem()), 1);
        assert!(ours.ended().is_cancelled() && !stranger.ended().is_cancelled());
    }
}
