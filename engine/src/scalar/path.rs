//! Absolute paths that name one place without the file system being asked.

use std::borrow::Cow;

use super::text;

/// An absolute path without `.`, doubled `/` or final `/`.
///
/// ```
/// use fence_engine::scalar::PathText;
///
/// let root = PathText::parse("/srv").unwrap();
/// let path = PathText::parse("/srv//files/./a.txt").unwrap();
/// assert_eq!(path.as_str(), "/srv/files/a.txt");
/// assert!(path.under(&root, false));
/// assert!(!PathText::parse("/srv2").unwrap().under(&root, false));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathText<'a>(Cow<'a, str>);

impl<'a> PathText<'a> {
    /// Reads a path; `None` for whatever a shell, a server or another operating system could
    /// understand differently: relative paths, `~`, `\`, `%`, `:`, `$`, control characters, any
    /// `..`, a part that ends in a dot or a space.
    #[must_use]
    pub fn parse(path: &'a str) -> Option<Self> {
        let strange = |char: char| char.is_control() || ['~', '\\', '%', ':', '$'].contains(&char);
        let parts = path.strip_prefix('/')?;
        if path.contains(strange) || !parts.split('/').all(is_part) {
            return None;
        }
        if path == "/" || parts.split('/').all(stays) {
            return Some(Self(Cow::Borrowed(path)));
        }
        let mut normal = String::with_capacity(path.len());
        for part in parts.split('/').filter(|part| stays(part)) {
            normal.push('/');
            normal.push_str(part);
        }
        if normal.is_empty() {
            normal.push('/');
        }
        Some(Self(Cow::Owned(normal)))
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The normal form, borrowed where the text had it.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        self.0
    }

    /// Whether this is `root` or inside it, part by part.
    #[must_use]
    pub fn under(&self, root: &PathText<'_>, ignore_case: bool) -> bool {
        let mut parts = self.parts();
        root.parts().all(|wanted| {
            parts.next().is_some_and(|part| {
                part == wanted || ignore_case && text::eq_ignoring_case(part, wanted)
            })
        })
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }
}

/// Windows drops a dot or space at the end of a name, so that two names would be one file.
fn is_part(part: &str) -> bool {
    part == "." || !part.ends_with(['.', ' '])
}

fn stays(part: &str) -> bool {
    !part.is_empty() && part != "."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_per_place() {
        for (written, normal) in [
            ("/", "/"),
            ("/srv/files", "/srv/files"),
            ("/srv/files/", "/srv/files"),
            ("//srv///files/.//./.env", "/srv/files/.env"),
            ("/.", "/"),
            ("/./", "/"),
            ("/a b/caf\u{e9}", "/a b/caf\u{e9}"),
        ] {
            let path = PathText::parse(written).unwrap();
            assert_eq!(path.as_str(), normal);
            assert_eq!(matches!(path.0, Cow::Borrowed(_)), written == normal);
        }
    }

    #[test]
    fn what_could_be_another_place_is_unknown() {
        for written in [
            "",
            "a",
            "./a",
            "~/.ssh/id_rsa",
            "/~root",
            "$HOME/x",
            "/$HOME",
            "${HOME}/x",
            "/srv/../etc",
            "/..",
            "/srv/..",
            "/srv/.. /etc",
            "/srv/.../x",
            "/srv/.env.",
            "/srv/.env ",
            "/srv /x",
            "/srv\\x",
            "C:\\x",
            "C:/x",
            "/srv/.env::$DATA",
            "file:///srv/x",
            "/srv/%2e%2e/x",
            "/srv\0",
            "/srv\n",
            "/srv/\u{85}x",
            "/srv/\u{7f}",
        ] {
            assert_eq!(PathText::parse(written), None, "{written:?}");
        }
    }

    #[test]
    fn under_goes_part_by_part() {
        for (path, root, exact, loose) in [
            ("/srv", "/srv", true, true),
            ("/srv/a/b", "/srv/", true, true),
            ("/srv2", "/srv", false, false),
            ("/srv", "/srv/a", false, false),
            ("/x/srv", "/srv", false, false),
            ("/anything", "/", true, true),
            ("/", "/", true, true),
            ("/SRV/a", "/srv", false, true),
            ("/cafe\u{301}/a", "/Caf\u{e9}", false, true),
        ] {
            let (path, root) = (PathText::parse(path).unwrap(), PathText::parse(root).unwrap());
            assert_eq!(path.under(&root, false), exact, "{path:?} {root:?}");
            assert_eq!(path.under(&root, true), loose, "{path:?} {root:?}");
        }
    }
}
