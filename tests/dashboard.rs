//! The dashboard's pages, read back by an HTML parser.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "dashboard/samples.rs"]
mod samples;

use fence::http::dashboard::answer::{Answering, Step};
use fence::http::dashboard::queue::QueueView;
use fence::http::dashboard::request::RequestPage;
use fence::http::dashboard::*;

#[test]
#[ignore = "writes pages to be looked at"]
fn pages_to_look_at() {
    let folder = std::path::PathBuf::from(std::env::var("PAGES").unwrap());
    let frame = samples::frame();
    let put = |name: &str, text: maud::Markup| std::fs::write(folder.join(name), text.into_string()).unwrap();
    let view = QueueView { items: (0..7).map(samples::summary).collect(), total_open: 7, matching: 7, ..QueueView::default() };
    put("queue.html", queue::queue(&frame, &view));
    put("empty.html", queue::queue(&frame, &QueueView::default()));
    for (name, step) in [("choose", Step::Choose), ("refuse", Step::Refuse), ("approve", Step::Approve), ("edit", Step::Edit)] {
        let page = RequestPage { view: samples::request(), answering: Answering { step, ..Answering::default() }, delegated_by: vec!["chi@example.com".into()], ..RequestPage::default() };
        put(&format!("{name}.html"), request::request(&frame, &page));
    }
    put("policies.html", policy::policies(&frame, &samples::policies()));
    put("policy.html", policy::policy(&frame, &samples::policies(), &samples::policies().policies[0]));
    put("insight.html", insight::insight(&frame, &samples::insight()));
    put("sign-in.html", sign_in::sign_in(&layout::Frame { viewer: None, ..frame.clone() }, Some("this token is not known")));
    put("halts.html", standing::halts(&frame, &[], &standing::Kept::default()));
    put("delegations.html", standing::delegations(&frame, &[], &["bo@example.com".into()], &standing::Kept::default()));
    put("grants.html", standing::grants(&frame, &[], &standing::Kept::default()));
    let nasty = view::RequestView { args: samples::json(&samples::nasty()), ..samples::request() };
    put("nasty.html", request::request(&frame, &RequestPage { view: nasty, ..RequestPage::default() }));
}
