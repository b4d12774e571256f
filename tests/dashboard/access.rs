//! Every page can be used by everyone: landmarks, names, ids; nothing inline, nothing from outside.

use crate::dom::{all, parse};
use crate::samples;
use fence::http::dashboard::answer::{Answering, Step};
use fence::http::dashboard::layout::Frame;
use fence::http::dashboard::queue::QueueView;
use fence::http::dashboard::request::RequestPage;
use fence::http::dashboard::standing::Kept;
use fence::http::dashboard::{assets, insight, policy, queue, request, sign_in, standing};
use maud::Markup;
use scraper::ElementRef;
use std::collections::HashSet;
use std::time::{Duration, Instant};

pub(crate) fn pages() -> Vec<(&'static str, Markup)> {
    let frame = samples::frame();
    let items: Vec<_> = (0..7).map(samples::summary).collect();
    let kept = Kept::default();
    let mut pages = vec![
        (
            "queue",
            queue::queue(&frame, &QueueView { items, total_open: 7, ..QueueView::default() }),
        ),
        ("empty", queue::queue(&frame, &QueueView::default())),
        ("policies", policy::policies(&frame, &samples::policies())),
        ("policy", policy::policy(&frame, &samples::policies(), &samples::policies().policies[0])),
        ("insight", insight::insight(&frame, &samples::insight())),
        (
            "sign-in",
            sign_in::sign_in(
                &Frame { viewer: None, ..frame.clone() },
                Some("this token is not known"),
            ),
        ),
        ("halts", standing::halts(&frame, &[samples::halt()], &kept)),
        (
            "delegations",
            standing::delegations(
                &frame,
                &[samples::delegation()],
                &["bo@example.com".into()],
                &kept,
            ),
        ),
        ("grants", standing::grants(&frame, &[samples::grant()], &kept)),
    ];
    for (name, step) in [
        ("choose", Step::Choose),
        ("refuse", Step::Refuse),
        ("approve", Step::Approve),
        ("edit", Step::Edit),
    ] {
        let answering = Answering { step, ..Answering::default() };
        let page = RequestPage {
            answering,
            delegated_by: vec!["chi@example.com".into()],
            ..RequestPage::new(samples::request())
        };
        pages.push((name, request::request(&frame, &page)));
    }
    pages
}

/// What a control is called.
fn name(element: ElementRef<'_>) -> String {
    let label = element.value().attr("aria-label").map(str::to_owned);
    let own: String = element.text().collect();
    let outer = element
        .ancestors()
        .filter_map(ElementRef::wrap)
        .find(|above| above.value().name() == "label");
    label
        .or_else(|| Some(own).filter(|own| !own.trim().is_empty()))
        .or_else(|| outer.map(|label| label.text().collect()))
        .unwrap_or_default()
}

#[test]
fn every_page_has_its_landmarks_and_every_control_a_name() {
    for (page_name, page) in pages() {
        let page = parse(&page);
        for (selector, count) in [
            ("h1", 1),
            ("main#main", 1),
            ("header", 1),
            ("a.skip[href='#main']", 1),
            ("html[lang]", 1),
            ("[aria-live]", 1),
        ] {
            assert_eq!(all(&page, selector).len(), count, "{page_name}: {selector}");
        }
        for control in all(
            &page,
            "a, button, input:not([type=hidden]), textarea:not([hidden]), select, summary",
        ) {
            assert!(!name(control).trim().is_empty(), "{page_name}: {}", control.html());
        }
        for picture in all(&page, "svg") {
            let shown = picture.value().attr("aria-hidden") == Some("true")
                || picture.value().attr("aria-label").is_some();
            assert!(shown, "{page_name}: {}", picture.html());
        }
        let ids: Vec<_> =
            all(&page, "[id]").iter().map(|e| e.value().id().unwrap().to_owned()).collect();
        assert_eq!(
            ids.iter().collect::<HashSet<_>>().len(),
            ids.len(),
            "{page_name}: an id stands twice"
        );
        for attribute in ["aria-labelledby", "aria-describedby"] {
            for element in all(&page, &format!("[{attribute}]")) {
                assert!(
                    ids.contains(&element.value().attr(attribute).unwrap().to_owned()),
                    "{page_name}: {}",
                    element.html()
                );
            }
        }
    }
}

#[test]
fn every_write_carries_the_sessions_proof_and_every_answer_what_was_seen() {
    let mut answers = 0;
    for (page_name, page) in pages() {
        let page = parse(&page);
        for form in all(&page, "form[method=post]:not([action='/login'])") {
            let has = |field: &str| form.html().contains(&format!("name=\"{field}\""));
            assert!(has("csrf"), "{page_name}: {}", form.html());
            if form.value().attr("action").unwrap().starts_with("/requests/") {
                assert!(has("version") && has("digest"), "{page_name}: {}", form.html());
                answers += 1;
            }
        }
        let forms =
            all(&page, "form").into_iter().filter(|form| form.value().attr("method").is_none());
        assert_eq!(forms.count(), 0, "{page_name}: a form without a method");
    }
    assert!(answers >= 3);
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    for (page_name, page) in pages() {
        let page = parse(&page);
        for element in all(&page, "*") {
            for (attribute, value) in element.value().attrs() {
                assert!(
                    !attribute.starts_with("on") && attribute != "style",
                    "{page_name}: {attribute}"
                );
                assert!(
                    !value.starts_with("http") && !value.starts_with("//"),
                    "{page_name}: {value}"
                );
            }
        }
        assert_eq!(all(&page, "style, script:not([src])").len(), 0, "{page_name}");
    }
    for asset in assets::ALL {
        for outside in [
            "http://",
            "https://",
            "@import",
            "url(",
            "eval(",
            "innerHTML =",
            "insertAdjacentHTML",
            "document.write",
        ] {
            let text = asset.text.replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains(outside), "{}: {outside}", asset.path);
        }
    }
}

#[test]
fn the_last_step_before_approving_is_never_the_first_thing_in_focus() {
    let focused = |wanted: &str| {
        let (_, page) = pages().into_iter().find(|(name, _)| *name == wanted).unwrap();
        let page = parse(&page);
        all(&page, "[autofocus]")
            .iter()
            .map(|e| e.value().attr("class").unwrap_or(e.value().name()).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(focused("choose"), ["refuse"]);
    assert_eq!(focused("refuse"), ["textarea"]);
}

#[test]
fn a_page_of_the_queue_is_made_at_once() {
    let items: Vec<_> = (0..100).map(samples::summary).collect();
    let view = QueueView { items, total_open: 10_000, next: Some(100), ..QueueView::default() };
    let frame = samples::frame();
    let begun = Instant::now();
    let page = queue::queue(&frame, &view);
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
    assert!(page.0.contains("10,000 requests wait"));
}

#[test]
#[ignore = "writes the pages to the folder `PAGES` to be looked at"]
fn pages_to_look_at() {
    let folder = std::path::PathBuf::from(std::env::var("PAGES").unwrap());
    for (name, page) in pages() {
        std::fs::write(folder.join(format!("{name}.html")), page.into_string()).unwrap();
    }
}
