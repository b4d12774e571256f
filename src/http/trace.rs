//! Spans of requests: named by their route, joined to the caller's trace where it names one.

use axum::http::{HeaderMap, Method};
use tracing::Span;

/// The span in which a request is answered.
pub(super) fn span(method: &Method, route: &str, headers: &HeaderMap) -> Span {
    let parent = headers.get("traceparent").and_then(|value| value.to_str().ok());
    let parent = parent.and_then(TraceParent::parse);
    let trace = parent.as_ref().map_or("", |parent| parent.trace);
    let span = tracing::info_span!("request", %method, route, trace);
    #[cfg(feature = "otel")]
    crate::otel::join(&span, parent.as_ref());
    span
}

/// A W3C `traceparent` of version 00: who asked, as their tracing knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceParent<'a> {
    /// 32 hexadecimal digits.
    pub(crate) trace: &'a str,
    /// 16 hexadecimal digits.
    pub(crate) span: &'a str,
    /// Whether the caller records the trace.
    pub(crate) sampled: bool,
}

impl<'a> TraceParent<'a> {
    /// Nothing where it is not exactly what the specification says.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let nothing = |text: &str| text.bytes().all(|byte| byte == b'0');
        let proper = version == "00" && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
        let flags = u8::from_str_radix(flags, 16).ok().filter(|_| proper)?;
        let whole = parts.next().is_none() && !nothing(trace) && !nothing(span);
        whole.then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proper_trace_is_joined() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let parent = TraceParent::parse(trace).unwrap();
        assert_eq!(parent.trace, "0af7651916cd43dd8448eb211c80319c");
        assert!(parent.sampled);
        for wrong in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            assert_eq!(TraceParent::parse(wrong), None, "{wrong}");
        }
    }
}
