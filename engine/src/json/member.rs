//! Documents that differ from another in one member.

use super::view::Value;
use super::{BuildError, Builder, Json, ToJson};

impl Json {
    /// The object with one more member at its end; the cost is that of the member.
    ///
    /// # Errors
    /// The document is not an object, has the key already, or becomes too large; `value` does not
    /// write exactly one proper value.
    pub fn with_member(
        self,
        key: &str,
        value: &(impl ToJson + ?Sized),
    ) -> Result<Json, BuildError> {
        let mut builder = Builder::reopen(self);
        builder.key(key);
        value.write_json(&mut builder);
        builder.end_object();
        builder.finish()
    }

    /// A copy in which the member that `path` leads to, key by key, is `new`; the whole document
    /// where the path is empty. `None` when there is no such member, or the copy would be too large
    /// or too deep.
    #[must_use]
    pub fn replaced(&self, path: &[&str], new: Value<'_>) -> Option<Json> {
        let mut builder = Builder::new();
        replace(self.root(), path, new, &mut builder)?;
        builder.finish().ok()
    }
}

/// Pushes `old` with the member at `path` replaced. As deep as the path, at most as the document.
fn replace(old: Value<'_>, path: &[&str], new: Value<'_>, out: &mut Builder) -> Option<()> {
    let Some((first, rest)) = path.split_first() else {
        out.value(new);
        return Some(());
    };
    let object = old.as_object()?;
    object.get(first)?;
    out.begin_object();
    for (key, value) in object {
        out.key(key);
        if key == *first {
            replace(value, rest, new, out)?;
        } else {
            out.value(value);
        }
    }
    out.end_object();
    Some(())
}
