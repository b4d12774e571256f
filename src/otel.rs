//! Spans exported by OTLP over HTTP, where `OTEL_EXPORTER_OTLP_ENDPOINT` says so.

use crate::http::trace::TraceParent;
use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::registry::LookupSpan;

/// Sends spans in batches, from a thread of its own; what is left goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Exporter(SdkTracerProvider);

impl Exporter {
    /// As the environment says; nothing where it names no endpoint. Not within a runtime.
    ///
    /// # Errors
    /// What is wrong with what it says.
    pub(crate) fn from_environment() -> Result<Option<Self>, String> {
        if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_none_or(|value| value.is_empty()) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().build();
        let exporter = exporter.map_err(|error| format!("OTEL_EXPORTER_OTLP_ENDPOINT: {error}"))?;
        let resource = Resource::builder().with_service_name("fence").build();
        let provider = SdkTracerProvider::builder();
        Ok(Some(Self(provider.with_batch_exporter(exporter).with_resource(resource).build())))
    }

    /// What turns spans of ours into spans to be sent.
    pub(crate) fn layer<S>(&self) -> OpenTelemetryLayer<S, SdkTracer>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("fence"))
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.0.shutdown();
    }
}

/// Makes the span a part of the caller's trace.
pub(crate) fn join(span: &Span, parent: Option<&TraceParent<'_>>) {
    let Some(parent) = parent else { return };
    let (Ok(trace), Ok(caller)) = (TraceId::from_hex(parent.trace), SpanId::from_hex(parent.span))
    else {
        return;
    };
    let flags = if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let context = SpanContext::new(trace, caller, flags, true, TraceState::default());
    let _ = span.set_parent(Context::new().with_remote_span_context(context));
}
