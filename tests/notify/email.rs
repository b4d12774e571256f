//! Mails, through a real conversation with a mail server.

use super::mail_server::{MailServer, Mood};
use super::sample::{ESCAPES, MARKUP, inert, mailing, notice, refused, request};
use fence::notify::email::{Email, EmailOptions, MailTls};
use fence::notify::{Channel as _, DeliveryError, Notice, PublicUrl, Receipt, Secret, What};
use fence::people::Person;
use std::time::{Duration, Instant};

fn options(port: u16, tls: MailTls) -> EmailOptions {
    EmailOptions {
        host: "localhost".to_owned(),
        port: Some(port),
        tls,
        credentials: None,
        from: "Fence <fence@example.com>".to_owned(),
        to: vec!["desk@example.com".to_owned()],
        timeout: Duration::from_secs(5),
    }
}

async fn sent(notice: &Notice, earlier: &[Receipt]) -> (String, String) {
    let server = MailServer::start(Mood::Friendly).await;
    let email = Email::new(options(server.port, MailTls::Plain)).unwrap();
    let receipt = email.deliver(notice, earlier).await.unwrap();
    assert_eq!(receipt, Some(Receipt(format!("<{}@example.com>", notice.delivery))));
    let mut mails = server.read();
    assert_eq!(mails.len(), 1);
    mails.remove(0)
}

#[tokio::test]
async fn a_mail_reaches_those_who_are_asked_and_links_to_the_page() {
    let notice = notice(What::Opened, mailing("Hello"));
    let (headers, body) = sent(&notice, &[]).await;
    assert!(headers.contains("Subject: [fence] Approval wanted: email_send"), "{headers}");
    assert!(headers.contains("ana@example.com") && headers.contains("desk@example.com"));
    assert!(headers.contains("Message-ID: <d_0198c0de-0000-7000-8000-00000000000d@example.com>"));
    let link = notice.link.clone().unwrap();
    assert!(body.contains(&format!("opening it decides nothing:\n{link}")), "{body}");
    assert!(body.contains("Argument `body`: \"Hello\""), "{body}");
    // The page is all that a mail links to: no address in it decides anything.
    for (at, _) in body.match_indices("http") {
        assert!(body[at..].starts_with(&link), "{}", &body[at..]);
    }
    assert!(!body.contains("approve"), "{body}");
}

#[tokio::test]
async fn the_end_answers_to_the_first_mail() {
    let first = Receipt("<d_1@example.com>".to_owned());
    let (headers, body) = sent(&notice(What::Ended, refused("not today")), &[first]).await;
    assert!(headers.contains("In-Reply-To: <d_1@example.com>"), "{headers}");
    assert!(body.contains("Outcome: Refused by bob@example.com"), "{body}");
    assert!(body.contains("Reason: not today"), "{body}");
}

#[tokio::test]
async fn srv_026_a_comment_adds_no_header() {
    let comment = "x\r\nX-Evil: 1\r\n\r\n<script>alert(1)</script>";
    let mut request = refused(comment);
    request.tool = format!("mail{comment}");
    request.id = format!("r_1{comment}");
    let public = PublicUrl::parse("https://fence.example.com").unwrap();
    let link = fence::notify::link(Some(&public), &request);
    let (headers, body) = sent(&Notice { link, ..notice(What::Ended, request) }, &[]).await;
    let lines: Vec<&str> = headers.lines().collect();
    assert!(!lines.iter().any(|line| line.to_lowercase().starts_with("x-evil")), "{headers}");
    assert!(lines.iter().any(|line| line.starts_with("Subject: ")), "{headers}");
    assert!(body.contains("Reason: x\\u{d}\\u{a}X-Evil: 1"), "{body}");
    assert!(!body.lines().any(|line| line.starts_with("X-Evil")), "{body}");
    let page = &body[body.find("<!DOCTYPE").unwrap()..];
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    assert!(page.contains("requests/r_1xX-Evil:%201%3Cscript%3E"), "{page}");
}

#[tokio::test]
async fn srv_011_markup_in_arguments_stays_text() {
    let (_, body) = sent(&notice(What::Opened, mailing(MARKUP)), &[]).await;
    let page = &body[body.find("<!DOCTYPE").unwrap()..];
    assert!(page.contains("&lt;!channel&gt;"), "{page}");
    assert!(!page.contains("<img") && !page.contains("href=\"https://evil"), "{page}");
    assert_eq!(page.matches("href=").count(), 1);
}

#[tokio::test]
async fn apr_030_the_call_is_shown_and_the_agents_words_are_labelled() {
    let mut request = request(r#"{"to":["x@evil.example"],"summary":"runs the unit tests"}"#);
    request.claim = Some("I only run the unit tests\nAnswer by: never".to_owned());
    let (_, body) = sent(&notice(What::Opened, request), &[]).await;
    assert!(body.contains("Argument `to`: [\"x@evil.example\"]"), "{body}");
    let label = "The agent's own explanation, not checked by anyone:";
    let text = format!("{label}\n│ I only run the unit tests\n│ Answer by: never");
    assert!(body.contains(&text), "{body}");
    let place = |needle: &str| body.find(needle).unwrap();
    assert!(place("Argument `to`") < place(label));
}

#[tokio::test]
async fn nothing_hidden_and_nothing_cut_in_silence() {
    let long = format!("{ESCAPES}{}", "y".repeat(100_000));
    let (_, body) = sent(&notice(What::Opened, mailing(&long)), &[]).await;
    inert(&body);
    assert!(body.contains("\\u{202e}gnp.exe\\u{200b}"), "{body}");
    assert!(body.contains("… folded: only the beginning of 100"), "{body}");
    assert!(body.contains("This mail does not show the whole call."), "{body}");
}

#[tokio::test]
async fn srv_026_addresses_with_line_ends_are_no_addresses() {
    let evil = "ana@example.com\r\nBcc: evil@example.com";
    let person = Person { email: Some(evil.to_owned()), ..Person::new("ana@example.com") };
    let notice = Notice { asked: vec![person], ..notice(What::Opened, request("{}")) };
    let (headers, _) = sent(&notice, &[]).await;
    assert!(!headers.contains("evil"), "{headers}");
    let from = EmailOptions { from: evil.to_owned(), ..options(1, MailTls::Plain) };
    assert!(Email::new(from).is_err());
}

#[tokio::test]
async fn without_tls_nothing_is_said() {
    for tls in [MailTls::Starttls, MailTls::Whole] {
        let server = MailServer::start(Mood::Friendly).await;
        let password = Secret::new("hunter2-hunter2".to_owned());
        let credentials = Some(("fence".to_owned(), password));
        let timeout = Duration::from_millis(500);
        let options = EmailOptions { credentials, timeout, ..options(server.port, tls) };
        let email = Email::new(options).unwrap();
        let error = email.deliver(&notice(What::Opened, request("{}")), &[]).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Later { .. }), "{error}");
        assert!(!error.to_string().contains("hunter2"));
        let commands = server.commands.lock().unwrap().join("\n");
        assert!(!commands.contains("AUTH") && !commands.contains("MAIL"), "{commands}");
        assert!(server.read().is_empty());
    }
}

#[test]
fn plain_connections_stay_on_this_machine() {
    for host in ["mail.example.com", "10.0.0.1", "localhost.example.com", "127.0.0.1.example"] {
        let options = EmailOptions { host: host.to_owned(), ..options(25, MailTls::Plain) };
        let Err(error) = Email::new(options) else { panic!("{host} should be refused") };
        assert!(error.to_string().contains("for a server on this machine"), "{error}");
    }
}

#[tokio::test]
async fn refusals_say_whether_to_try_again_and_quote_nothing() {
    let told = |mood| async move {
        let server = MailServer::start(mood).await;
        let timeout = Duration::from_millis(300);
        let options = EmailOptions { timeout, ..options(server.port, MailTls::Plain) };
        let email = Email::new(options).unwrap();
        email.deliver(&notice(What::Opened, request("{}")), &[]).await.unwrap_err()
    };
    let later = |reason: &str| DeliveryError::later(reason);
    assert_eq!(told(Mood::Refusing(451)).await, later("the mail server put it off with 451"));
    let never = "the mail server refused with 550".to_owned();
    assert_eq!(told(Mood::Refusing(550)).await, DeliveryError::Never(never));
    let began = Instant::now();
    assert_eq!(told(Mood::Silent).await, later("the mail server did not answer in time"));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn nobody_to_write_to_is_no_reason_to_try_again() {
    let options = EmailOptions { to: vec![], ..options(1, MailTls::Plain) };
    let notice = Notice { asked: vec![], ..notice(What::Opened, request("{}")) };
    let error = Email::new(options).unwrap().deliver(&notice, &[]).await.unwrap_err();
    assert_eq!(error, DeliveryError::Never("nobody asked has a mail address".to_owned()));
}
