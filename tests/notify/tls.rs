//! Encrypted connections: a webhook by https, mails over TLS and after STARTTLS, and that a
//! certificate nobody vouches for is not believed.
//!
//! The trusted certificates come from the environment, so the cases run in children of this test.

use super::sample::{notice, request};
use fence::notify::email::{Email, EmailOptions, MailTls};
use fence::notify::http::guard::SystemLookup;
use fence::notify::webhook::Webhook;
use fence::notify::{Channel, DeliveryError, Receipt, Secret, What};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

type Told = Result<Option<Receipt>, DeliveryError>;

/// Runs a case as a child that trusts the test's certificate, or only what the machine trusts.
fn child(case: &str, trusting: bool) {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.path().join("cert.der"), made.cert.der()).unwrap();
    std::fs::write(folder.path().join("key.der"), made.signing_key.serialize_der()).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let trusted = if trusting { made.cert.pem() } else { other.cert.pem() };
    std::fs::write(folder.path().join("trusted.pem"), trusted).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("notify::tls::{case}")])
        .env("SSL_CERT_FILE", folder.path().join("trusted.pem"))
        .env_remove("SSL_CERT_DIR")
        .env("NOTIFY_TLS", folder.path())
        .env("NOTIFY_TRUSTING", if trusting { "yes" } else { "no" })
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "{case}, trusting {trusting}: {told}");
}

#[test]
fn a_webhook_goes_by_https_to_whom_the_machine_trusts() {
    child("deliver_by_https", true);
    child("deliver_by_https", false);
}

#[test]
fn a_mail_goes_over_tls_to_whom_the_machine_trusts() {
    for case in ["mail_over_tls", "mail_after_starttls"] {
        child(case, true);
        child(case, false);
    }
}

#[tokio::test]
#[ignore = "a child of the tests above"]
async fn deliver_by_https() {
    let server = Server::start(Greeting::Whole, http);
    let url = Secret::new(format!("https://localhost:{}/hook", server.port));
    let secret = Secret::new("whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3".to_owned());
    let timeout = Duration::from_secs(5);
    let made = Webhook::new(&url, &secret, None, true, timeout, Arc::new(SystemLookup));
    outcome(&made.unwrap(), server, "request.opened").await;
}

#[tokio::test]
#[ignore = "a child of the tests above"]
async fn mail_over_tls() {
    let server = Server::start(Greeting::Whole, smtp_whole);
    outcome(&email(server.port, MailTls::Whole), server, "Approval wanted").await;
}

#[tokio::test]
#[ignore = "a child of the tests above"]
async fn mail_after_starttls() {
    let server = Server::start(Greeting::Starttls, smtp);
    outcome(&email(server.port, MailTls::Starttls), server, "Approval wanted").await;
}

fn email(port: u16, tls: MailTls) -> Email {
    Email::new(EmailOptions {
        host: "localhost".to_owned(),
        port: Some(port),
        tls,
        credentials: Some(("fence".to_owned(), Secret::new("hunter2-hunter2".to_owned()))),
        from: "fence@example.com".to_owned(),
        to: vec![],
        timeout: Duration::from_secs(5),
    })
    .unwrap()
}

/// With trust the server gets all of it, without it nothing.
async fn outcome(channel: &dyn Channel, server: Server, expected: &str) {
    let told: Told = channel.deliver(&notice(What::Opened, request("{}")), &[]).await;
    let got = server.got.join().unwrap();
    match std::env::var("NOTIFY_TRUSTING").as_deref() {
        Ok("yes") => assert!(told.is_ok() && got.contains(expected), "{told:?}: {got}"),
        _ => {
            assert!(matches!(told, Err(DeliveryError::Later { .. })), "{told:?}");
            assert_eq!(got, "", "something was said to a stranger");
        }
    }
}

type Tls = BufReader<StreamOwned<ServerConnection, TcpStream>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Greeting {
    Whole,
    Starttls,
}

/// Takes one connection and keeps what came in over TLS.
struct Server {
    port: u16,
    got: std::thread::JoinHandle<String>,
}

impl Server {
    fn start(greeting: Greeting, talk: fn(&mut Tls, &mut String) -> std::io::Result<()>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = std::env::var("NOTIFY_TLS").unwrap();
        let read = |name| std::fs::read(Path::new(&folder).join(name)).unwrap();
        let certificate = CertificateDer::from(read("cert.der"));
        let key = PrivatePkcs8KeyDer::from(read("key.der")).into();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = Arc::new(config.with_single_cert(vec![certificate], key).unwrap());
        let listener = TcpListener::bind("localhost:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let got = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            if greeting == Greeting::Starttls {
                starttls(&mut stream).unwrap();
            }
            let connection = ServerConnection::new(config).unwrap();
            let mut tls = BufReader::new(StreamOwned::new(connection, stream));
            let mut got = String::new();
            // A client that trusts nobody breaks off, which is no fault of the server.
            let _ = talk(&mut tls, &mut got);
            got
        });
        Self { port, got }
    }
}

fn starttls(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"220 mail.test\r\n")?;
    let mut lines = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        lines.read_line(&mut line)?;
        if line.starts_with("STARTTLS") {
            return stream.write_all(b"220 go on\r\n");
        }
        assert!(line.starts_with("EHLO"), "{line} came before TLS");
        stream.write_all(b"250-mail.test\r\n250 STARTTLS\r\n")?;
    }
}

fn http(tls: &mut Tls, got: &mut String) -> std::io::Result<()> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        tls.read_line(&mut line)?;
        if let Some(found) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = found.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    tls.read_exact(&mut body)?;
    got.push_str(std::str::from_utf8(&body).unwrap());
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    tls.get_mut().write_all(answer)
}

/// A server greets first where TLS is there from the first byte.
fn smtp_whole(tls: &mut Tls, got: &mut String) -> std::io::Result<()> {
    tls.get_mut().write_all(b"220 mail.test\r\n")?;
    smtp(tls, got)
}

fn smtp(tls: &mut Tls, got: &mut String) -> std::io::Result<()> {
    let mut mail = false;
    while read_command(tls, got, &mut mail)? {}
    Ok(())
}

fn read_command(tls: &mut Tls, got: &mut String, mail: &mut bool) -> std::io::Result<bool> {
    let mut line = String::new();
    if tls.read_line(&mut line)? == 0 {
        return Ok(false);
    }
    got.push_str(&line);
    let answer: &[u8] = match line.get(..4).unwrap_or_default() {
        _ if *mail && line.trim_end() != "." => return Ok(true),
        "EHLO" => b"250-mail.test\r\n250 AUTH PLAIN\r\n",
        "AUTH" => b"235 welcome\r\n",
        "DATA" => b"354 go on\r\n",
        "QUIT" => b"221 bye\r\n",
        _ => b"250 ok\r\n",
    };
    *mail = line.starts_with("DATA");
    tls.get_mut().write_all(answer)?;
    Ok(!line.starts_with("QUIT"))
}
