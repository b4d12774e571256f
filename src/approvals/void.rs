//! A tool is no longer what people approved: whatever would still release calls of it ends.

use super::act::{self, Attempt};
use super::journal::Note;
use super::step::Case;
use super::{ApprovalError, Approvals, Receipt, RequestId, grants};
use crate::store::{Order, RequestFilter, StoreError};
use fence_engine::approval::{Event, RequestState};

/// So many requests for one tool are looked at; an agent may have far fewer open.
const MOST: u32 = 10_000;

impl Approvals {
    /// Ends the open requests and the grants for this tool, recorded with the reason.
    ///
    /// # Errors
    /// Any fault of the store, before anything was changed; later ones come with the receipt.
    pub fn void_tool(&self, tool: &str, why: &str) -> Result<Receipt<()>, StoreError> {
        let store = &self.shared().store;
        let open = store.requests(&RequestFilter {
            states: vec![RequestState::Pending, RequestState::Approved],
            agent: None,
            tool: Some(tool.to_owned()),
            session: None,
            rule: None,
            text: None,
            order: Order::Newest,
            skip: 0,
            limit: MOST,
        })?;
        let grants = grants::live(&**store)?;
        let attempt = Attempt { what: "void", who: "fence".to_owned(), on: None };
        let (tool, why) = (tool.to_owned(), why.to_owned());
        Ok(self.act(attempt, move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            let note = Note::default().saying(Some(&why));
            for request in &open {
                let mut case = Case::load(transaction, RequestId(request.id))?;
                let ended = case.step(transaction, shared, &Event::Cancel { by: None }, &note, now);
                match ended {
                    // Used, answered or expired meanwhile.
                    Ok(_) | Err(ApprovalError::Life(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(grants::void(transaction, &grants, (&tool, &why), now)?)
        }))
    }
}
