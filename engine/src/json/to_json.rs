//! Documents from Rust values.

use super::view::Value;
use super::{Builder, Json};
use crate::number::Number;

/// A Rust value that has one exact JSON value. Floating-point numbers have none here: write them
/// as a [`Number`] or a text.
pub trait ToJson {
    /// Pushes exactly one value.
    fn write_json(&self, out: &mut Builder);
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn write_json(&self, out: &mut Builder) {
        (**self).write_json(out);
    }
}

impl ToJson for str {
    fn write_json(&self, out: &mut Builder) {
        out.text(self);
    }
}

impl ToJson for String {
    fn write_json(&self, out: &mut Builder) {
        out.text(self);
    }
}

impl ToJson for bool {
    fn write_json(&self, out: &mut Builder) {
        out.bool(*self);
    }
}

impl ToJson for Number {
    fn write_json(&self, out: &mut Builder) {
        out.number(*self);
    }
}

macro_rules! integers_to_json {
    ($($integer:ty)*) => {$(
        impl ToJson for $integer {
            fn write_json(&self, out: &mut Builder) {
                out.number_token(self);
            }
        }
    )*};
}

integers_to_json!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl<T: ToJson> ToJson for [T] {
    fn write_json(&self, out: &mut Builder) {
        out.begin_list();
        self.iter().for_each(|item| item.write_json(out));
        out.end_list();
    }
}

impl<T: ToJson, const N: usize> ToJson for [T; N] {
    fn write_json(&self, out: &mut Builder) {
        self.as_slice().write_json(out);
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write_json(&self, out: &mut Builder) {
        self.as_slice().write_json(out);
    }
}

/// `None` is `null`.
impl<T: ToJson> ToJson for Option<T> {
    fn write_json(&self, out: &mut Builder) {
        match self {
            Some(value) => value.write_json(out),
            None => out.null(),
        }
    }
}

impl ToJson for Json {
    fn write_json(&self, out: &mut Builder) {
        out.value(self.root());
    }
}

impl ToJson for Value<'_> {
    fn write_json(&self, out: &mut Builder) {
        out.value(*self);
    }
}
