//! `[notify.NAME]`: what is made of it and what is refused.

use fence::engine::Layers;
use fence::notify::settings::{Surroundings, Table, WrongChannel, channels};
use fence::notify::{Channels, unknown_channels};
use std::collections::BTreeMap;
use std::path::Path;

const SECRET: &str = "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3";

fn read(text: &str, folder: &Path) -> Result<Channels, WrongChannel> {
    let written: BTreeMap<String, BTreeMap<String, Table>> = toml::from_str(text).unwrap();
    let variable = |name: &str| match name {
        "HOOK_SECRET" => Some(SECRET.to_owned()),
        "HOOK_URL" => Some("https://hooks.example.com/token-in-path".to_owned()),
        "SLACK_TOKEN" | "SLACK_SIGNING" | "SMTP_PASSWORD" => Some("very-secret-value".to_owned()),
        "EMPTY" => Some(" ".to_owned()),
        _ => None,
    };
    let around = Surroundings { variable: &variable, ..Surroundings::system(folder) };
    channels(&written["notify"], &around)
}

fn refusal(text: &str) -> (String, Option<String>) {
    let wrong = read(text, Path::new(".")).err().unwrap_or_else(|| panic!("{text} was taken"));
    (wrong.to_string(), wrong.help())
}

#[test]
fn each_kind_is_made_of_its_settings() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hook.secret"), format!("{SECRET}\n")).unwrap();
    let text = r#"
        [notify.console]
        kind = "terminal"
        bell = false
        [notify.desk]
        kind = "webhook"
        url_env = "HOOK_URL"
        secret_file = "hook.secret"
        old_secret_env = "HOOK_SECRET"
        timeout = "500ms"
        [notify.team]
        kind = "slack"
        channel = "C0123456789"
        token_env = "SLACK_TOKEN"
        signing_secret_env = "SLACK_SIGNING"
        team = "T1"
        [notify.mail]
        kind = "email"
        host = "smtp.example.com"
        tls = "starttls"
        from = "Fence <fence@example.com>"
        to = ["desk@example.com"]
        username = "fence"
        password_env = "SMTP_PASSWORD"
        [notify.local]
        kind = "email"
        host = "localhost"
        port = 25
        allow_plain = true
        from = "fence@example.com"
    "#;
    let channels = read(text, folder.path()).unwrap();
    assert_eq!(channels.names().collect::<Vec<_>>(), ["console", "desk", "local", "mail", "team"]);
    assert!(channels.takes_slack());
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let hook = "[notify.desk]\nkind = \"webhook\"\n";
    let slack = "[notify.team]\nkind = \"slack\"\nchannel = \"C1\"\n";
    let mail =
        "[notify.mail]\nkind = \"email\"\nhost = \"smtp.example.com\"\nfrom = \"f@example.com\"\n";
    let url = "url = \"https://h.example/\"\n";
    let cases = [
        ("[notify.x]\n".to_owned(), "`kind` is missing: use one of `terminal`, `webhook`"),
        (
            "[notify.x]\nkind = \"slak\"\n".to_owned(),
            "no kind of channel: use one of `terminal`, `webhook`, `slack`, `email`; did you mean `slack`?",
        ),
        ("[notify.\"\\u202e\"]\nkind = \"terminal\"\n".to_owned(), "this is no name"),
        (format!("{hook}{url}"), "`secret_env` or `secret_file` is missing"),
        (format!("{hook}secret_env = \"HOOK_SECRET\"\n"), "`url_env` or `url_file` is missing"),
        (
            format!("{hook}{url}url_env = \"HOOK_URL\"\nsecret_env = \"HOOK_SECRET\"\n"),
            "`url` is given more than once",
        ),
        (format!("{hook}{url}secret_env = \"NOT_SET\"\n"), "the variable `NOT_SET` is not set"),
        (format!("{hook}{url}secret_env = \"EMPTY\"\n"), "the variable `EMPTY` is not set"),
        (
            format!("{hook}{url}secret_file = \"nowhere\"\n"),
            "`secret_file` cannot be read: there is no such file",
        ),
        (format!("{hook}{url}secret_env = \"SLACK_TOKEN\"\n"), "at least 24 random bytes"),
        (
            format!("{hook}{url}secret_env = \"HOOK_SECRET\"\ntimeout = \"2h\"\n"),
            "`2h` is no timeout",
        ),
        (
            format!("{hook}url = \"http://h.example/\"\nsecret_env = \"HOOK_SECRET\"\n"),
            "only `https` is allowed",
        ),
        (
            format!("{hook}url = \"https://10.0.0.1/\"\nsecret_env = \"HOOK_SECRET\"\n"),
            "the address 10.0.0.1 is not public",
        ),
        (
            format!("{hook}url = \"ftp://h.example/\"\nsecret_env = \"HOOK_SECRET\"\n"),
            "this is no address",
        ),
        (slack.to_owned(), "`token_env` or `token_file` is missing"),
        (format!("{mail}allow_plain = true\n"), "for a server on this machine"),
        (format!("{mail}tls = \"none\"\n"), "`tls` is `whole` (the default) or `starttls`"),
        (format!("{mail}tls = \"starttls\"\nallow_plain = true\n"), "exclude each other"),
        (format!("{mail}username = \"u\"\n"), "`password_env` or `password_file` is missing"),
        (format!("{mail}to = [\"nobody\"]\n"), "`nobody` is no mail address"),
    ];
    for (text, expected) in cases {
        let (message, _) = refusal(&text);
        assert!(message.contains(expected), "{message} should say {expected}");
        assert!(message.starts_with("the channel `"), "{message}");
        assert!(!message.contains("very-secret"), "{message}");
    }
}

#[test]
fn a_misspelt_key_is_refused_with_a_suggestion_and_a_secret_in_the_file_too() {
    let (message, help) =
        refusal("[notify.t]\nkind = \"slack\"\nchannel = \"C1\"\ntokn_env = \"X\"\n");
    assert!(message.starts_with("the channel `t`: unknown field `tokn_env`"), "{message}");
    assert_eq!(help.as_deref(), Some("did you mean `token_env`?"));
    let (message, _) =
        refusal("[notify.t]\nkind = \"slack\"\nchannel = \"C1\"\ntoken = \"xoxb-1\"\n");
    assert!(message.contains("unknown field `token`") && !message.contains("xoxb"), "{message}");
}

#[test]
fn a_policy_that_names_an_unknown_channel_is_told_of_it() {
    let text =
        "fence 1\npolicy content\nask email_send as outbound {\n  notify team, desk\n}\nask pay\n";
    let checked = fence::policies::check_text("c.fence", text, &fence::strategies::builtin());
    let policy = fence::policies::compile("c.fence", checked).unwrap();
    let channels = read(
        "[notify.teams]\nkind = \"terminal\"\n[notify.desk]\nkind = \"terminal\"\n",
        Path::new("."),
    );
    let unknown = unknown_channels(&Layers::from(policy), &channels.unwrap());
    let told: Vec<String> = unknown.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "content:3: the rule `outbound` notifies `team`, which fence.toml does not have; did you mean `teams`?"
        ]
    );
}

#[test]
fn every_block_of_settings_that_is_documented_is_taken() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/notifications.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let variable = |name: &str| {
        assert!(name.starts_with("FENCE_"), "{name}");
        Some(SECRET.to_owned())
    };
    let around = Surroundings { variable: &variable, ..Surroundings::system(Path::new(".")) };
    let mut kinds = std::collections::BTreeSet::new();
    for block in blocks {
        let mut written: toml::Table = toml::from_str(block).unwrap();
        let Some(notify) = written.remove("notify") else { continue };
        let notify: BTreeMap<String, Table> = notify.try_into().unwrap();
        kinds.extend(notify.values().map(|table| table["kind"].as_str().unwrap().to_owned()));
        channels(&notify, &around).unwrap_or_else(|wrong| panic!("{wrong}:\n{block}"));
    }
    assert_eq!(Vec::from_iter(kinds), ["email", "slack", "terminal", "webhook"]);
}
