//! A small mail server: speaks the protocol, keeps what it gets.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How it behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Friendly,
    /// Answers the first mail's recipient with this code.
    Refusing(u16),
    /// Takes connections and says nothing.
    Silent,
}

#[derive(Clone)]
pub(super) struct MailServer {
    pub(super) port: u16,
    pub(super) commands: Arc<Mutex<Vec<String>>>,
    pub(super) mails: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub(super) async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, commands: Arc::default(), mails: Arc::default() };
        let shared = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                tokio::spawn(async move { shared.talk(stream, mood).await });
            }
        });
        server
    }

    async fn talk(&self, stream: TcpStream, mood: Mood) -> Option<()> {
        let (reading, mut writing) = stream.into_split();
        let mut lines = BufReader::new(reading).lines();
        if mood == Mood::Silent {
            lines.next_line().await.ok()?;
            return None;
        }
        writing.write_all(b"220 mail.test\r\n").await.ok()?;
        loop {
            let line = lines.next_line().await.ok()??;
            self.commands.lock().unwrap().push(line.clone());
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match (word.as_str(), mood) {
                ("EHLO", _) => "250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME".to_owned(),
                ("RCPT", Mood::Refusing(code)) => format!("{code} <secret words of the server>"),
                ("AUTH", _) => "535 no".to_owned(),
                ("DATA", _) => {
                    writing.write_all(b"354 go on\r\n").await.ok()?;
                    let mut mail = String::new();
                    loop {
                        let line = lines.next_line().await.ok()??;
                        if line == "." {
                            break;
                        }
                        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                        mail.push('\n');
                    }
                    self.mails.lock().unwrap().push(mail);
                    "250 kept".to_owned()
                }
                ("QUIT", _) => "221 bye".to_owned(),
                _ => "250 ok".to_owned(),
            };
            writing.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        }
    }

    /// The mails: their headers, and their parts decoded.
    pub(super) fn read(&self) -> Vec<(String, String)> {
        let split = |mail: &String| {
            let (headers, body) = mail.split_once("\n\n").unwrap();
            (headers.to_owned(), decoded(body))
        };
        self.mails.lock().unwrap().iter().map(split).collect()
    }
}

/// Quoted-printable parts as text; base64 parts as text as well.
fn decoded(body: &str) -> String {
    let joined = body.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = (*first == b'=').then(|| after.get(..2)).flatten();
        let code = escape.and_then(|pair| std::str::from_utf8(pair).ok());
        match code.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
