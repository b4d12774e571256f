//! What is written on a terminal.

use super::sample::{ESCAPES, inert, mailing, notice, refused, request};
use fence::approvals::RequestView;
use fence::notify::terminal::Terminal;
use fence::notify::{Channel as _, Notice, What};
use std::io::Write;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn shown(notice: &Notice, bell: bool) -> String {
    let screen = Screen::default();
    let terminal = Terminal::new(Box::new(screen.clone()), bell);
    assert_eq!(terminal.deliver(notice, &[]).await, Ok(None));
    let bytes = screen.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn one_line_says_what_waits_why_and_where() {
    let line = shown(&notice(What::Opened, request("{}")), false).await;
    assert_eq!(
        line,
        "fence: Approval wanted: email_send | agent content-1 | rule outbound | mail leaves the \
         house | answer by 2026-03-23T11:00:00Z | \
         https://fence.example.com/requests/r_0198c0de-0000-7000-8000-000000000001\n"
    );
    let ended = shown(&notice(What::Ended, refused("not today")), true).await;
    assert!(ended.starts_with("fence: Refused by bob@example.com: email_send"), "{ended:?}");
    assert!(ended.contains("| not today |"), "{ended}");
}

#[tokio::test]
async fn without_a_public_address_the_command_is_named() {
    let notice = Notice { link: None, ..notice(What::Opened, request("{}")) };
    let line = shown(&notice, false).await;
    assert!(line.ends_with("| fence show r_0198c0de-0000-7000-8000-000000000001\n"), "{line}");
}

#[tokio::test]
async fn the_bell_rings_only_for_what_asks() {
    assert!(shown(&notice(What::Opened, request("{}")), true).await.starts_with("\u{7}fence: "));
    assert!(!shown(&notice(What::Opened, request("{}")), false).await.contains('\u{7}'));
    assert!(!shown(&notice(What::Ended, refused("no")), true).await.contains('\u{7}'));
}

#[tokio::test]
async fn apr_033_a_terminal_is_not_moved_by_escapes() {
    let mut request = mailing(ESCAPES);
    request.tool = format!("email_send{ESCAPES}\r\nfence: Approved by ana");
    request.agent = Some(ESCAPES.to_owned());
    request.because = Some(ESCAPES.to_owned());
    request.rules[0].rule = ESCAPES.to_owned();
    for notice in [
        notice(What::Opened, request.clone()),
        notice(What::Ended, RequestView { args: request.args.clone(), ..refused(ESCAPES) }),
    ] {
        let line = shown(&notice, false).await;
        inert(&line);
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert!(line.contains("\\u{1b}") && line.contains("\\u{202e}"), "{line}");
    }
}

#[tokio::test]
async fn a_screen_that_is_gone_is_tried_again() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let terminal = Terminal::new(Box::new(Gone), false);
    let notice = notice(What::Opened, request("{}"));
    assert!(matches!(
        terminal.deliver(&notice, &[]).await,
        Err(fence::notify::DeliveryError::Later { .. })
    ));
}
