//! What every node and every viewer really holds: nodes by their logs, viewers by what they are sent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;

use super::acts::Acts;
use super::oracle::{self, Place};
use super::pushes::items;
use super::stage::{Site, Stage, Viewer};
use crate::cli::failure::may_pass;
use crate::log::EntryBody;
use crate::model::position::Position;
use crate::model::words::Kind;
use crate::store::RowState;
use crate::wire::{envelope, pb};

/// Who holds what, beside who should.
pub(super) struct Holdings {
    /// The places of each push's item.
    pub(super) held: BTreeMap<usize, BTreeSet<Place>>,
    /// What should be held.
    pub(super) expected: BTreeMap<usize, BTreeSet<Place>>,
    /// Items that no push of the play made, and where they are: notices that stayed at home are not among them.
    pub(super) strays: Vec<(String, Place)>,
}

impl Holdings {
    /// Held by somebody who should not.
    pub(super) fn leaks(&self) -> Vec<String> {
        let mut leaks: Vec<String> = self
            .strays
            .iter()
            .map(|(item, place)| format!("an unknown item {item} is at {place}"))
            .collect();
        leaks.extend(self.beyond(&self.held, &self.expected, "is at"));
        leaks
    }

    /// Not held by somebody who should.
    pub(super) fn missing(&self) -> Vec<String> {
        self.beyond(&self.expected, &self.held, "did not reach")
            .collect()
    }

    fn beyond<'a>(
        &self,
        more: &'a BTreeMap<usize, BTreeSet<Place>>,
        less: &'a BTreeMap<usize, BTreeSet<Place>>,
        what: &'a str,
    ) -> impl Iterator<Item = String> + 'a {
        let items = items();
        more.iter().flat_map(move |(n, places)| {
            let items = items.clone();
            let allowed = less.get(n);
            places
                .iter()
                .filter(move |place| !allowed.is_some_and(|a| a.contains(*place)))
                .map(move |place| {
                    let file = items.get(*n).map_or("?", |p| p.file);
                    format!("{file} {what} {place}")
                })
        })
    }
}

/// How long deliveries and withdrawals may be on their way, and how often is looked.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Looks until everybody holds what he should, or the time is over.
pub(super) async fn settled(stage: &Stage, acts: &Acts, say: &dyn Fn(&str)) -> Result<Holdings> {
    say("waiting until nothing is under way any more");
    let looks = SETTLED_WITHIN.as_millis() / LOOK_AGAIN.as_millis();
    let mut holdings = look(stage, acts).await?;
    for _ in 0..looks {
        if holdings.missing().is_empty() && holdings.leaks().is_empty() {
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        holdings = look(stage, acts).await?;
    }
    Ok(holdings)
}

async fn look(stage: &Stage, acts: &Acts) -> Result<Holdings> {
    let numbers: BTreeMap<&str, usize> = acts
        .items
        .iter()
        .map(|(n, item)| (item.as_str(), *n))
        .collect();
    let mut held: BTreeMap<usize, BTreeSet<Place>> = BTreeMap::new();
    let mut strays = Vec::new();
    let mut note = |item: String, place: &str, is_own_notice: bool| {
        match numbers.get(item.as_str()) {
            Some(n) => {
                held.entry(*n).or_default().insert(place.to_owned());
            }
            None if is_own_notice => {}
            None => strays.push((item, place.to_owned())),
        };
    };
    for site in &stage.sites {
        for (item, own_notice) in node(site).await? {
            note(item, site.community.short, own_notice);
        }
    }
    for viewer in &stage.viewers {
        for (item, own_notice) in read(viewer).await? {
            note(item, &viewer.place, own_notice);
        }
    }
    Ok(Holdings {
        held,
        expected: oracle::expected(&items()),
        strays,
    })
}

/// The items in service at a node, and whether each is a notice of its own.
async fn node(site: &Site) -> Result<Vec<(String, bool)>> {
    let mut items = Vec::new();
    let mut after = Position::START;
    loop {
        let entries = site
            .node
            .log()
            .entries_after(after, 500, usize::MAX, false)
            .await?;
        let Some(last) = entries.last() else {
            return Ok(items);
        };
        after = last.row.position;
        for entry in &entries {
            if let EntryBody::Item { envelope, .. } = &entry.body
                && entry.row.state == RowState::Live
            {
                let own = envelope.origin.as_str() == site.community.id;
                let notice = own && envelope.kind == Kind::Notice;
                items.push((envelope.item.to_string(), notice));
            }
        }
    }
}

/// The items in a viewer's feed; nothing where it may not read. A suspension cuts the connection; the next one tells why.
async fn read(viewer: &Viewer) -> Result<Vec<(String, bool)>> {
    const ATTEMPTS: usize = 3;
    for _ in 1..ATTEMPTS {
        match read_once(viewer).await {
            Ok(items) => return Ok(items),
            Err(status) if may_pass(&status) => {}
            Err(status) => return Err(status.into()),
        }
    }
    Ok(read_once(viewer).await?)
}

async fn read_once(viewer: &Viewer) -> Result<Vec<(String, bool)>, tonic::Status> {
    let request = pb::SubscribeRequest {
        until_caught_up: true,
        ..Default::default()
    };
    let denied = |status: tonic::Status| match status.code() {
        tonic::Code::PermissionDenied => Ok(()),
        _ => Err(status),
    };
    let mut items = Vec::new();
    let mut stream = match viewer.sharing.clone().subscribe(request).await {
        Ok(stream) => stream.into_inner(),
        Err(status) => {
            denied(status)?;
            return Ok(items);
        }
    };
    loop {
        match stream.message().await {
            Ok(None) => return Ok(items),
            Ok(Some(message)) => {
                for entry in message.entries {
                    let record = entry.item.and_then(|i| i.envelope).map(|e| e.record);
                    if let Some(parsed) = record.and_then(|r| envelope::parse(&r).ok()) {
                        let notice = parsed.kind == Kind::Notice && entry.path.len() == 1;
                        items.push((parsed.item.to_string(), notice));
                    }
                }
            }
            Err(status) => {
                denied(status)?;
                return Ok(items);
            }
        }
    }
}
