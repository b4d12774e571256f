//! Policies and calls made at random, the same for the same seed.

/// A stream of numbers from a seed (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % (end as u64)).unwrap()
    }

    pub fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

const PATTERNS: [&str; 16] = [
    "read_a",
    "read_b",
    "write_a",
    "send_x",
    "srv/send_x",
    "read_*",
    "*_a",
    "*",
    "*/*",
    "*/send_*",
    "r???_a",
    "\"[rw]*_a\"",
    "\"{read,write}_a\"",
    "srv/*",
    "\"s[a-f]nd_?\"",
    "*e*_*",
];
const TOOLS: [&str; 9] = [
    "read_a",
    "read_b",
    "write_a",
    "send_x",
    "srv/send_x",
    "other",
    "SRV/read_a",
    "Read_A",
    "srv/SEND_X",
];
const ATOMS: [&str; 22] = [
    "args.a > 5",
    "args.a == 5",
    "args.a != args.b",
    "args.a in 0..5",
    "args.a not in [1, 5, 9]",
    "args.b <= 5",
    "args.b < args.a",
    "args.s == \"Yes\"",
    "args.s != \"no\"",
    "args.s like \"y*\"",
    "args.s in [\"yes\", \"no\"]",
    "args.s not in [\"Yes\"]",
    "args.f",
    "every r in args.l: r > 0",
    "some r in args.l: r == 5",
    "args.a in args.l",
    "sum(args.l) > 5",
    "length(args.l) <= 2",
    "user == \"Ana\"",
    "session != \"s1\"",
    "args.p under \"/srv\"",
    "during office",
];
/// These keep their answer when what they read cannot be read.
const FIRM_ATOMS: [&str; 5] = [
    "has args.a",
    "count(args.l?) <= 2",
    "length(args.s?) == 3",
    "after 2026-01-01",
    "args.s? == \"\"",
];
const PHRASES: [&str; 3] = ["during office", "first 2 per session", "at most 2 per 1h per args.a"];

/// A policy as its rules, so that they can be moved, repeated and added to.
#[derive(Clone, Debug)]
pub struct Policy {
    pub rules: Vec<String>,
    pub default: &'static str,
    pub agents: &'static str,
}

impl Policy {
    /// A policy of up to seven rules; `firm`: with conditions that are never unknown, and counters.
    pub fn random(random: &mut Random, firm: bool) -> Self {
        let rules = (0..1 + random.below(7)).map(|_| rule(random, firm)).collect();
        let default = random.pick(&["deny", "deny", "ask", "pass", "allow"]);
        let agents = random.pick(&["", "", " for agent a*", " for agent lead"]);
        Self { rules, default, agents }
    }

    pub fn text(&self, name: &str) -> String {
        format!(
            "fence 1\npolicy {name}{}\nwindow office = mon..fri 09:00..17:00\n{}\ndefault {}\n",
            self.agents,
            self.rules.join("\n"),
            self.default
        )
    }
}

/// One rule.
pub fn rule(random: &mut Random, firm: bool) -> String {
    let effect = random.pick(&["allow", "allow", "ask", "ask", "deny"]);
    let mut text = format!("{effect} {}", random.pick(&PATTERNS));
    if random.one_in(3) {
        text += &format!(", {}", random.pick(&PATTERNS));
    }
    if random.one_in(5) {
        text += &format!(" except {}", random.pick(&PATTERNS));
    }
    for clause in ["when", "unless"] {
        if random.one_in(3) {
            text += &format!(" {clause} {}", condition(random, 2, firm));
        }
    }
    if effect == "allow" && random.one_in(8) {
        text += random.pick(&[" until 2026-03-22", " until 2026-03-23"]);
    }
    if random.one_in(12) {
        text += " shadow";
    }
    if effect == "ask" && !random.one_in(3) {
        let lines: Vec<String> =
            (0..1 + random.below(2)).map(|_| format!("auto {}", line(random, firm))).collect();
        text += &format!(" {{ {} }}", lines.join(" "));
    }
    text
}

/// Any rule that denies.
pub fn deny(random: &mut Random) -> String {
    loop {
        let rule = rule(random, true);
        if rule.starts_with("deny") {
            return rule;
        }
    }
}

fn line(random: &mut Random, firm: bool) -> String {
    let phrases: Vec<String> = (0..1 + random.below(2)).map(|_| phrase(random, firm)).collect();
    phrases.join(", ")
}

fn phrase(random: &mut Random, firm: bool) -> String {
    match random.below(4) {
        0 if firm => random.pick(&PHRASES).to_owned(),
        1 => format!("unless {}", condition(random, 1, firm)),
        _ => format!("when {}", condition(random, 1, firm)),
    }
}

fn condition(random: &mut Random, depth: usize, firm: bool) -> String {
    if depth == 0 || random.one_in(2) {
        return match firm && random.one_in(4) {
            true => random.pick(&FIRM_ATOMS).to_owned(),
            false => random.pick(&ATOMS).to_owned(),
        };
    }
    let (one, other) = (condition(random, depth - 1, firm), condition(random, depth - 1, firm));
    match random.below(3) {
        0 => format!("not ({one})"),
        1 => format!("(({one}) and ({other}))"),
        _ => format!("(({one}) or ({other}))"),
    }
}

/// A call as its parts; `None` stands for a field that is not there.
#[derive(Clone, Debug)]
pub struct Call {
    pub tool: &'static str,
    pub agent: Option<&'static str>,
    pub user: Option<String>,
    pub session: Option<String>,
    pub args: Vec<(&'static str, Option<String>)>,
}

/// Values of the right type for each field.
fn fitting(random: &mut Random, field: &str) -> String {
    let values: &[&str] = match field {
        "a" | "b" => &["5", "5.0", "0", "6", "-1", "9", "5.5"],
        "s" => &["\"Yes\"", "\"yes\"", "\"no\"", "\"\"", "\"NO\"", "\"other\""],
        "f" => &["true", "false"],
        "p" => &["\"/srv/a\"", "\"/srv\"", "\"/etc\"", "\"/SRV/a\""],
        _ => &["[1, 2]", "[5]", "[0, -1]", "[5, 6, 7]"],
    };
    random.pick(values).to_owned()
}

impl Call {
    pub fn random(random: &mut Random) -> Self {
        let args = ["a", "b", "s", "f", "p", "l"].map(|field| {
            let value = match random.below(8) {
                0 => None,
                1 => Some(
                    random.pick(&["null", "\"5\"", "[]", "{}", "true", "1e999", "7"]).to_owned(),
                ),
                _ => Some(fitting(random, field)),
            };
            (field, value)
        });
        let text = |random: &mut Random, values: &[&str]| {
            (!random.one_in(3)).then(|| random.pick(values).to_owned())
        };
        Self {
            tool: TOOLS[random.below(TOOLS.len())],
            agent: (!random.one_in(3)).then(|| {
                random.pick(&["\"a1\"", "\"b\"", "{\"id\":\"b\",\"parents\":[\"LEAD\"]}"])
            }),
            user: text(random, &["Ana", "ana", "bo"]),
            session: text(random, &["s1", "S1", "s2"]),
            args: args.to_vec(),
        }
    }

    /// The same call with something readable wherever there was nothing to read.
    pub fn filled(&self, random: &mut Random) -> Self {
        let mut filled = self.clone();
        for (field, value) in &mut filled.args {
            if value.as_deref().is_none_or(|value| value == "null") {
                *value = Some(fitting(random, field));
            }
        }
        filled.user.get_or_insert_with(|| random.pick(&["Ana", "ana", "bo"]).to_owned());
        filled.session.get_or_insert_with(|| random.pick(&["s1", "S1", "s2"]).to_owned());
        filled
    }

    pub fn json(&self) -> String {
        let args = self.args.iter().filter_map(|(field, value)| {
            value.as_ref().map(|value| format!("\"{field}\":{value}"))
        });
        let args = args.collect::<Vec<_>>().join(",");
        let mut json = format!("{{\"tool\":\"{}\",\"args\":{{{args}}}", self.tool);
        for (key, value) in [("user", &self.user), ("session", &self.session)] {
            if let Some(value) = value {
                json += &format!(",\"{key}\":\"{value}\"");
            }
        }
        if let Some(agent) = self.agent {
            json += &format!(",\"agent\":{agent}");
        }
        json + "}"
    }
}
