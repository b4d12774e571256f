//! A strategy of one's own: releases calls on a share of customers, for a careful roll-out.
//!
//! ```text
//! cargo run --example own_strategy
//! ```

#![expect(clippy::print_stdout, reason = "an example speaks to its reader")]

use fence::engine::condition::{Datum, Field, Scope};
use fence::engine::strategy::{
    Argument, Arguments, Judgement, Parameter, ParameterKind, PhraseFacts, PrepareError, Prepared,
    Strategy,
};
use fence::{Gate, ToolCall};
use std::error::Error;

/// `auto via share(of: FIELD, percent: N)`: releases for about N in a hundred values of a field,
/// always the same ones.
#[derive(Debug)]
struct Share;

/// The checker refuses unknown, missing and mistyped parameters by this table.
const PARAMETERS: &[Parameter] = &[
    Parameter::required("of", ParameterKind::Field, "Whose values are divided."),
    Parameter::required("percent", ParameterKind::Whole(0, 100), "How many in a hundred."),
];

impl Strategy for Share {
    fn name(&self) -> &'static str {
        "share"
    }

    fn summary(&self) -> &'static str {
        "releases for a fixed share of a field's values"
    }

    fn parameters(&self) -> &[Parameter] {
        PARAMETERS
    }

    /// Once per phrase, when the policy is loaded.
    fn prepare(&self, arguments: &Arguments) -> Result<Box<dyn Prepared>, PrepareError> {
        let Some(Argument::Field(of)) = arguments.get("of") else {
            return Err(PrepareError("`of` must be a field".into()));
        };
        Ok(Box::new(ShareOf { of: of.clone(), percent: arguments.whole("percent")? }))
    }
}

#[derive(Debug)]
struct ShareOf {
    of: Field,
    percent: u64,
}

impl Prepared for ShareOf {
    fn always_holds(&self) -> bool {
        self.percent == 0 // the checker then warns the policy's author
    }

    /// Once per call. Pure: no clock, no randomness, nothing from outside that is not in `facts`.
    fn judge(&self, scope: &Scope<'_>, _facts: &PhraseFacts<'_>) -> Judgement {
        let Some(Datum::Text(value)) = self.of.datum(scope) else {
            return Judgement::unknown().because("the field is missing or no text");
        };
        let bucket = fnv1a(value.as_bytes()) % 100;
        match bucket < self.percent {
            true => Judgement::release(),
            false => {
                Judgement::hold().because(format!("bucket {bucket} is not below {}", self.percent))
            }
        }
    }
}

/// FNV-1a, 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

const POLICY: &str = "
fence 1
policy roll_out
ask discount_grant as discounts { auto via share(of: args.customer, percent: 30) }
";

fn main() -> Result<(), Box<dyn Error>> {
    // Strategies come before the policies that name them.
    let gate = Gate::builder().strategy(Share).policy_text("roll_out.fence", POLICY)?.build()?;
    for customer in ["c-1", "c-2", "c-3", "c-4", "c-5", "c-6"] {
        let decision =
            gate.decide_blocking(&ToolCall::new("discount_grant").arg("customer", customer))?;
        let why =
            decision.nearest.as_deref().map(|near| format!(" unless {near}")).unwrap_or_default();
        println!("{customer}: {}{why}", decision.decision);
    }
    // A misspelt parameter keeps the policy from loading.
    let misspelt = POLICY.replace("percent:", "precent:");
    let refused = Gate::builder().strategy(Share).policy_text("roll_out.fence", &misspelt);
    println!("{}", refused.err().map(|error| error.to_string()).unwrap_or_default());
    Ok(())
}
