//! `fence mcp accept`: a person looks at what a tool has become, and accepts it.

use crate::cli::desk::Place;
use crate::cli::exact::{laid_out, word};
use crate::cli::paint::{bold, dim};
use crate::cli::person::{Act, person};
use crate::cli::{Context, Exit, Failure, ask};
use crate::clock::{Clock as _, SystemClock};
use crate::mcp::{Pin, Pinned, accept, held};
use clap::Args;
use fence_engine::json::Json;

const EXAMPLE: &str = "\
Examples:
  fence mcp accept
  fence mcp accept files/read_file

Without a tool it shows every tool whose server describes it otherwise than before: what was accepted
and what it is now. No call of such a tool passes until a person accepts it.";

/// Look at changed definitions of tools, and accept one
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Accept {
    /// The tool, with its server
    #[arg(value_name = "TOOL")]
    tool: Option<String>,
    /// Accept without asking back: the definition with this digest and no other
    #[arg(long, value_name = "DIGEST", requires = "tool")]
    digest: Option<String>,
    #[command(flatten)]
    place: Place,
}

impl Accept {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Some(tool) = &self.tool else { return self.list(context) };
        let desk = self.place.act(context)?;
        let by = person(&desk, Act::stop("accept-tool", None))?;
        let pins = held(&*desk.store).map_err(Failure::usage)?;
        let Some(pin) = pins.into_iter().find(|pin| pin.tool == *tool) else {
            context.output.note(&format!("no definition of {} waits to be accepted", word(tool)));
            return Ok(Exit::Negative);
        };
        let digest = match (&self.digest, &pin.held) {
            (Some(digest), _) => digest.clone(),
            (None, Some(held)) => {
                context.output.note(&shown(&pin));
                if !confirmed(context)? {
                    context.output.note("nothing was accepted");
                    return Ok(Exit::Negative);
                }
                held.digest.clone()
            }
            (None, None) => return Ok(Exit::Negative),
        };
        let accepted = accept(&*desk.store, (tool, &digest), &by.person, SystemClock.now());
        match accepted.map_err(Failure::usage)? {
            true => {
                self.place.print(context, &pin, || format!("accepted {}", word(tool)))?;
                Ok(Exit::Positive)
            }
            false => {
                let other = "nothing was accepted: the definition is another one by now";
                context.output.note(other);
                Ok(Exit::Negative)
            }
        }
    }

    fn list(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.look(context)?;
        let pins = held(&*desk.store).map_err(Failure::usage)?;
        let words = || match pins.as_slice() {
            [] => "every tool is what was accepted".to_owned(),
            pins => pins.iter().map(shown).collect::<Vec<_>>().join("\n\n"),
        };
        self.place.print(context, &pins, words)?;
        Ok(Exit::Positive)
    }
}

fn confirmed(context: &Context) -> Result<bool, Failure> {
    if !ask::is_possible() {
        let unseen = "a definition is accepted by who has looked at it";
        return Err(Failure::usage(unseen).help("name what you looked at with `--digest`"));
    }
    ask::typed(context, &["accept"])
}

/// What was accepted, and what waits.
fn shown(pin: &Pin) -> String {
    let mut lines = vec![bold(&word(&pin.tool))];
    lines.extend(definition("accepted", &pin.accepted));
    lines.extend(pin.held.iter().flat_map(|held| definition("now", held)));
    lines.join("\n")
}

fn definition(label: &str, pinned: &Pinned) -> Vec<String> {
    let by = pinned.by.as_deref().map(|by| format!(" by {}", word(by))).unwrap_or_default();
    let head = format!("  {}{by}, since {}, {}", dim(label), pinned.since, pinned.digest);
    let text: Option<Json> = pinned.definition.as_deref().and_then(|text| text.parse().ok());
    let lines = match text {
        Some(json) => laid_out(json.root()),
        None => vec!["it is too long to be kept: look at it at its server".to_owned()],
    };
    std::iter::once(head).chain(lines.into_iter().map(|line| format!("    {line}"))).collect()
}
