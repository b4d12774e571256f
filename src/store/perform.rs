//! Work as a closure, and waiting for its outcome with or without a runtime.

use super::{Store, StoreError, Transaction, Work};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use tokio::sync::oneshot;

/// Something on its way to the disk: to be awaited, or waited for with [`Receipt::wait`].
#[derive(Debug)]
#[must_use = "nothing is known to be durable before the receipt says so"]
pub struct Receipt<T, E = StoreError>(oneshot::Receiver<Result<T, E>>);

impl<T, E: From<StoreError>> Receipt<T, E> {
    /// A receipt, and how to settle it.
    pub(crate) fn new() -> (oneshot::Sender<Result<T, E>>, Self) {
        let (settle, settled) = oneshot::channel();
        (settle, Self(settled))
    }

    /// Blocks until the outcome is durable; also within a runtime, whose thread then stands still.
    ///
    /// # Errors
    /// What the work failed with.
    pub fn wait(self) -> Result<T, E> {
        block_on(self)
    }
}

impl<T, E: From<StoreError>> Future for Receipt<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let settled = Pin::new(&mut self.0).poll(context);
        settled.map(|outcome| outcome.unwrap_or_else(|_| Err(StoreError::Closed.into())))
    }
}

/// Runs a future to its end on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let (mut context, mut future) = (Context::from_waker(&waker), pin!(future));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Runs a closure as [`Work`]; it may be run again from the start, as any work.
///
/// The closure's own error `E` undoes what it wrote, like a fault of the store.
pub fn perform<T, E>(
    store: &dyn Store,
    run: impl FnMut(&mut dyn Transaction) -> Result<T, E> + Send + 'static,
) -> Receipt<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + std::fmt::Display + Send + 'static,
{
    let (settle, receipt) = Receipt::new();
    store.submit(Box::new(Job { run, made: None, settle }));
    receipt
}

struct Job<T, E, F> {
    run: F,
    made: Option<Result<T, E>>,
    settle: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Work for Job<T, E, F>
where
    T: Send + 'static,
    E: From<StoreError> + std::fmt::Display + Send + 'static,
    F: FnMut(&mut dyn Transaction) -> Result<T, E> + Send,
{
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        let made = (self.run)(transaction);
        let outcome =
            made.as_ref().map(drop).map_err(|error| StoreError::Refused(error.to_string()));
        self.made = Some(made);
        outcome
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { made, settle, .. } = *self;
        let settled = match (made, outcome) {
            (Some(Ok(made)), Ok(())) => Ok(made),
            // The work's own words, not the store's copy of them.
            (Some(Err(error)), Err(StoreError::Refused(_))) => Err(error),
            (_, Err(error)) => Err(error.into()),
            (_, Ok(())) => Err(StoreError::Closed.into()),
        };
        drop(settle.send(settled));
    }
}
