//! `fence approve`: a person's yes to what was looked at, and to nothing else.

use super::desk::{Desk, Place};
use super::exact::{laid_out, prose, word};
use super::person::{Act, person};
use super::{Context, Exit, Failure, ask, card};
use crate::approvals::{Approval, Approver, FieldEdit, RequestId, RequestView, Target, read_offer};
use clap::Args;
use fence_engine::approval::Offer;
use fence_engine::json::Json;
use std::path::PathBuf;

const EXAMPLE: &str = "Examples:
  fence approve r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11
  fence approve r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11 --version 1 --note 'read both links'
  fence approve r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11 --edit args.limit=50 --policy content.fence

On a terminal the request is shown first, and a whole word must be typed. Without one, or to answer
what `fence show` printed, `--version` says what was looked at: a request that has changed since is
not approved. An edited call is judged by today's policies and becomes a new version.";

/// Approve a request
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Approve {
    /// The request
    #[arg(value_name = "ID", value_parser = str::parse::<RequestId>)]
    id: RequestId,
    /// Change this argument, as far as the rule lets an approver: `args.limit=50`
    #[arg(long = "edit", value_name = "FIELD=JSON", value_parser = field_edit)]
    edits: Vec<FieldEdit>,
    /// A remark for the record
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Cover later calls as well, as far as the rule offers it: `session`, `1h`, `10`
    #[arg(long, value_name = "GRANT", value_parser = offer)]
    grant: Option<Offer>,
    /// Vote for this person, who delegated to you
    #[arg(long = "for", value_name = "PERSON")]
    on_behalf_of: Option<String>,
    /// Approve for everybody, in an emergency; needs the right to, and a note
    #[arg(long, requires = "note")]
    break_glass: bool,
    /// The version that was looked at
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    /// The policies by which an edited call is judged [default: `policies` of the settings]
    #[arg(long = "policy", value_name = "FILE")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// `args.limit=50`; an `=` within quotes belongs to the field.
fn field_edit(text: &str) -> Result<FieldEdit, String> {
    let mut quoted = false;
    let is_end = |character: char| {
        quoted ^= character == '"';
        character == '=' && !quoted
    };
    let (field, value) = text.split_once(is_end).ok_or("write `args.limit=50`")?;
    let value = Json::parse(value.as_bytes()).map_err(|error| {
        format!("the value is no JSON ({error}); a text stands in quotes: `'args.title=\"New\"'`")
    })?;
    Ok(FieldEdit { field: field.trim().to_owned(), value })
}

fn offer(text: &str) -> Result<Offer, String> {
    read_offer(text).ok_or_else(|| "a grant is `once`, `session`, `1h` or `10`".to_owned())
}

impl Approve {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let desk = match self.edits.is_empty() {
            true => self.place.act(context)?,
            false => self.place.judge(context, &self.policies)?,
        };
        let by = person(&desk, Act::answer("approve", self.id))?;
        let Some(target) = self.looked_at(context, &desk, &by)? else {
            context.output.note("nothing was approved");
            return Ok(Exit::Negative);
        };
        let approval = Approval {
            note: self.note,
            edits: self.edits,
            grant: self.grant,
            on_behalf_of: self.on_behalf_of,
            break_glass: self.break_glass,
        };
        let outcome = desk.approvals.approve(&by, &target, approval).wait();
        self.place.settle(context, outcome, said)
    }

    /// What the person looked at and means; nothing where they think better of it.
    fn looked_at(
        &self,
        context: &Context,
        desk: &Desk,
        by: &Approver,
    ) -> Result<Option<Target>, Failure> {
        if let Some(version) = self.version {
            return Ok(Some(Target::version(self.id, version)));
        }
        if !ask::is_possible() {
            let unseen = "nothing is approved that was not looked at";
            let help = "look with `fence show`, then name what you saw with `--version N`";
            return Err(Failure::usage(unseen).help(help));
        }
        let view = desk.request(context, self.id, None)?;
        if view.state != "pending" {
            let target = Target::version(self.id, view.version);
            return Ok(Some(target));
        }
        context.output.note(&card::of(&view));
        context.output.note(&self.intent(&view, by));
        let words: &[&str] = if self.break_glass { &[&view.tool] } else { &[&view.tool, "yes"] };
        if !ask::typed(context, words)? {
            return Ok(None);
        }
        // A dry-run result given meanwhile was not looked at.
        let now = desk.request(context, self.id, None)?;
        let digest = |view: &RequestView| view.preview.as_ref().map(|p| p.digest.clone());
        if digest(&now) != digest(&view) {
            context.output.note("the preview has changed while you looked");
            return Ok(None);
        }
        Ok(Some(Target::version(self.id, view.version)))
    }

    /// What is about to be approved, beyond what the request says.
    fn intent(&self, view: &RequestView, by: &Approver) -> String {
        let mut lines = vec![format!("\nYou are {}.", word(&by.person))];
        if let Some(whom) = &self.on_behalf_of {
            lines.push(format!("You vote for {}.", word(whom)));
        }
        for edit in &self.edits {
            let value = laid_out(edit.value.root()).join("\n  ");
            lines.push(format!("You change {} to {value}", word(&edit.field)));
        }
        let wanted = |offer: &&crate::approvals::OfferView| read_offer(&offer.offer) == self.grant;
        if let Some(offer) = view.offers.iter().find(wanted) {
            lines.push(format!("You also grant: {}", prose(&offer.covers).join("\n  ")));
        }
        if self.break_glass {
            lines.push("You decide for everybody who is asked, and they are told.".to_owned());
        }
        lines.join("\n")
    }
}

/// What an approval has led to.
fn said(view: &RequestView) -> String {
    let mut lines = Vec::new();
    if let Some(edit) = &view.edit {
        lines.push(format!("version {}", view.version));
        lines.extend(edit.changes.iter().flat_map(card::change_lines));
    }
    let missing = view.needs.iter().filter(|need| need.missing > 0 && need.escalation_at.is_none());
    let missing: Vec<String> = missing
        .map(|need| {
            let missing = crate::approvals::NeedView { count: need.missing, ..need.clone() };
            card::seat(&missing)
        })
        .collect();
    lines.push(match (view.state, &view.use_by) {
        ("approved", Some(use_by)) => format!("approved: the call can be made until {use_by}"),
        ("pending", _) => format!("recorded; still to agree: {}", missing.join(", ")),
        (state, _) => state.to_owned(),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_a_field_and_json() {
        let edit = field_edit(r#"args."a=b"."c"=["x=y"]"#).unwrap();
        assert_eq!((&*edit.field, &*edit.value.to_string()), (r#"args."a=b"."c""#, r#"["x=y"]"#));
        assert!(field_edit("args.limit").is_err());
        assert!(field_edit("args.title=New").unwrap_err().contains("in quotes"));
    }
}
