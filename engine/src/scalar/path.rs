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
