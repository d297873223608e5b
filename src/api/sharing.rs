//! What members do: push, preview, read, revise, withdraw. Each handler: who calls, what is asked, one call, the answer.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::caller::{Caller, still_admitted};
use super::shares::{Share, Shares, Use};
use super::{answers, status, subscribe};
use crate::feed::{Feed, FeedError, MemberViewer};
use crate::intake::{self, Intake, IntakeError, Outcome, Revised, RevisionPreview};
use crate::membership::Membership;
use crate::model::ids::{ItemId, MemberId, RequestId, SpiffeId};
use crate::model::submission::{Revision, Submission};
use crate::overview::{Asker, Overview};
use crate::tasks::Tasks;
use crate::trust::Keys;
use crate::wire::pb::sharing_service_server::SharingService;
use crate::wire::{Malformed, pb, push, words};

/// The sharing service.
#[derive(Clone, Debug)]
pub struct Sharing {
    parts: Arc<SharingParts>,
    shares: Shares,
}

/// What the sharing service is made of.
#[derive(Debug)]
pub struct SharingParts {
    /// Where pushes go.
    pub intake: Arc<Intake>,
    /// Where feeds come from.
    pub feed: Arc<Feed>,
    /// Why and where.
    pub overview: Overview,
    /// Endorsements.
    pub membership: Arc<Membership>,
    /// Verified signing keys.
    pub keys: Keys,
    /// The node's tasks.
    pub tasks: Tasks,
    /// The room for documents that are being pushed; see [`PUSH_ROOM_KIB`].
    pub room: Arc<Semaphore>,
}

/// Documents being pushed at one moment, in KiB over all callers: sixteen of the largest size.
pub const PUSH_ROOM_KIB: usize = 256 * 1024;
/// Pushes of one stream that are worked on at one moment.
const PUSHES_IN_FLIGHT_MAX: usize = 64;
/// Answers that may wait for a slow reader.
const ANSWERS_WAITING_MAX: usize = 64;
/// Page size when none is asked for, and the largest.
const PAGE_DEFAULT: usize = 100;
const PAGE_MOST: usize = 1000;
/// Longest note to a withdrawal, in bytes.
const NOTE_BYTES_MAX: usize = 2048;

impl Sharing {
    /// The service over these parts.
    pub fn new(parts: SharingParts) -> Self {
        Self {
            parts: Arc::new(parts),
            shares: Shares::default(),
        }
    }

    /// One more of what this caller may have open.
    fn share(&self, viewer: &MemberViewer, what: Use) -> Result<Share, Status> {
        let here = self.parts.membership.community();
        let caller = SpiffeId::credential(here, &viewer.member, &viewer.credential);
        self.shares.take(caller, what)
    }
}

/// The member that calls. The access table lets nobody else through to these handlers.
fn viewer<T>(request: &Request<T>) -> Result<MemberViewer, Status> {
    let caller = Caller::of(request)?;
    let (member, credential) = caller.member()?;
    Ok(MemberViewer {
        member: member.clone(),
        credential: credential.clone(),
    })
}

fn item(text: &str) -> Result<ItemId, Status> {
    ItemId::parse(text).map_err(|e| status::invalid_id("item", &e))
}

fn submission(viewer: MemberViewer, push: pb::PushItemRequest) -> Result<Submission, Malformed> {
    let request = RequestId::parse(&push.request_id)
        .map_err(|e| Malformed::new("request_id", e.to_string()))?;
    let options = push::options(&push)?;
    Ok(Submission {
        request,
        member: viewer.member,
        credential: viewer.credential,
        document: push.content,
        options,
    })
}

fn revision(
    viewer: MemberViewer,
    item: ItemId,
    request: pb::ReviseItemRequest,
) -> Result<Revision, Malformed> {
    let said = request.revision.unwrap_or_default();
    let id = if said.request_id.is_empty() && request.validate_only {
        // A preview is not remembered, so that it needs no id.
        uuid::Uuid::nil().to_string()
    } else {
        said.request_id.clone()
    };
    let (changes, content) = push::changes(request.update_mask.as_ref())?;
    Ok(Revision {
        request: RequestId::parse(&id).map_err(|e| Malformed::new("request_id", e.to_string()))?,
        member: viewer.member,
        credential: viewer.credential,
        item,
        expected: (request.expected_revision != 0).then_some(request.expected_revision),
        options: push::options(&said)?,
        document: content.then_some(said.content),
        changes,
    })
}

impl SharingParts {
    async fn room_for(&self, bytes: usize) -> tokio::sync::OwnedSemaphorePermit {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX);
        let most = u32::try_from(PUSH_ROOM_KIB).unwrap_or(u32::MAX);
        Arc::clone(&self.room)
            .acquire_many_owned(kib.min(most))
            .await
            .expect("the room is never closed")
    }

    /// One push of a stream: refusals and failures are answers, and the stream goes on.
    async fn push_one(
        &self,
        viewer: MemberViewer,
        push: pb::PushItemRequest,
    ) -> pb::PushItemsResponse {
        use pb::push_items_response::Outcome as Answer;
        let request_id = push.request_id.clone();
        let outcome = match submission(viewer, push) {
            Err(malformed) => Answer::Refused(answers::refusal(&answers::bad_option(&malformed))),
            Ok(submission) => match self.intake.push(submission).await {
                Ok(Outcome::Done(pushed)) => Answer::Done(intake::to_pb(&pushed)),
                Ok(Outcome::Refused(refusal)) => Answer::Refused(answers::refusal(&refusal)),
                Err(error) => Answer::Failed(pb::PushFailure {
                    message: failure(&error).message().to_owned(),
                }),
            },
        };
        pb::PushItemsResponse {
            request_id,
            outcome: Some(outcome),
        }
    }
}

/// A failure of the node's own: logged here, once; the caller learns that he may try again.
pub(super) fn failure(error: &IntakeError) -> Status {
    match error {
        IntakeError::Log(error) => status::log_error(error),
        IntakeError::Contended => Status::aborted(error.to_string()),
        IntakeError::Read(_) | IntakeError::Answer | IntakeError::CutOff(_) => {
            status::internal(error)
        }
    }
}

pub(super) fn feed_status(error: &FeedError) -> Status {
    match error {
        FeedError::RightEnded(_) => status::right_ended(),
        FeedError::Cursor(invalid) => {
            status::malformed(&Malformed::new("cursor", invalid.to_string()))
        }
        FeedError::Read(error) => status::internal(error),
    }
}

#[tonic::async_trait]
impl SharingService for Sharing {
    async fn push_item(
        &self,
        request: Request<pb::PushItemRequest>,
    ) -> Result<Response<pb::PushItemResponse>, Status> {
        let viewer = viewer(&request)?;
        let _share = self.share(&viewer, Use::Push)?;
        let push = request.into_inner();
        let _room = self.parts.room_for(push.content.len()).await;
        let submission =
            submission(viewer, push).map_err(|e| status::refusal(&answers::bad_option(&e)))?;
        match self.parts.intake.push(submission).await {
            Ok(Outcome::Done(pushed)) => Ok(Response::new(intake::to_pb(&pushed))),
            Ok(Outcome::Refused(refusal)) => Err(status::refusal(&refusal)),
            Err(error) => Err(failure(&error)),
        }
    }

    type PushItemsStream = ReceiverStream<Result<pb::PushItemsResponse, Status>>;

    async fn push_items(
        &self,
        request: Request<Streaming<pb::PushItemsRequest>>,
    ) -> Result<Response<Self::PushItemsStream>, Status> {
        let caller = Caller::of(&request)?;
        let viewer = viewer(&request)?;
        // Held by both tasks: either may end last.
        let share = Arc::new(self.share(&viewer, Use::PushStream)?);
        let answering = Arc::clone(&share);
        let mut pushes = request.into_inner();
        let (answers_in, answers_out) = mpsc::channel(ANSWERS_WAITING_MAX);
        let (order_in, mut order_out) = mpsc::channel(PUSHES_IN_FLIGHT_MAX);
        let parts = Arc::clone(&self.parts);
        let ended = answers_in.clone();
        // One task takes the pushes in and starts them, the other gives the answers in the same order.
        self.parts.tasks.spawn(async move {
            let _share = share;
            let draining = parts.tasks.draining().clone();
            loop {
                let next = tokio::select! {
                    next = pushes.next() => next,
                    () = draining.cancelled() => return,
                };
                let push = match next {
                    Some(Ok(pb::PushItemsRequest { push: Some(push) })) => push,
                    Some(Ok(pb::PushItemsRequest { push: None })) => pb::PushItemRequest::default(),
                    Some(Err(_)) | None => return,
                };
                // A right that ended ends the stream, at the latest with its next push.
                if let Err(denied) = still_admitted(&caller, &parts.overview.log.roster()) {
                    // The caller may be gone; then nobody is left to tell.
                    let _ = ended.send(Err(denied)).await;
                    return;
                }
                let room = parts.room_for(push.content.len()).await;
                let (working, viewer) = (Arc::clone(&parts), viewer.clone());
                let work = parts.tasks.run(async move {
                    let answer = working.push_one(viewer, push).await;
                    drop(room);
                    answer
                });
                if order_in.send(work).await.is_err() {
                    return;
                }
            }
        });
        self.parts.tasks.spawn(async move {
            let _share = answering;
            while let Some(work) = order_out.recv().await {
                let answer = work.await.ok_or_else(status::shutting_down);
                if answers_in.send(answer).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(answers_out)))
    }

    async fn preview_item(
        &self,
        request: Request<pb::PreviewItemRequest>,
    ) -> Result<Response<pb::PreviewItemResponse>, Status> {
        let viewer = viewer(&request)?;
        let _share = self.share(&viewer, Use::Push)?;
        let mut push = request.into_inner().push.unwrap_or_default();
        if push.request_id.is_empty() {
            // A preview is not remembered, so that it needs no id.
            push.request_id = uuid::Uuid::nil().to_string();
        }
        let _room = self.parts.room_for(push.content.len()).await;
        let submission =
            submission(viewer, push).map_err(|e| status::refusal(&answers::bad_option(&e)))?;
        match self.parts.intake.preview(submission).await {
            Ok(Ok(preview)) => Ok(Response::new(answers::preview(preview))),
            Ok(Err(refusal)) => Err(status::refusal(&refusal)),
            Err(error) => Err(failure(&error)),
        }
    }

    async fn get_item(
        &self,
        request: Request<pb::GetItemRequest>,
    ) -> Result<Response<pb::FeedEntry>, Status> {
        let viewer = viewer(&request)?;
        let item = item(&request.get_ref().item)?;
        let found = self.parts.feed.item(&viewer, item, false).await;
        let visible = found
            .map_err(|e| feed_status(&e))?
            .ok_or_else(|| status::item_not_found(item))?;
        Ok(Response::new(subscribe::single(&self.parts, &visible)))
    }

    type GetItemContentStream = ReceiverStream<Result<pb::GetItemContentResponse, Status>>;

    async fn get_item_content(
        &self,
        request: Request<pb::GetItemContentRequest>,
    ) -> Result<Response<Self::GetItemContentStream>, Status> {
        let viewer = viewer(&request)?;
        let item = item(&request.get_ref().item)?;
        let share = self.share(&viewer, Use::Content)?;
        let found = self.parts.feed.item(&viewer, item, true).await;
        let content = found
            .map_err(|e| feed_status(&e))?
            .and_then(|visible| visible.entry.row.content.clone())
            .ok_or_else(|| status::item_not_found(item))?;
        let (chunks_in, chunks_out) = mpsc::channel(2);
        self.parts.tasks.spawn(async move {
            let _share = share;
            for data in crate::federation::supplier::Chunks::of(content) {
                let chunk = pb::GetItemContentResponse { data };
                if chunks_in.send(Ok(chunk)).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(chunks_out)))
    }

    async fn list_items(
        &self,
        request: Request<pb::ListItemsRequest>,
    ) -> Result<Response<pb::ListItemsResponse>, Status> {
        let viewer = viewer(&request)?;
        let request = request.into_inner();
        let most = match usize::try_from(request.page_size) {
            Ok(0) => PAGE_DEFAULT,
            Ok(n) => n.min(PAGE_MOST),
            Err(_) => {
                let negative = Malformed::new("page_size", "must not be negative");
                return Err(status::malformed(&negative));
            }
        };
        let filter = answers::filter(request.filter).map_err(|e| status::malformed(&e))?;
        let reader = self
            .parts
            .feed
            .reader(viewer, &request.page_token, filter)
            .map_err(|e| feed_status(&e))?;
        let page = subscribe::page(&self.parts, reader, most).await;
        page.map(Response::new).map_err(|e| feed_status(&e))
    }

    type SubscribeStream = ReceiverStream<Result<pb::SubscribeResponse, Status>>;

    async fn subscribe(
        &self,
        request: Request<pb::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let viewer = viewer(&request)?;
        let share = self.share(&viewer, Use::Subscription)?;
        let request = request.into_inner();
        let filter = answers::filter(request.filter).map_err(|e| status::malformed(&e))?;
        let reader = self
            .parts
            .feed
            .reader(viewer, &request.cursor, filter)
            .map_err(|e| feed_status(&e))?;
        let wishes = subscribe::Wishes {
            content: request.include_content,
            entry_cursors: request.entry_cursors,
            until_caught_up: request.until_caught_up,
        };
        let (out, stream) = mpsc::channel(subscribe::MESSAGES_WAITING_MAX);
        let serving = subscribe::serve(Arc::clone(&self.parts), reader, wishes, out);
        self.parts.tasks.spawn(async move {
            serving.await;
            drop(share);
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn withdraw_item(
        &self,
        request: Request<pb::WithdrawItemRequest>,
    ) -> Result<Response<pb::WithdrawItemResponse>, Status> {
        let viewer = viewer(&request)?;
        let request = request.into_inner();
        let item = item(&request.item)?;
        let reason = words::withdrawal_reason(request.reason)
            .and_then(|r| r.ok_or_else(|| Malformed::new("reason", "is missing")))
            .map_err(|e| status::malformed(&e))?;
        if request.note.len() > NOTE_BYTES_MAX {
            let long = Malformed::new("note", format!("has more than {NOTE_BYTES_MAX} bytes"));
            return Err(status::malformed(&long));
        }
        let withdrawn = self
            .parts
            .intake
            .withdraw(
                &viewer.member,
                &viewer.credential,
                item,
                reason,
                request.note,
            )
            .await
            .map_err(|e| failure(&e))?;
        let withdrawal = match withdrawn {
            intake::Withdrawn::NotFound => return Err(status::item_not_found(item)),
            intake::Withdrawn::Before => String::new(),
            intake::Withdrawn::Done { id } => id.to_string(),
        };
        let traced = self
            .parts
            .overview
            .trace(&Asker::Member(viewer), item)
            .await;
        let places = traced
            .map_err(|e| status::internal(&e))?
            .unwrap_or_default();
        Ok(Response::new(pb::WithdrawItemResponse {
            withdrawal,
            holders: answers::holders(&places),
        }))
    }

    async fn explain_item(
        &self,
        request: Request<pb::ExplainItemRequest>,
    ) -> Result<Response<pb::ExplainItemResponse>, Status> {
        let asker = Asker::Member(viewer(&request)?);
        let request = request.into_inner();
        let item = item(&request.item)?;
        let to = (!request.to.is_empty()).then_some(request.to.as_str());
        let explained = self.parts.overview.explain(&asker, item, to).await;
        let explanation = explained
            .map_err(|e| status::internal(&e))?
            .ok_or_else(|| status::item_not_found(item))?;
        Ok(Response::new(answers::explanation(&explanation)))
    }

    async fn trace_item(
        &self,
        request: Request<pb::TraceItemRequest>,
    ) -> Result<Response<pb::TraceItemResponse>, Status> {
        let asker = Asker::Member(viewer(&request)?);
        let item = item(&request.get_ref().item)?;
        let traced = self.parts.overview.trace(&asker, item).await;
        let places = traced
            .map_err(|e| status::internal(&e))?
            .ok_or_else(|| status::item_not_found(item))?;
        Ok(Response::new(answers::trace(item, &places)))
    }

    async fn endorse_member(
        &self,
        request: Request<pb::EndorseMemberRequest>,
    ) -> Result<Response<pb::EndorseMemberResponse>, Status> {
        let viewer = viewer(&request)?;
        let candidate = MemberId::parse(&request.get_ref().member)
            .map_err(|e| status::invalid_id("member", &e))?;
        let here = self.parts.membership.community();
        let person = SpiffeId::credential(here, &viewer.member, &viewer.credential);
        let endorsed = self
            .parts
            .membership
            .endorse(&person, &viewer.member, &candidate)
            .await
            .map_err(|e| status::membership(&e))?;
        Ok(Response::new(pb::EndorseMemberResponse {
            endorsements: endorsed.have,
            required: endorsed.required,
        }))
    }
    async fn revise_item(
        &self,
        request: Request<pb::ReviseItemRequest>,
    ) -> Result<Response<pb::ReviseItemResponse>, Status> {
        let viewer = viewer(&request)?;
        let _share = self.share(&viewer, Use::Push)?;
        let request = request.into_inner();
        let item = item(&request.item)?;
        let validate_only = request.validate_only;
        let size = request.revision.as_ref().map_or(0, |r| r.content.len());
        let _room = self.parts.room_for(size).await;
        let revision = revision(viewer, item, request)
            .map_err(|e| status::refusal(&answers::bad_option(&e)))?;
        let intake = &self.parts.intake;
        if validate_only {
            return match intake.preview_revision(&revision).await {
                Ok(RevisionPreview::Done(preview)) => Ok(Response::new(pb::ReviseItemResponse {
                    done: None,
                    preview: Some(answers::preview(preview)),
                })),
                Ok(RevisionPreview::Refused(refusal)) => Err(status::refusal(&refusal)),
                Ok(RevisionPreview::NotFound) => Err(status::item_not_found(item)),
                Err(error) => Err(failure(&error)),
            };
        }
        match intake.revise(revision).await {
            Ok(Revised::Done(pushed)) => Ok(Response::new(pb::ReviseItemResponse {
                done: Some(intake::to_pb(&pushed)),
                preview: None,
            })),
            Ok(Revised::Refused(refusal)) => Err(status::refusal(&refusal)),
            Ok(Revised::NotFound) => Err(status::item_not_found(item)),
            Err(error) => Err(failure(&error)),
        }
    }
}
