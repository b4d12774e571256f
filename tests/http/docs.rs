//! `docs/server.md`, carried out: its files, its tokens, every `curl` with the answer shown below it.

use crate::serve::{Served, run};
use crate::support::{Answer, Call};
use std::collections::HashMap;
use std::path::Path;

struct Block {
    tags: Vec<String>,
    text: String,
}

fn blocks() -> Vec<Block> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/server.md");
    let text = std::fs::read_to_string(page).unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(tags), None) => {
                let tags = tags.split(',').map(str::to_owned).collect();
                open = Some(Block { tags, text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Words as a shell reads them, as far as the page needs it: quotes, and `$NAME` outside single ones.
fn words(line: &str, variables: &HashMap<String, String>) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut letters = line.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        let word = words.last_mut().unwrap();
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            (letter, None) if letter.is_whitespace() => words.push(String::new()),
            ('$', None | Some('"')) => {
                let mut name = String::new();
                while let Some(next) = letters.next_if(char::is_ascii_alphanumeric) {
                    name.push(next);
                }
                word.push_str(&variables[&name]);
            }
            (letter, _) => word.push(letter),
        }
    }
    words
}

/// What `curl` would send.
fn curl(words: &[String], server: &Served) -> Answer {
    let mut words = words.iter().skip(1);
    let (mut url, mut body, mut headers) = (String::new(), None, Vec::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "-s" => {}
            "-H" => headers.push(words.next().unwrap().split_once(": ").unwrap()),
            "-d" | "--data-binary" => body = words.next().cloned(),
            word => word.clone_into(&mut url),
        }
    }
    let path = url.strip_prefix("http://127.0.0.1:7480").unwrap();
    let method = if body.is_some() { "POST" } else { "GET" };
    let mut call = Call::new(server.address, method, path);
    if let Some(body) = body {
        let position = headers.iter().position(|(name, _)| *name == "Content-Type").unwrap();
        let (_, media_type) = headers.remove(position);
        call = call.body(media_type, body.as_bytes());
    }
    headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send()
}

/// Whether the pieces between `…` occur in this order, from the very start to the very end.
fn resembles(found: &str, shown: &str) -> bool {
    let (found, shown) = (found.trim(), shown.trim());
    let pieces: Vec<&str> = shown.split('…').map(str::trim).collect();
    let mut rest = found;
    for piece in &pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    found.starts_with(pieces[0]) && found.ends_with(pieces[pieces.len() - 1])
}

#[test]
fn the_page_about_the_server_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let blocks = blocks();
    for block in &blocks {
        if let Some(file) = block.tags.iter().find_map(|tag| tag.strip_prefix("file=")) {
            std::fs::write(folder.path().join(file), &block.text).unwrap();
        }
    }
    let server = Served::start(folder.path(), &[]);
    let (mut variables, mut answer, mut checked) = (HashMap::new(), None::<Answer>, 0);
    for block in &blocks {
        match block.tags[0].as_str() {
            "sh" if block.text.starts_with("curl") => {
                let found = curl(&words(&block.text, &variables), &server);
                assert!(found.status < 300, "{}: {found:?}", block.text);
                let decision = serde_json::from_str::<serde_json::Value>(&found.body);
                if let Some(id) =
                    decision.ok().and_then(|d| d["request"]["id"].as_str().map(str::to_owned))
                {
                    variables.insert("ID".to_owned(), id);
                }
                answer = Some(found);
            }
            "sh" => {
                for line in block.text.lines().filter_map(|line| line.split_once("=$(")) {
                    let (name, command) = (line.0, line.1.trim_end_matches(')'));
                    let words = words(command, &variables);
                    let arguments: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
                    let output = run(folder.path(), &arguments);
                    assert!(output.status.success(), "{command}");
                    let token = String::from_utf8(output.stdout).unwrap();
                    variables.insert(name.to_owned(), token.trim().to_owned());
                }
            }
            "text" => {
                let found = answer.take().unwrap();
                assert!(
                    resembles(&found.body, &block.text),
                    "shown\n{}found\n{}",
                    block.text,
                    found.body
                );
                checked += 1;
            }
            _ => {}
        }
    }
    assert!(checked >= 9, "{checked}");
}

/// Every setting is on the page, and the page's settings are settings.
#[test]
fn the_settings_shown_are_accepted() {
    let settings = blocks().into_iter().find(|block| block.text.starts_with("[server]")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mail.fence"), "fence 1\npolicy mail\nallow read_*\n")
        .unwrap();
    let text = settings.text.replace("127.0.0.1:7480", "127.0.0.1:0");
    std::fs::write(folder.path().join("fence.toml"), &text).unwrap();
    drop(Served::start(folder.path(), &["--db", "fence.db"]));
    let source = include_str!("../../src/cli/settings/server.rs");
    let fields = source.split("struct Written {").nth(1).unwrap().split('}').next().unwrap();
    for field in fields.lines().filter_map(|line| line.trim().split_once(": ")) {
        assert!(text.contains(&format!("\n{} = ", field.0)), "{} is not on the page", field.0);
    }
}
