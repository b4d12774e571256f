//! Logs of the server: text or JSON lines on standard error, set by `FENCE_LOG`.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry, fmt};

/// What `FENCE_LOG` says: `text`, `json` or `off`, then perhaps a comma and what to log, such as
/// `json,debug` or `text,fence=debug`.
#[derive(Debug)]
struct Wanted {
    form: Form,
    targets: Targets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Off,
}

impl Wanted {
    fn parse(text: &str) -> Result<Self, String> {
        let (form, rest) = text.split_once(',').unwrap_or((text, ""));
        let form = match form.trim() {
            "" | "text" => Form::Text,
            "json" => Form::Json,
            "off" => Form::Off,
            _ => return Err(wrong(text)),
        };
        let targets = match rest {
            "" => Targets::new()
                .with_default(LevelFilter::WARN)
                .with_target("fence", LevelFilter::INFO),
            rest => rest.parse().map_err(|_| wrong(text))?,
        };
        Ok(Self { form, targets })
    }
}

fn wrong(text: &str) -> String {
    let text = fence_engine::show::printable(text, 80);
    format!("FENCE_LOG is `{text}`: write `text`, `json` or `off`, then perhaps `,debug`")
}

/// What must be told before the process ends, so that nothing logged is lost.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Telemetry {
    #[cfg(feature = "otel")]
    _exporter: Option<crate::otel::Exporter>,
}

/// Starts logging as `FENCE_LOG` says, and exporting where `OTEL_EXPORTER_OTLP_ENDPOINT` says.
///
/// # Errors
/// What is wrong with the variables.
pub(crate) fn start() -> Result<Telemetry, String> {
    let Wanted { form, targets } = Wanted::parse(&std::env::var("FENCE_LOG").unwrap_or_default())?;
    let layer = match form {
        Form::Off => None,
        Form::Text => Some(fmt::layer().with_writer(std::io::stderr).with_ansi(false).boxed()),
        Form::Json => Some(fmt::layer().json().with_writer(std::io::stderr).boxed()),
    };
    let logs: Option<Box<dyn Layer<Registry> + Send + Sync>> = layer
        .map(|layer: Box<dyn Layer<Registry> + Send + Sync>| layer.with_filter(targets).boxed());
    let subscriber = tracing_subscriber::registry().with(logs);
    #[cfg(feature = "otel")]
    {
        let exporter = crate::otel::Exporter::from_environment()?;
        let ours = Targets::new().with_target("fence", LevelFilter::INFO);
        let traces = exporter.as_ref().map(|exporter| exporter.layer().with_filter(ours));
        // A process that set up logging of its own keeps it.
        let _ = subscriber.with(traces).try_init();
        Ok(Telemetry { _exporter: exporter })
    }
    #[cfg(not(feature = "otel"))]
    {
        let _ = subscriber.try_init();
        Ok(Telemetry {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_as_the_variable_says() {
        assert_eq!(Wanted::parse("").unwrap().form, Form::Text);
        assert_eq!(Wanted::parse("json").unwrap().form, Form::Json);
        assert_eq!(Wanted::parse("off").unwrap().form, Form::Off);
        let wanted = Wanted::parse("json,fence=debug,hyper=info").unwrap();
        assert!(wanted.targets.would_enable("fence::http", &tracing::Level::DEBUG));
        assert!(!wanted.targets.would_enable("hyper::proto", &tracing::Level::DEBUG));
        assert!(Wanted::parse("yaml").is_err());
        assert!(Wanted::parse("json,fence=loud").is_err());
    }
}
