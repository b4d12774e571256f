//! One delivery from due to recorded.

use super::steps::{self, Known, Taken};
use super::{Inner, blocking};
use crate::approvals::RequestView;
use crate::notify::notice::{asked, link};
use crate::notify::{Channel, Delivery, DeliveryError, Notice, Receipt, State, What};
use crate::store::StoreError;
use crate::store::{Item, perform};
use std::sync::Arc;
use std::time::Duration;

/// How much longer than an attempt may take it is ours: the time to write down how it went.
const GRACE: Duration = Duration::from_secs(30);

/// Tells it, unless that is no longer wanted, and writes down how it went.
pub(super) async fn settle(inner: &Arc<Inner>, item: &Item) {
    if let Err(error) = attempt(inner, item).await {
        // It is still marked as under way, and due again when that runs out.
        tracing::warn!(%error, "a notification's state cannot be written down");
    }
}

async fn attempt(inner: &Arc<Inner>, item: &Item) -> Result<(), StoreError> {
    let Some(delivery) = Delivery::of(item) else { return discard(inner, item).await };
    let channel = inner.options.channels.get(&delivery.channel).cloned();
    let timeout = channel.as_ref().map_or(Duration::ZERO, |channel| channel.timeout());
    let (id, now) = (item.id, inner.options.clock.now());
    let store = &*inner.options.store;
    match perform(store, move |to| steps::take(to, id, now, timeout + GRACE)).await? {
        Taken::NotNow => Ok(()),
        Taken::Resting(delivery) => rest(inner, id, delivery).await,
        Taken::Ours { delivery, earlier, known } => {
            let ours = Ours { inner, id, delivery, earlier, known };
            ours.tell(channel.as_deref()).await
        }
    }
}

/// Ends a row that is no delivery, so that it is not looked at for ever.
async fn discard(inner: &Inner, item: &Item) -> Result<(), StoreError> {
    tracing::warn!(request = %item.key, "a notification is damaged and was dropped");
    let ended = Item { ended_at: Some(inner.options.clock.now()), ..item.clone() };
    perform(&*inner.options.store, move |to| to.put_item(&ended)).await
}

async fn rest(inner: &Arc<Inner>, id: [u8; 16], delivery: Delivery) -> Result<(), StoreError> {
    let now = inner.options.clock.now();
    let view = view(inner, &delivery.request).await;
    let over = view.is_ok_and(|view| view.is_none_or(|view| over(&view)));
    perform(&*inner.options.store, move |to| steps::rested(to, id, &delivery, over, now)).await
}

async fn view(inner: &Arc<Inner>, id: &str) -> Result<Option<RequestView>, DeliveryError> {
    let (inner, id) = (Arc::clone(inner), id.to_owned());
    let read = blocking(move || inner.options.requests.view(&id).map_err(StoreError::Failed));
    read.await.map_err(|error| DeliveryError::later(format!("the request cannot be read: {error}")))
}

/// Whether nothing can happen to the request any more.
fn over(view: &RequestView) -> bool {
    !matches!(view.state, "pending" | "approved" | "claimed")
}

/// A delivery that is ours for now.
struct Ours<'a> {
    inner: &'a Arc<Inner>,
    id: [u8; 16],
    delivery: Delivery,
    earlier: Vec<Receipt>,
    known: Known,
}

impl Ours<'_> {
    async fn tell(self, channel: Option<&dyn Channel>) -> Result<(), StoreError> {
        let Some(channel) = channel else {
            return self.drop(State::Failed, "the channel is not configured any more").await;
        };
        let off = self.inner.locked(&self.inner.off).get(&self.delivery.channel).cloned();
        if let Some(reason) = off {
            return self.drop(State::Failed, &format!("the channel is off: {reason}")).await;
        }
        let Some(what) = What::of(&self.delivery.event) else {
            return self.drop(State::Failed, "this kind of notice is unknown").await;
        };
        match view(self.inner, &self.delivery.request).await {
            Err(error) => self.fail(&error).await,
            Ok(None) => self.drop(State::Obsolete, "there is no such request").await,
            Ok(Some(view)) => {
                let what = what.by_now(view.state == "pending");
                match self.obsolete(what, &view, channel) {
                    Some(reason) => self.drop(State::Obsolete, reason).await,
                    None => self.send(what, view, channel).await,
                }
            }
        }
    }

    /// Why nobody needs to be told any more.
    fn obsolete(
        &self,
        what: What,
        view: &RequestView,
        channel: &dyn Channel,
    ) -> Option<&'static str> {
        let pending = view.state == "pending";
        let other = view.version != self.delivery.version;
        match what {
            asks if asks.asks() && !pending => Some("the request ended"),
            asks if asks.asks() && other => Some("the request has a newer version"),
            What::Voted if !channel.keeps_cards() => Some("only cards show each vote"),
            What::Voted if other => Some("the request has a newer version"),
            What::Ended if pending => Some("the request still waits"),
            What::Voted | What::Ended if self.known.later => Some("a later delivery tells it"),
            What::Ended if self.known.ends.iter().any(|told| told == view.state) => {
                Some("it was told already")
            }
            What::Ended if !self.known.any && !channel.tells_every_end() => {
                Some("its beginning was not told here")
            }
            _ => None,
        }
    }

    async fn send(
        self,
        what: What,
        request: RequestView,
        channel: &dyn Channel,
    ) -> Result<(), StoreError> {
        let options = &self.inner.options;
        let end = (what, request.state, over(&request));
        let notice = Notice {
            delivery: format!("d_{}", uuid::Uuid::from_bytes(self.id)),
            what,
            at: options.clock.now(),
            link: link(options.public.as_ref(), &request),
            asked: asked(&request, &options.people, options.clock.now()),
            request,
        };
        let told = channel.deliver(&notice, &self.earlier);
        let told = tokio::time::timeout(channel.timeout(), told).await;
        match told.unwrap_or_else(|_| Err(DeliveryError::later("no end in time"))) {
            Ok(receipt) => self.sent(receipt, end).await,
            Err(error) => self.fail(&error).await,
        }
    }

    async fn sent(
        self,
        receipt: Option<Receipt>,
        end: (What, &'static str, bool),
    ) -> Result<(), StoreError> {
        let (id, now) = (self.id, self.inner.options.clock.now());
        let delivery = self.delivery;
        perform(&*self.inner.options.store, move |to| {
            steps::sent(to, id, delivery.clone(), receipt.clone(), end, now)
        })
        .await
    }

    async fn drop(self, state: State, reason: &str) -> Result<(), StoreError> {
        let (id, now, reason) = (self.id, self.inner.options.clock.now(), reason.to_owned());
        if state == State::Failed {
            self.warn(&reason, false);
        }
        let delivery = self.delivery;
        perform(&*self.inner.options.store, move |to| {
            steps::dropped(to, id, delivery.clone(), state, &reason, now)
        })
        .await
    }

    async fn fail(self, error: &DeliveryError) -> Result<(), StoreError> {
        let options = &self.inner.options;
        let (id, now, error) = (self.id, options.clock.now(), error.clone());
        if let DeliveryError::Gone(reason) = &error {
            let channel = self.delivery.channel.clone();
            self.inner.locked(&self.inner.off).insert(channel, reason.clone());
        }
        let [chance, ..] = options.random.bytes();
        let next = steps::next(&options.schedule, &self.delivery, &error, now, chance);
        self.warn(&error.to_string(), next.is_some());
        let delivery = self.delivery;
        perform(&*options.store, move |to| {
            steps::failed(to, id, delivery.clone(), &error, next, now)
        })
        .await
    }

    fn warn(&self, reason: &str, again: bool) {
        let Delivery { channel, request, attempts, .. } = &self.delivery;
        tracing::warn!(%channel, %request, attempts, again, "not notified: {reason}");
    }
}
