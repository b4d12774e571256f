//! A host's file of settings: read strictly, changed in one place, written at once.

use crate::cli::Failure;
use crate::policies::read_regular;
use fence_engine::json::{Json, Value};
use std::path::Path;

/// A host's settings as they are.
pub(super) struct Old {
    pub(super) text: String,
    pub(super) json: Json,
}

/// Reads them; nothing where there is no file.
pub(super) fn read(file: &Path) -> Result<Option<Old>, Failure> {
    if !file.exists() {
        return Ok(None);
    }
    let name = file.display();
    let wrong = |reason: String| {
        Failure::usage(format!("{name} cannot be changed: {reason}"))
            .help("add the hook by hand, as `docs/hooks.md` shows, or make it strict JSON")
    };
    let bytes = read_regular(file).map_err(&wrong)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    let json = match text.trim().is_empty() {
        true => Json::empty_object(),
        false => text.parse().map_err(|error| wrong(format!("it is no strict JSON: {error}")))?,
    };
    match json.root() {
        Value::Object(_) => Ok(Some(Old { text, json })),
        _ => Err(wrong("it holds no object".to_owned())),
    }
}

/// A copy in which the member at `path` is `new`, its parents made where they are missing.
pub(super) fn set(json: &Json, path: &[&str], new: Value<'_>) -> Option<Json> {
    let (key, below) = path.split_first()?;
    let old = json.root().get(key);
    let child = match below {
        [] => Json::from(new),
        _ => set(&old.map_or_else(Json::empty_object, Json::from), below, new)?,
    };
    match old {
        Some(_) => json.replaced(&[key], child.root()),
        None => json.clone().with_member(key, &child).ok(),
    }
}

/// With two blanks a level, as the hosts write it.
pub(super) fn pretty(json: &Json) -> String {
    let mut out = String::new();
    lay_out(json.root(), 0, &mut out);
    out.push('\n');
    out
}

fn lay_out(value: Value<'_>, depth: usize, out: &mut String) {
    let mut members = |open, close, lines: Vec<String>| {
        let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
        out.push_str(open);
        out.push('\n');
        let lines: Vec<String> = lines.iter().map(|line| format!("{inner}{line}")).collect();
        out.push_str(&lines.join(",\n"));
        out.push_str(&format!("\n{outer}{close}"));
    };
    let below = |value| {
        let mut text = String::new();
        lay_out(value, depth + 1, &mut text);
        text
    };
    match value {
        Value::List(list) if !list.is_empty() => {
            members("[", "]", list.iter().map(below).collect());
        }
        Value::Object(object) if !object.is_empty() => {
            let member = |(key, value)| {
                let mut name = String::new();
                Value::Text(key).write_compact(&mut name);
                format!("{name}: {}", below(value))
            };
            members("{", "}", object.iter().map(member).collect());
        }
        other => other.write_compact(out),
    }
}

/// Keeps the old text beside the file, under the first name that is free.
fn keep(file: &Path, old: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    for number in 1..u32::MAX {
        let mut kept = file.to_path_buf().into_os_string();
        kept.push(".before-fence");
        if number > 1 {
            kept.push(format!("-{number}"));
        }
        match std::fs::File::create_new(kept) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(mut kept) => return kept.write_all(old.as_bytes()),
        }
    }
    Err(std::io::Error::other("no name for the old file is free"))
}

/// The new file in place of the old one, at once; the old one is kept.
pub(super) fn write(file: &Path, old: &str, new: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Settings may be a link to where somebody keeps them.
    let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    let folder = file.parent().unwrap_or(folder);
    if !old.is_empty() {
        keep(&file, old)?;
    }
    let mut written = tempfile::NamedTempFile::new_in(folder)?;
    written.write_all(new.as_bytes())?;
    if let Ok(about) = std::fs::metadata(&file) {
        std::fs::set_permissions(written.path(), about.permissions())?;
    }
    written.as_file().sync_all()?;
    written.persist(&file).map(drop).map_err(|error| error.error)
}
