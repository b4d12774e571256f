//! A gate put together from what the package's JavaScript passes.

use crate::call::Who;
use crate::failed;
use crate::questions::{Ask, Described, Questions, Strategy};
use fence::engine::approval::Terms;
use fence::engine::diagnostic::Severity;
use fence::engine::{CompiledPolicy, Layers};
use fence::gate::{BuildError, GateBuilder};
use fence::lists::Lists;
use fence::people::{People, Person};
use fence::policies::LoadError;
use fence::{Effect, Gate, SqliteStore};
use napi_derive::napi;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything a gate is made of.
#[napi(object, object_to_js = false)]
pub struct Setup {
    pub lists: Option<Patterns>,
    pub files: Option<Vec<String>>,
    pub text: Option<String>,
    pub name: Option<String>,
    pub database: Option<String>,
    pub approver: String,
    pub caller: Who,
    pub strategies: Vec<Described>,
    pub ask: Option<Ask>,
}

/// A policy written in code.
#[napi(object, object_to_js = false)]
pub struct Patterns {
    pub allow: Vec<String>,
    pub require_approval: Vec<String>,
    pub deny: Vec<String>,
    pub default: String,
}

impl Setup {
    /// The gate, and where its strategies ask.
    pub fn build(&mut self) -> napi::Result<(Gate, Option<Arc<Questions>>)> {
        let questions = self.ask.take().map(|ask| Arc::new(Questions::new(ask)));
        // Who may answer follows from the policies' groups, so these are loaded first.
        let layers = self.policies()?.build().map_err(told)?.layers();
        let people = People::new(people(&layers, &self.approver)).map_err(failed)?;
        let mut builder = Gate::builder().layers(layers).people(people);
        for described in &self.strategies {
            if let Some(questions) = questions.as_ref().map(Arc::clone) {
                let name = described.name.clone();
                builder = builder.service(&*name.clone(), Arc::new(Strategy { name, questions }));
            }
        }
        if let Some(database) = &self.database {
            builder = builder.store(SqliteStore::open(database).map_err(failed)?);
        }
        Ok((builder.build().map_err(told)?, questions))
    }

    fn policies(&self) -> napi::Result<GateBuilder> {
        let mut builder = Gate::builder();
        for described in &self.strategies {
            builder = builder.strategy(described.strategy().map_err(failed)?);
        }
        let invalid = |error| told(BuildError::Load(error));
        for file in self.files.iter().flatten() {
            builder = builder.policy_file(file).map_err(invalid)?;
        }
        if let Some(text) = &self.text {
            let name = self.name.as_deref().unwrap_or("policy.fence");
            builder = builder.policy_text(name, text).map_err(invalid)?;
        }
        if let Some(patterns) = &self.lists {
            let name = self.name.clone().unwrap_or_else(|| Lists::default().name);
            let text = patterns.lists(name)?.text().map_err(failed)?;
            builder = builder.policy_text("policy.fence", &text).map_err(invalid)?;
        }
        Ok(builder)
    }
}

impl Patterns {
    fn lists(&self, name: String) -> napi::Result<Lists> {
        let default = match &*self.default {
            "allow" => Effect::Allow,
            "ask" | "require_approval" => Effect::Ask,
            "deny" => Effect::Deny,
            other => return Err(failed(format!("`{other}` is no effect"))),
        };
        let (allow, deny) = (self.allow.clone(), self.deny.clone());
        let require_approval = self.require_approval.clone();
        Ok(Lists { name, allow, require_approval, deny, default })
    }
}

/// The one who answers here, asked wherever a rule names no group; and everybody that groups name.
fn people(layers: &Layers, approver: &str) -> Vec<Person> {
    let asks = layers.policies().iter().flat_map(CompiledPolicy::rules);
    let named = asks.filter_map(|rule| rule.ask.as_ref()).flat_map(|ask| members(&ask.terms));
    let named: BTreeSet<String> = named.collect();
    let others = named.into_iter().filter(|person| !person.eq_ignore_ascii_case(approver));
    let others = others.map(|id| Person { approver: false, ..Person::new(id) });
    std::iter::once(Person::new(approver)).chain(others).collect()
}

fn members(terms: &Terms) -> impl Iterator<Item = String> + '_ {
    let seats = terms.requirements.iter().flat_map(|requirement| {
        let later = requirement.escalations.iter().map(|escalation| &escalation.seat);
        requirement.seats.iter().chain(later)
    });
    seats.flat_map(|seat| seat.members.iter().map(|person| person.to_ascii_lowercase()))
}

/// An error with everything that was found in the policy.
fn told(error: BuildError) -> napi::Error {
    let mut text = error.to_string();
    if let BuildError::Load(LoadError::Invalid { checked, .. }) = &error {
        let errors = checked.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        for found in errors {
            let (line, column) = checked.sources.position(found.span);
            text += &format!("\n  {line}:{column} {} {}", found.code, found.message);
            text.extend(found.help.iter().map(|help| format!(" ({help})")));
        }
    }
    failed(text)
}
