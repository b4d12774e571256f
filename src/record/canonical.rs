//! Canonical JSON written straight to text: for shapes whose keys are known to be in order.
//!
//! A tenth of the cost of building a document and sorting it; tests read every record back and
//! compare it with its own canonical form.

use fence_engine::json::Value;
use fence_engine::number;

/// Writes one canonical document; keys are given in their order.
#[derive(Debug, Default)]
pub(crate) struct Canonical {
    out: String,
    /// Whether a comma comes before the next key or item.
    follows: bool,
}

impl Canonical {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes), follows: false }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// An object; `members` writes its keys in order.
    pub(crate) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.enclosed('{', '}', members);
    }

    /// A list; `item` writes each of its items.
    pub(crate) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut Self, T),
    ) {
        self.enclosed('[', ']', |own| {
            for each in items {
                own.comma();
                item(own, each);
                own.follows = true;
            }
        });
    }

    /// The key of the member that is written next; plain ASCII.
    pub(crate) fn key(&mut self, key: &'static str) -> &mut Self {
        self.comma();
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        self
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.value(Value::Text(text));
    }

    pub(crate) fn optional(&mut self, text: Option<&str>) {
        self.value(text.map_or(Value::Null, Value::Text));
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.value(Value::Bool(value));
    }

    pub(crate) fn number(&mut self, value: u64) {
        number::write_canonical(&value.to_string(), &mut self.out);
        self.follows = true;
    }

    pub(crate) fn value(&mut self, value: Value<'_>) {
        value.write_canonical(&mut self.out);
        self.follows = true;
    }

    fn enclosed(&mut self, open: char, close: char, inside: impl FnOnce(&mut Self)) {
        self.out.push(open);
        self.follows = false;
        inside(self);
        self.out.push(close);
        self.follows = true;
    }

    fn comma(&mut self) {
        if std::mem::take(&mut self.follows) {
            self.out.push(',');
        }
    }
}
