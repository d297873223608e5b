//! Somebody who pushes without end, and a ledger of what was acknowledged, kept outside of every node.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use sluis::wire::pb;
use tonic::Code;

use super::{PATIENCE, Viewer, now, report};

/// An acknowledged push.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) item: String,
    pub(crate) content: Vec<u8>,
}

/// Pushes one after the other on several lanes, each again and again under the same request id until the node
/// acknowledges it, as a careful program does.
pub(crate) struct Load {
    ledger: Arc<Mutex<BTreeMap<String, Acknowledged>>>,
    stop: Arc<AtomicBool>,
    lanes: Vec<JoinHandle<()>>,
}

/// Pushes that are on their way at the same time.
const LANES: usize = 3;

impl Load {
    pub(crate) fn start(home: &std::path::Path, profile: &str, label: pb::Label) -> Self {
        let ledger = Arc::new(Mutex::new(BTreeMap::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let lanes = (0..LANES)
            .map(|lane| {
                let viewer = Viewer {
                    home: home.to_owned(),
                    profile: profile.to_owned(),
                };
                let (ledger, stop) = (Arc::clone(&ledger), Arc::clone(&stop));
                std::thread::spawn(move || push_on(lane, &viewer, label, &ledger, &stop))
            })
            .collect();
        Self {
            ledger,
            stop,
            lanes,
        }
    }

    /// How many pushes were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.ledger.lock().expect("no lane panics with it").len()
    }

    /// Waits until so many more are acknowledged.
    pub(crate) fn more(&self, pushes: usize) {
        let enough = self.acknowledged() + pushes;
        super::until_true("pushes are acknowledged", || {
            assert!(
                self.lanes.iter().all(|lane| !lane.is_finished()),
                "a lane failed"
            );
            self.acknowledged() >= enough
        });
    }

    /// Ends after the pushes that are under way; by title, what was acknowledged.
    pub(crate) fn end(self) -> BTreeMap<String, Acknowledged> {
        self.stop.store(true, Ordering::Relaxed);
        for lane in self.lanes {
            lane.join().expect("a lane failed");
        }
        std::mem::take(&mut *self.ledger.lock().expect("no lane panics with it"))
    }
}

fn push_on(
    lane: usize,
    viewer: &Viewer,
    label: pb::Label,
    ledger: &Mutex<BTreeMap<String, Acknowledged>>,
    stop: &AtomicBool,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut service = None;
    let mut n = 0_usize;
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        let title = format!("Lane {lane}, push {n}");
        let content = report(&title, "words").into_bytes();
        let push = pb::PushItemRequest {
            request_id: format!("01a20c5a-b180-7153-{:04}-{n:012}", 8000 + lane),
            content: content.clone().into(),
            label: label.into(),
            ..Default::default()
        };
        let began = now();
        let item = loop {
            assert!(began.elapsed() < PATIENCE, "a push is not acknowledged");
            let answer = runtime.block_on(async {
                let mut connected = match service.take() {
                    Some(connected) => connected,
                    None => viewer.try_service().await?,
                };
                let answer = connected.push_item(push.clone()).await;
                // After a failure the connection is made anew.
                if answer.is_ok() {
                    service = Some(connected);
                }
                Some(answer)
            });
            match answer {
                Some(Ok(done)) => {
                    let items = done.into_inner().items;
                    break items.first().expect("one item each").item.clone();
                }
                Some(Err(status)) => assert!(
                    !matches!(
                        status.code(),
                        Code::InvalidArgument
                            | Code::FailedPrecondition
                            | Code::AlreadyExists
                            | Code::PermissionDenied
                    ),
                    "{status}"
                ),
                None => {}
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut ledger = ledger.lock().expect("no lane panics with it");
        ledger.insert(title, Acknowledged { item, content });
    }
}
