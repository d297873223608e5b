//! The only place that spawns tasks, and the two ways to end them.
//!
//! *Soft*: [`Tasks::drain`] asks everybody to finish. *Hard*: what has not ended by the deadline is dropped.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one node. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    draining: CancellationToken,
    ended: CancellationToken,
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a future until it ends by itself or the hard end comes.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let ended = self.ended.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = ended.cancelled() => {}
                () = future => {}
            }
        });
    }

    /// Runs a future on any thread, and gives its output; `None` if the hard end came first.
    pub fn run<T, F>(&self, future: F) -> impl Future<Output = Option<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let ended = self.ended.clone();
        let handle = self.tracker.spawn(async move {
            tokio::select! {
                () = ended.cancelled() => None,
                output = future => Some(output),
            }
        });
        async move { handle.await.ok().flatten() }
    }

    /// How many tasks have not ended.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }

    /// Cancelled once the node drains: long-lived tasks watch it and finish.
    pub fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    /// Asks everybody to finish, waits until the deadline, then drops what is left. Returns whether all finished.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.draining.cancel();
        self.tracker.close();
        let finished = tokio::time::timeout(deadline, self.tracker.wait())
            .await
            .is_ok();
        self.ended.cancel();
        self.tracker.wait().await;
        finished
    }
}

/// Runs work that computes or blocks for long outside the async threads.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    tokio::task::spawn_blocking(work).await
}
