//! `[server]`: how `fence serve` listens, and its limits.

use crate::http::Settings;
use fence_engine::show::printable;
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;

/// The section as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    listen: Option<String>,
    public_url: Option<String>,
    #[serde(default)]
    allowed_hosts: Vec<String>,
    max_body: Option<u64>,
    max_head: Option<u64>,
    head_timeout: Option<String>,
    request_timeout: Option<String>,
    max_connections: Option<u64>,
    max_wait: Option<String>,
    max_waits: Option<u64>,
    drain: Option<String>,
    heartbeat: Option<String>,
    open_metrics: Option<bool>,
}

/// The settings, with what the environment and the flags say above what is written.
pub(super) fn make(
    written: &Written,
    listen: Option<&str>,
    public_url: Option<&str>,
) -> Result<Settings, String> {
    let defaults = Settings::default();
    let listen = listen.or(written.listen.as_deref());
    let public_url = public_url.or(written.public_url.as_deref());
    Ok(Settings {
        listen: listen.map_or(Ok(defaults.listen), address)?,
        public_url: public_url.map(url).transpose()?,
        allowed_hosts: written
            .allowed_hosts
            .iter()
            .map(|name| host(name))
            .collect::<Result<_, _>>()?,
        max_body: size("max_body", written.max_body, defaults.max_body, 1 << 10, 64 << 20)?,
        max_head: size("max_head", written.max_head, defaults.max_head, 1 << 10, 256 << 10)?,
        head_timeout: time("head_timeout", &written.head_timeout, defaults.head_timeout)?,
        request_timeout: time(
            "request_timeout",
            &written.request_timeout,
            defaults.request_timeout,
        )?,
        max_connections: size(
            "max_connections",
            written.max_connections,
            defaults.max_connections,
            1,
            1 << 20,
        )?,
        max_wait: time("max_wait", &written.max_wait, defaults.max_wait)?,
        max_waits: size("max_waits", written.max_waits, defaults.max_waits, 1, 1 << 16)?,
        drain: time("drain", &written.drain, defaults.drain)?,
        heartbeat: time("heartbeat", &written.heartbeat, defaults.heartbeat)?,
        open_metrics: written.open_metrics.unwrap_or(defaults.open_metrics),
    })
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let shown = printable(text, 80);
    text.parse().map_err(|_| {
        format!("`{shown}` is no address to listen on: write one such as `127.0.0.1:7480`")
    })
}

/// A URL without a path: links are made by appending to it.
fn url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = |rest: &str| !rest.is_empty() && is_host(rest);
    match rest {
        Some(rest) if plain(rest) => Ok(url.to_owned()),
        _ => Err(format!(
            "`{}` is no public URL: write one such as `https://fence.example.com`, without a path",
            printable(text, 80)
        )),
    }
}

fn host(text: &str) -> Result<String, String> {
    match !text.is_empty() && is_host(text) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "`{}` is no host: write a name such as `fence.internal`, with or without a port",
            printable(text, 80)
        )),
    }
}

fn is_host(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
}

fn size(
    name: &str,
    written: Option<u64>,
    default: usize,
    least: usize,
    most: usize,
) -> Result<usize, String> {
    let Some(written) = written else { return Ok(default) };
    let size = usize::try_from(written).ok().filter(|size| (least..=most).contains(size));
    size.ok_or_else(|| format!("`{name}` is {written}: it goes from {least} to {most}"))
}

fn time(name: &str, written: &Option<String>, default: Duration) -> Result<Duration, String> {
    let Some(written) = written else { return Ok(default) };
    super::strategies::time(written, Duration::from_secs(3600)).ok_or_else(|| {
        let written = printable(written, 40);
        format!("`{name}` is `{written}`: write `500ms`, `30s` or `5m`, at most `1h`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str) -> Result<Settings, String> {
        make(&toml::from_str(text).unwrap(), None, None)
    }

    #[test]
    fn what_is_not_written_is_as_documented() {
        assert_eq!(made("").unwrap(), Settings::default());
    }

    #[test]
    fn what_is_written_holds_and_flags_win() {
        let text = "listen = \"0.0.0.0:80\"\npublic_url = \"https://f.example/\"\n\
            max_body = 4096\nrequest_timeout = \"500ms\"\nopen_metrics = true\n";
        let settings = made(text).unwrap();
        assert_eq!(settings.listen.to_string(), "0.0.0.0:80");
        assert_eq!(settings.public_url.as_deref(), Some("https://f.example"));
        assert_eq!(settings.request_timeout, Duration::from_millis(500));
        let written = toml::from_str(text).unwrap();
        let settings = make(&written, Some("127.0.0.1:0"), None).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:0");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (text, why) in [
            ("listen = \"localhost\"", "no address"),
            ("public_url = \"https://f.example/path\"", "no public URL"),
            ("public_url = \"ftp://f.example\"", "no public URL"),
            ("allowed_hosts = [\"https://f.example\"]", "no host"),
            ("max_body = 0", "`max_body` is 0"),
            ("drain = \"2h\"", "`drain` is `2h`"),
            ("heartbeat = \"soon\"", "`heartbeat` is `soon`"),
        ] {
            let refused = made(text).unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }
}
