//! `mcp__SERVER__TOOL`: split where it can be read in one way only.
//!
//! A server `git__x` with a tool `delete` and a server `git` with a tool `x__delete` are written
//! alike. Where the host says which server it is the rest is the tool; otherwise a name that can be
//! read in two ways is refused. A server whose own name holds the separator is always refused.

use crate::engine::show::printable;

const PREFIX: &str = "mcp__";
const BETWEEN: &str = "__";

/// The tool of an event: `server/tool` for one of an MCP server, else its bare name. `server` is
/// the server as the host's settings name it, where the host says so.
pub(super) fn tool(name: &str, server: Option<&str>) -> Result<String, String> {
    match (name.strip_prefix(PREFIX), server.map(written)) {
        (None, None) => super::fields::bare(name),
        // A host may be told to leave the prefix away.
        (None, Some(server)) => joined(&server, name),
        (Some(rest), None) => only_split(rest),
        (Some(rest), Some(server)) => {
            let tool = rest.strip_prefix(&*server).and_then(|rest| rest.strip_prefix(BETWEEN));
            let tool = tool.ok_or_else(|| {
                let server = printable(&server, 80);
                format!("the tool's name does not begin with its server `{server}`")
            })?;
            joined(&server, tool)
        }
    }
}

/// A server's name as it stands in the names of its tools.
fn written(server: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    server.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}

fn joined(server: &str, tool: &str) -> Result<String, String> {
    if server.contains(BETWEEN) {
        let server = printable(server, 80);
        return Err(format!(
            "the server's name `{server}` holds `__`, which separates it from tools"
        ));
    }
    super::fields::bare(tool).map(|tool| format!("{server}/{tool}"))
}

/// The one way to read `SERVER__TOOL`.
fn only_split(rest: &str) -> Result<String, String> {
    let separates = |at: &usize| {
        let tool = at + BETWEEN.len();
        *at > 0 && tool < rest.len() && rest.get(*at..tool) == Some(BETWEEN)
    };
    let places: Vec<usize> = (0..rest.len()).filter(separates).collect();
    match places.as_slice() {
        [at] => joined(rest.get(..*at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default()),
        [] => Err(format!("`{PREFIX}{}` names no server and tool", printable(rest, 80))),
        _ => Err(format!(
            "`{PREFIX}{}` can be read in more than one way: which part is the server?",
            printable(rest, 80)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::tool;

    #[test]
    fn a_name_is_split_where_it_can_be_read_in_one_way() {
        for (name, server, expected) in [
            ("Bash", None, Ok("Bash")),
            ("mcp__github__create_issue", None, Ok("github/create_issue")),
            ("mcp__plugin_desk_mail__send", None, Ok("plugin_desk_mail/send")),
            ("mcp__plugin_desk_mail__send", Some("plugin:desk:mail"), Ok("plugin_desk_mail/send")),
            ("mcp__git__x__delete", Some("git"), Ok("git/x__delete")),
            ("send", Some("mail"), Ok("mail/send")),
            ("mcp__git__x__delete", None, Err("more than one way")),
            ("mcp__git___delete", None, Err("more than one way")),
            ("mcp__git__x__delete", Some("git__x"), Err("holds `__`")),
            ("mcp__git__delete", Some("mail"), Err("does not begin with its server")),
            ("mcp__git", None, Err("no server and tool")),
            ("mcp__", None, Err("no server and tool")),
            ("mcp____delete", None, Err("no server and tool")),
            ("mcp__git__a/b", None, Err("holds a `/`")),
            ("git/delete", None, Err("holds a `/`")),
        ] {
            match (tool(name, server), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{name}"),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{name}: {found}"),
                (found, expected) => panic!("{name} {server:?}: {found:?}, not {expected:?}"),
            }
        }
    }
}
