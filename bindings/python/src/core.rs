//! The gate as Python sees it: how it is put together, and the way a call takes through it.

use crate::call::{Given, Who, read_agent};
use crate::clock::ManualClock;
use crate::errors::{PolicyError, Unavailable, UsageError, build, load};
use crate::fork::Process;
use crate::result::PolicyResult;
use crate::soon::{Soon, Task};
use crate::strategy::Described;
use fence::engine::CompiledPolicy;
use fence::engine::strategy::Strategies;
use fence::gate::GateBuilder;
use fence::lists::Lists;
use fence::people::{People, Person};
use fence::policies::{check_file, check_text, compile};
use fence::service::Services;
use fence::{Decision, Effect, Gate, GateError, SqliteStore};
use pyo3::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What a policy of Python is built on.
#[pyclass(subclass, frozen, module = "fence._fence")]
pub(crate) struct Core {
    gate: Gate,
    who: Who,
    made_in: Process,
    soon: Soon,
    approver: String,
    instant: bool,
    lists: bool,
}

/// Everything a policy is made of.
#[derive(FromPyObject)]
struct Parts<'py> {
    lists: bool,
    texts: Vec<(String, String)>,
    files: Vec<PathBuf>,
    database: Option<PathBuf>,
    agent: Option<Bound<'py, PyAny>>,
    user: Option<String>,
    session: Option<String>,
    approver: String,
    people: Vec<String>,
    strategies: Vec<Described>,
    clock: Option<Py<ManualClock>>,
}

#[pymethods]
impl Core {
    #[new]
    fn new(py: Python<'_>, parts: Parts<'_>) -> PyResult<Self> {
        let agent = parts.agent.as_ref().map(read_agent).transpose()?;
        let who = Who { agent, user: parts.user.clone(), session: parts.session.clone() };
        let (approver, instant) =
            (parts.approver.clone(), parts.database.is_none() && parts.strategies.is_empty());
        let clock = parts.clock.as_ref().map(|clock| Arc::clone(&clock.get().0));
        let (mut builder, mut known) = (Gate::builder(), fence::strategies::builtin());
        builder = builder.services(services(parts.strategies, &mut known)?);
        if let Some(clock) = clock {
            builder = builder.clock(clock);
        }
        let lists = parts.lists;
        let (texts, files, database) = (parts.texts, parts.files, parts.database);
        let gate = py.detach(|| {
            let policies = policies(&texts, &files, &known)?;
            let builder = builder.people(people(&policies, &approver, &parts.people)?);
            gate(stored(builder, database)?, policies)
        })?;
        Ok(Self {
            gate,
            who,
            made_in: Process::present(),
            soon: Soon::default(),
            approver,
            instant,
            lists,
        })
    }

    /// Decides a call, records that, and says what becomes of it.
    #[pyo3(signature = (tool, args=None, *, context=None, host_context=None, agent=None, user=None, session=None, call_id=None))]
    #[expect(clippy::too_many_arguments, reason = "the parts of a call, each by its name")]
    fn check(
        slf: &Bound<'_, Self>,
        tool: &Bound<'_, PyAny>,
        args: Option<&Bound<'_, PyAny>>,
        context: Option<&Bound<'_, PyAny>>,
        host_context: Option<&Bound<'_, PyAny>>,
        agent: Option<&Bound<'_, PyAny>>,
        user: Option<&Bound<'_, PyAny>>,
        session: Option<&Bound<'_, PyAny>>,
        call_id: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PolicyResult> {
        let given = Given { tool, args, context, host_context, agent, user, session, call_id };
        let core = slf.get();
        let (gate, call) = (core.gate()?, given.call(&core.who)?);
        let decided = slf.py().detach(|| gate.decide_blocking(&call));
        let decided = decided.map_err(|error| unrecorded(&error))?;
        Ok(PolicyResult::new(slf.clone().unbind(), call, decided))
    }

    /// As `check`, beside the interpreter; `notify(result, error)` is called when it is decided.
    #[pyo3(signature = (notify, tool, args=None, *, context=None, host_context=None, agent=None, user=None, session=None, call_id=None))]
    #[expect(clippy::too_many_arguments, reason = "the parts of a call, each by its name")]
    fn _check_soon(
        slf: &Bound<'_, Self>,
        notify: Py<PyAny>,
        tool: &Bound<'_, PyAny>,
        args: Option<&Bound<'_, PyAny>>,
        context: Option<&Bound<'_, PyAny>>,
        host_context: Option<&Bound<'_, PyAny>>,
        agent: Option<&Bound<'_, PyAny>>,
        user: Option<&Bound<'_, PyAny>>,
        session: Option<&Bound<'_, PyAny>>,
        call_id: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Task> {
        let given = Given { tool, args, context, host_context, agent, user, session, call_id };
        let core = slf.get();
        let (gate, call) = (core.gate()?.clone(), given.call(&core.who)?);
        let (policy, asked) = (slf.clone().unbind(), call.clone());
        core.soon.run(notify, async move { gate.decide(&asked).await }, move |py, decided| {
            let decided = decided.map_err(|error| unrecorded(&error))?;
            Ok(Py::new(py, PolicyResult::new(policy, call, decided))?.into_any())
        })
    }

    /// Whether a decision takes so little time that nothing else need go on meanwhile.
    #[getter]
    const fn _instant(&self) -> bool {
        self.instant
    }

    /// As whom `on_approval` answers.
    #[getter]
    fn approver(&self) -> &str {
        &self.approver
    }
}

impl Core {
    /// The gate, in the process it was made in.
    pub(crate) fn gate(&self) -> PyResult<&Gate> {
        self.made_in.check()?;
        Ok(&self.gate)
    }

    /// Why, in the words of the policy: lists have their own.
    pub(crate) fn reason(&self, decision: &Decision) -> String {
        match self.lists {
            true => fence::lists::reason(decision),
            false => decision.reason(),
        }
    }

    pub(crate) const fn soon(&self) -> &Soon {
        &self.soon
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let gate = self.gate.clone();
        if !self.made_in.is_present() {
            // Its threads are not in this process: waiting for their end would never end.
            std::mem::forget(gate);
        }
    }
}

/// No record, no call.
fn unrecorded(error: &GateError) -> PyErr {
    Unavailable::new_err(error.to_string())
}

/// Registers strategies by their names, and gives what answers for them.
fn services(described: Vec<Described>, known: &mut Strategies) -> PyResult<Services> {
    let mut services = Services::default();
    for each in described {
        let name = each.name.clone();
        let (strategy, service) = each.halves()?;
        known
            .register(Arc::new(strategy))
            .map_err(|taken| UsageError::new_err(taken.to_string()))?;
        services.add(name, service);
    }
    Ok(services)
}

fn policies(
    texts: &[(String, String)],
    files: &[PathBuf],
    known: &Strategies,
) -> PyResult<Vec<CompiledPolicy>> {
    let text = |(name, text): &(String, String)| compile(name, check_text(name, text, known));
    let file = |path: &PathBuf| compile(&path.display().to_string(), check_file(path, known)?);
    let all = texts.iter().map(text).chain(files.iter().map(file));
    all.collect::<Result<_, _>>().map_err(|error| load(&error))
}

/// Who may answer: `people`, else everybody whom the policies name; and whoever `on_approval`
/// answers as. Where a rule names no group, `people` and the latter are asked.
fn people(policies: &[CompiledPolicy], approver: &str, people: &[String]) -> PyResult<People> {
    let mut known = BTreeMap::new();
    if people.is_empty() {
        for member in policies.iter().flat_map(members) {
            let person = Person { approver: false, ..Person::new(member) };
            known.insert(member.to_ascii_lowercase(), person);
        }
    }
    for person in people.iter().map(String::as_str).chain([approver]) {
        known.insert(person.to_ascii_lowercase(), Person::new(person));
    }
    People::new(known.into_values().collect())
        .map_err(|error| UsageError::new_err(error.to_string()))
}

/// Everybody whom a policy names.
fn members(policy: &CompiledPolicy) -> impl Iterator<Item = &str> {
    let asks = policy.rules().iter().filter_map(|rule| rule.ask.as_ref());
    let wanted = asks.flat_map(|ask| &ask.terms.requirements);
    let seats = wanted.flat_map(|wanted| {
        wanted.seats.iter().chain(wanted.escalations.iter().map(|later| &later.seat))
    });
    seats.flat_map(|seat| &*seat.members).map(|member| &**member)
}

fn stored(builder: GateBuilder, database: Option<PathBuf>) -> PyResult<GateBuilder> {
    let Some(path) = database else { return Ok(builder) };
    match SqliteStore::open(path) {
        Ok(store) => Ok(builder.store(store)),
        Err(error) => Err(Unavailable::new_err(error.to_string())),
    }
}

fn gate(builder: GateBuilder, policies: Vec<CompiledPolicy>) -> PyResult<Gate> {
    let builder = policies.into_iter().fold(builder, GateBuilder::policy);
    builder.build().map_err(|error| build(&error))
}

/// The `.fence` text of a policy that is written as lists.
#[pyfunction]
pub(crate) fn lists_text(
    name: String,
    allow: Vec<String>,
    require_approval: Vec<String>,
    deny: Vec<String>,
    default: &str,
) -> PyResult<String> {
    let default: Effect = match default {
        "allow" => Effect::Allow,
        "require_approval" => Effect::Ask,
        "deny" => Effect::Deny,
        other => {
            let wanted = "`default` is `allow`, `require_approval` or `deny`";
            return Err(PolicyError::new_err(format!("{wanted}, not `{other}`")));
        }
    };
    let lists = Lists { name, allow, require_approval, deny, default };
    lists.text().map_err(|error| PolicyError::new_err(error.to_string()))
}
