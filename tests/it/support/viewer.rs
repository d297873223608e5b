//! A person or tool of a member: a profile, and what is done with it.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sluis::client::Profile;
use sluis::clock::SystemClock;
use sluis::wire::pb::sharing_service_client::SharingServiceClient;
use tonic::transport::Channel;

use super::{Answer, Follower, list, sluis, text, until};

/// Who reads and pushes.
pub(crate) struct Viewer {
    pub(crate) home: PathBuf,
    /// The name of its profile.
    pub(crate) profile: String,
}

impl Viewer {
    /// Runs a member's command, with JSON as its answer.
    #[must_use]
    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        let mut all = vec!["--profile", &self.profile, "-o", "json", "--yes"];
        all.extend(arguments);
        sluis(&self.home, &all, "")
    }

    /// Pushes one document.
    #[must_use]
    pub(crate) fn push(&self, file: &Path, flags: &[&str]) -> Answer {
        let file = file.to_string_lossy();
        let mut all = vec!["push", &*file];
        all.extend(flags);
        self.run(&all)
    }

    /// Pushes one document that is new and one item; its id.
    #[track_caller]
    pub(crate) fn share(&self, file: &Path, flags: &[&str]) -> String {
        let answer = self.push(file, flags).done().object();
        assert_eq!(text(&answer, "status"), "accepted", "{answer}");
        self.one_item(&answer)
    }

    /// The only item of an answer to a push.
    #[track_caller]
    pub(crate) fn one_item(&self, answer: &Value) -> String {
        match list(answer, "items") {
            [item] => text(item, "item").to_owned(),
            _ => panic!("one item was expected: {answer}"),
        }
    }

    /// Everything it may see, oldest first.
    #[track_caller]
    pub(crate) fn feed(&self) -> Vec<Value> {
        self.run(&["feed"]).done().objects()
    }

    /// The ids in its feed, oldest first.
    #[track_caller]
    pub(crate) fn items(&self) -> Vec<String> {
        let feed = self.feed();
        feed.iter().map(|e| text(e, "item").to_owned()).collect()
    }

    /// Waits until its feed has this item; the entry.
    #[track_caller]
    pub(crate) fn sees(&self, item: &str) -> Value {
        until(&format!("{} sees {item}", self.profile), || {
            let feed = self.run(&["feed"]);
            let feed = if feed.code == 0 {
                feed.objects()
            } else {
                Vec::new()
            };
            feed.into_iter().find(|e| text(e, "item") == item)
        })
    }

    /// Waits until its feed says that this item was withdrawn; the entry.
    #[track_caller]
    pub(crate) fn sees_withdrawn(&self, item: &str) -> Value {
        until(&format!("{} sees {item} withdrawn", self.profile), || {
            let feed = self.run(&["feed"]);
            let feed = if feed.code == 0 {
                feed.objects()
            } else {
                Vec::new()
            };
            assert!(
                feed.iter().all(|e| text(e, "item") != item)
                    || feed.iter().all(|e| text(e, "withdraws") != item),
                "an item is there or withdrawn, not both"
            );
            feed.into_iter().find(|e| text(e, "withdraws") == item)
        })
    }

    /// Whether the node gives it this item now.
    pub(crate) fn may_show(&self, item: &str) -> bool {
        let answer = self.run(&["show", item]);
        assert!(matches!(answer.code, 0 | 1), "{answer}");
        answer.code == 0 && text(&answer.object(), "kind") != "withdrawal"
    }

    /// The document's bytes.
    #[track_caller]
    pub(crate) fn content(&self, item: &str) -> Vec<u8> {
        self.run(&["show", item, "--raw"]).done().out
    }

    /// Follows its feed in a process of its own.
    pub(crate) fn follow(&self, flags: &[&str]) -> Follower {
        Follower::start(&self.home, &self.profile, flags)
    }

    /// The profile's directory.
    pub(crate) fn directory(&self) -> PathBuf {
        self.home.join("profiles").join(&self.profile)
    }

    /// The service as another program uses it.
    pub(crate) async fn service(&self) -> SharingServiceClient<Channel> {
        self.try_service().await.expect("the node answers")
    }

    /// The same, if the node answers now.
    pub(crate) async fn try_service(&self) -> Option<SharingServiceClient<Channel>> {
        let profile = Profile::load(&self.directory()).expect("the profile is whole");
        let clock = std::sync::Arc::new(SystemClock);
        let tls = profile.tls(clock).expect("the credential is whole");
        let channel = sluis::client::connect(profile.address(), tls).await.ok()?;
        Some(SharingServiceClient::new(channel))
    }
}
