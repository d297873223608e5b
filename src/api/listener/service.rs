//! What serves the calls of one connection: the routes, with the connection's identity put into every request, and a
//! panic of a handler turned into an answer.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use axum::body::Body;
use futures_util::FutureExt as _;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::ConnectionInfo;
use crate::tasks::Tasks;

/// The routes as seen from one connection.
#[derive(Clone)]
pub(super) struct Door {
    routes: axum::Router,
    info: ConnectionInfo,
}

impl Door {
    pub(super) fn new(routes: axum::Router, info: ConnectionInfo) -> Self {
        Self { routes, info }
    }
}

impl hyper::service::Service<Request<Incoming>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.info.clone());
        let path = request.uri().path().to_owned();
        let answer = AssertUnwindSafe(self.routes.clone().oneshot(request)).catch_unwind();
        Box::pin(async move {
            match answer.await {
                Ok(answer) => answer,
                Err(_panic) => {
                    tracing::error!(rpc = %path, "a handler panicked; the call failed, the others go on");
                    let status = tonic::Status::internal(
                        "the node failed to answer this call; its operator finds more in its log",
                    );
                    Ok(status.into_http())
                }
            }
        })
    }
}

/// Runs the streams of one connection as tasks of the node that end with the connection.
#[derive(Clone)]
pub(super) struct StreamTasks {
    tasks: Tasks,
    ended: CancellationToken,
}

impl StreamTasks {
    pub(super) fn new(tasks: Tasks, ended: CancellationToken) -> Self {
        Self { tasks, ended }
    }
}

impl<F> hyper::rt::Executor<F> for StreamTasks
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let ended = self.ended.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = ended.cancelled() => {}
                _ = stream => {}
            }
        });
    }
}
