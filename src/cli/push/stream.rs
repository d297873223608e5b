//! Many documents on one stream. Each is acknowledged when it is durable; what has no answer is kept, so that it can be
//! pushed again under the same request id.

use std::collections::HashMap;
use std::iter::{Enumerate, Peekable};
use std::path::PathBuf;
use std::slice::Iter;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::report::Report;
use super::{Outcome, request};
use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::wire::pb;

/// A document that is still to be pushed, by its number on the command line; an error where it could not be read.
type Rest = (usize, Result<pb::PushItemRequest, Failure>);

/// Pushes the files on one stream and reports each answer. Returns those that had none when the stream ended.
pub(super) async fn push_all(
    files: &[PathBuf],
    template: &pb::PushItemRequest,
    session: &Session,
    context: &Context,
    report: &mut Report<'_>,
) -> Result<Vec<Rest>, Failure> {
    let (sender, receiver) = mpsc::channel(IN_FLIGHT_MAX);
    let mut out = Out {
        waiting: files.iter().enumerate().peekable(),
        open: HashMap::new(),
        sender: Some(sender),
        template,
        context,
    };
    let mut again = Vec::new();
    out.fill(report)?;
    if let Ok(answers) = session
        .sharing()
        .push_items(ReceiverStream::new(receiver))
        .await
    {
        let mut answers = answers.into_inner();
        while let Ok(Some(answer)) = answers.message().await {
            use pb::push_items_response::Outcome as Said;
            let Some((n, pushed)) = out.open.remove(&answer.request_id) else {
                continue;
            };
            match answer.outcome {
                Some(Said::Done(done)) => report.add(n, Outcome::Done(done))?,
                Some(Said::Refused(refusal)) => report.add(n, Outcome::Refused(refusal.into()))?,
                Some(Said::Failed(_)) | None => again.push((n, Ok(pushed))),
            }
            out.fill(report)?;
        }
    }
    // Whatever ended the stream shows again, and is told, where the rest is pushed one by one.
    again.extend(out.open.into_values().map(|(n, request)| (n, Ok(request))));
    again.extend(
        out.waiting
            .map(|(n, file)| (n, request(file, template, context))),
    );
    again.sort_by_key(|(n, _)| *n);
    Ok(again)
}

/// What goes out on the stream.
struct Out<'a> {
    waiting: Peekable<Enumerate<Iter<'a, PathBuf>>>,
    /// By request id, what has no answer yet: at most [`IN_FLIGHT_MAX`].
    open: HashMap<String, (usize, pb::PushItemRequest)>,
    sender: Option<mpsc::Sender<pb::PushItemsRequest>>,
    template: &'a pb::PushItemRequest,
    context: &'a Context,
}

impl Out<'_> {
    /// Sends the next files as far as the window allows, and ends the stream after the last.
    fn fill(&mut self, report: &mut Report<'_>) -> Result<(), Failure> {
        while self.open.len() < IN_FLIGHT_MAX {
            let Some(sender) = &self.sender else { break };
            let Some((n, file)) = self.waiting.next() else {
                break;
            };
            match request(file, self.template, self.context) {
                Ok(request) => {
                    let message = pb::PushItemsRequest {
                        push: Some(request.clone()),
                    };
                    self.open.insert(request.request_id.clone(), (n, request));
                    // The channel has room for the whole window; an error means that the stream has ended, which
                    // whoever reads the answers sees.
                    if sender.try_send(message).is_err() {
                        self.sender = None;
                    }
                }
                Err(failure) => report.add(n, Outcome::Failed(failure))?,
            }
        }
        if self.waiting.peek().is_none() {
            self.sender = None;
        }
        Ok(())
    }
}

/// Pushes without an answer: enough to fill a commit of the node, few enough that their documents fit in memory.
const IN_FLIGHT_MAX: usize = 16;
