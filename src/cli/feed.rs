//! `sluis feed`: what this viewer may see, oldest first.
//!
//! ```text
//! without --follow   one stream, ends when everything stored has been sent
//! with --follow      Reading ─broken─▶ Waiting (backoff, jitter) ─▶ Reading again from the last cursor
//!                       └─ denied ─▶ exit 5            Ctrl-C ─▶ exit 0
//! ```
//!
//! Every entry is verified before it is shown; one that does not verify is told on standard error, and the command ends
//! with 1.

use std::time::Duration;

use super::output::Output;
use super::session::{self, Session};
use super::text::shown;
use super::values::{community, word};
use super::view::EntryView;
use super::{Context, Exit, Failure};
use crate::client::verify::{Record, VerifiedEntry, Verifier};
use crate::clock::{Entropy, random_bytes};
use crate::model::ids::CommunityId;
use crate::model::words::Kind;
use crate::wire::{pb, words};

/// Read what you may see, oldest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sluis feed                                  everything, and the cursor to go on from
  sluis feed --follow -o json                 one object a line, for a tool
  sluis feed --after CURSOR --limit 100
  sluis feed --kind advisory --sector energy --origin water.isac.example")]
pub(super) struct FeedArguments {
    /// Go on when everything stored was read; ends with Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Begin after this cursor [default: at the beginning]
    #[arg(
        long,
        value_name = "CURSOR",
        default_value = "",
        hide_default_value = true
    )]
    after: String,
    /// End after so many entries
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Only this kind; may be given several times
    #[arg(long = "kind", value_name = "K", ignore_case = true,
          value_parser = word(Kind::ALL, Kind::name, Kind::parse))]
    kinds: Vec<Kind>,
    /// Only what concerns this sector; may be given several times
    #[arg(long = "sector", value_name = "S")]
    sectors: Vec<String>,
    /// Only from this community; may be given several times
    #[arg(long = "origin", value_name = "ID", value_parser = community)]
    origins: Vec<CommunityId>,
}

pub(super) async fn run(arguments: FeedArguments, context: &Context) -> Result<Exit, Failure> {
    let session = session::as_member(context).await?;
    let follow = arguments.follow;
    let mut reader = Reader::new(arguments, session.verifier(), context);
    if !follow {
        let end = reader.read(&session).await?;
        return reader.end(end);
    }
    tokio::select! {
        ended = reader.follow(session) => ended?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(|error| Failure::because("Ctrl-C cannot be waited for", &error))?;
        }
    }
    reader.end(End::CaughtUp)
}

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Everything stored was read.
    CaughtUp,
    /// So many entries as were wanted.
    Limit,
    /// The node ended the stream before.
    Early,
}

/// A place in the feed, and what was seen on the way.
struct Reader<'a> {
    arguments: FeedArguments,
    verifier: Verifier,
    context: &'a Context,
    cursor: String,
    shown: u64,
    unverified: u64,
    /// Breaks in a row without a message in between.
    breaks: u32,
}

impl<'a> Reader<'a> {
    fn new(arguments: FeedArguments, verifier: Verifier, context: &'a Context) -> Self {
        Self {
            cursor: arguments.after.clone(),
            arguments,
            verifier,
            context,
            shown: 0,
            unverified: 0,
            breaks: 0,
        }
    }

    /// Reads until the limit, whatever happens to the node in between.
    async fn follow(&mut self, mut session: Session) -> Result<(), Failure> {
        loop {
            let broken = match self.read(&session).await {
                Ok(End::Limit) => return Ok(()),
                Ok(End::CaughtUp | End::Early) => "the node ended the stream".to_owned(),
                Err(failure) if failure.exit == Exit::NotReachable => failure.message,
                Err(failure) => return Err(failure),
            };
            session = self.reconnect(broken).await?;
        }
    }

    async fn reconnect(&mut self, broken: String) -> Result<Session, Failure> {
        let mut broken = broken;
        loop {
            let wait = backoff(self.breaks, &*self.context.entropy);
            self.breaks = self.breaks.saturating_add(1);
            self.context.output.note(format!(
                "{broken}; going on from the last entry in {:.1} s",
                wait.as_secs_f64()
            ));
            tokio::time::sleep(wait).await;
            match session::as_member(self.context).await {
                Ok(session) => return Ok(session),
                Err(failure) if failure.exit == Exit::NotReachable => broken = failure.message,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Reads one stream.
    async fn read(&mut self, session: &Session) -> Result<End, Failure> {
        let request = pb::SubscribeRequest {
            cursor: self.cursor.clone(),
            filter: Some(self.filter()),
            include_content: false,
            entry_cursors: true,
            until_caught_up: !self.arguments.follow,
        };
        let mut stream = session.sharing().subscribe(request).await?.into_inner();
        let mut caught_up = false;
        while let Some(message) = stream.message().await? {
            self.breaks = 0;
            let now = self.context.clock.now();
            for problem in self
                .verifier
                .learn(&message.signers, &message.introductions, now)
            {
                let problem = crate::fault::chain(&problem);
                tracing::warn!(problem = %shown(&problem), "a certificate was left out");
            }
            for entry in &message.entries {
                self.entry(entry)?;
                if self
                    .arguments
                    .limit
                    .is_some_and(|limit| limit <= self.shown)
                {
                    return Ok(End::Limit);
                }
            }
            if !message.cursor.is_empty() {
                self.cursor = message.cursor;
            }
            caught_up = caught_up || message.caught_up;
        }
        Ok(if caught_up { End::CaughtUp } else { End::Early })
    }

    /// Verifies and shows one entry.
    fn entry(&mut self, entry: &pb::FeedEntry) -> Result<(), Failure> {
        match self.verifier.entry(entry) {
            Ok(verified) => {
                if self.shown == 0 && !self.context.output.is_json() {
                    self.context.output.line(HEADER)?;
                }
                show_line(&verified, &self.context.output)?;
                self.shown = self.shown.saturating_add(1);
            }
            Err(problem) => {
                self.unverified = self.unverified.saturating_add(1);
                let problem = crate::fault::chain(&problem);
                self.context
                    .output
                    .error(format!("sluis: an entry is not shown: {}", shown(&problem)));
            }
        }
        if !entry.cursor.is_empty() {
            self.cursor.clone_from(&entry.cursor);
        }
        Ok(())
    }

    fn filter(&self) -> pb::FeedFilter {
        pb::FeedFilter {
            kinds: self
                .arguments
                .kinds
                .iter()
                .map(|kind| words::kind_to_pb(Some(*kind)))
                .collect(),
            sectors: self.arguments.sectors.clone(),
            origins: self
                .arguments
                .origins
                .iter()
                .map(|origin| origin.as_str().to_owned())
                .collect(),
        }
    }

    fn end(self, end: End) -> Result<Exit, Failure> {
        let output = &self.context.output;
        if self.shown == 0 && self.unverified == 0 {
            let filtered = self.filter() != pb::FeedFilter::default();
            output.note(match (filtered, self.arguments.after.is_empty()) {
                (true, _) => "nothing here fits; without --kind, --sector and --origin there may be more",
                (false, true) => {
                    "there is nothing for you to read yet; `sluis feed --follow` waits, `sluis push FILE` shares"
                }
                (false, false) => "there is nothing new; `sluis feed --follow` waits",
            });
        } else if !self.cursor.is_empty() && !output.is_json() {
            output.note(format!(
                "go on with: {}",
                self.context
                    .again(&format!("feed --after {}", shown(&self.cursor)))
            ));
        }
        if self.unverified > 0 {
            return Err(Failure::failed(format!(
                "{} entries did not verify and were not shown",
                self.unverified
            ))
            .next(
                "tell the operator of your community; do not act on what another way shows of them",
            ));
        }
        match end {
            End::CaughtUp | End::Limit => Ok(Exit::Done),
            End::Early => Err(Failure::new(
                Exit::NotReachable,
                "the node ended the stream before everything was read",
            )
            .next("go on with --after and the last cursor")),
        }
    }
}

/// One entry as a line.
pub(super) fn show_line(entry: &VerifiedEntry, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.object(&EntryView::from(entry));
    }
    let line = match &entry.record {
        Record::Item(envelope) => format!(
            "{}  {}  {:10}  {}  {:ORIGIN_WIDTH$}  {}",
            minute(&envelope.created.to_string()),
            output.label(Some(envelope.label), LABEL_WIDTH),
            envelope.kind.name(),
            envelope.item,
            envelope.origin.as_str(),
            shown(&envelope.title)
        ),
        Record::Withdrawal(withdrawal) => format!(
            "{}  {}  {:10}  {}  {:ORIGIN_WIDTH$}  withdraws {} ({})",
            minute(&withdrawal.time.to_string()),
            output.label(None, LABEL_WIDTH),
            Kind::Withdrawal.name(),
            withdrawal.id,
            withdrawal.origin.as_str(),
            withdrawal.item,
            withdrawal.reason.name()
        ),
        Record::Recall(item) => format!(
            "{:16}  {}  {:10}  {item}  {:ORIGIN_WIDTH$}  recalled: it does not go this far any more",
            "-",
            output.label(None, LABEL_WIDTH),
            Kind::Withdrawal.name(),
            entry.path.first().map_or("-", |origin| origin.as_str()),
        ),
    };
    output.line(&line)
}

/// A time to the minute, in UTC.
fn minute(time: &str) -> &str {
    time.get(..16).unwrap_or(time)
}

/// How long to wait before trying again: doubling, and a random half of it, so that not all readers of a node that
/// restarts come back at once.
fn backoff(breaks: u32, entropy: &dyn Entropy) -> Duration {
    let ceiling_ms = BACKOFF_MS_MIN
        .saturating_mul(1_u64.checked_shl(breaks).unwrap_or(u64::MAX))
        .min(BACKOFF_MS_MAX);
    let [random] = random_bytes::<1>(entropy);
    let half = ceiling_ms / 2;
    Duration::from_millis(half.saturating_add(half.saturating_mul(u64::from(random)) / 255))
}

const HEADER: &str = "created (UTC)     label             kind        item                                  origin                title";
/// Of most communities' ids; a longer one moves its line only.
const ORIGIN_WIDTH: usize = 20;
/// The width of `TLP:AMBER+STRICT`.
const LABEL_WIDTH: usize = 16;
/// A node that restarts is back within a second or two.
const BACKOFF_MS_MIN: u64 = 500;
/// A reader that comes back after an outage notices within half a minute.
const BACKOFF_MS_MAX: u64 = 30_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn waiting_grows_and_stays_bounded() {
        let entropy = SystemEntropy::default();
        for breaks in [0, 1, 5, 31, 63, 64, u32::MAX] {
            let wait = backoff(breaks, &entropy);
            assert!(
                wait >= Duration::from_millis(BACKOFF_MS_MIN / 2),
                "{wait:?}"
            );
            assert!(wait <= Duration::from_millis(BACKOFF_MS_MAX), "{wait:?}");
        }
    }
}
