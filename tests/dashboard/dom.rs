//! Reading pages back.

use scraper::{ElementRef, Html, Node, Selector};

/// A parsed page.
pub(crate) fn parse(page: &maud::Markup) -> Html {
    Html::parse_document(&page.0)
}

/// All elements that a selector finds.
pub(crate) fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

/// How many elements there are of each kind that does something or loads something, and every
/// attribute that could.
pub(crate) fn active(page: &Html) -> Vec<String> {
    const KINDS: &str = "script,img,iframe,object,embed,link,meta,base,form,input,textarea,button,select,option,svg,\
        video,audio,style,template,noscript,math,title,h1,main,nav,dialog,body,head,html";
    let mut found: Vec<String> =
        all(page, KINDS).iter().map(|element| element.value().name().to_owned()).collect();
    for element in all(page, "*") {
        for (name, value) in element.value().attrs() {
            let outside = matches!(name, "href" | "src" | "action" | "formaction" | "xlink:href")
                && !(value.starts_with('/') && !value.starts_with("//") || value.starts_with('#'));
            if name.starts_with("on") || name == "style" || outside {
                found.push(format!("{name}={value}"));
            }
        }
    }
    found.sort();
    found
}

/// The text below an element, its marks undone: what the text was before it was shown.
pub(crate) fn original(element: ElementRef<'_>) -> String {
    let mut out = String::new();
    for node in element.descendants() {
        let Node::Text(text) = node.value() else { continue };
        let parent = node.parent().and_then(ElementRef::wrap);
        let hidden = parent.is_some_and(|parent| {
            parent.value().has_class("hid", scraper::CaseSensitivity::CaseSensitive)
        });
        match hidden.then(|| text.strip_prefix("⟦U+")?.strip_suffix('⟧')).flatten() {
            Some(code) => out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap()),
            None => out.push_str(text),
        }
    }
    out
}

/// What a person sees: the text with its marks, and where boxes, items and underlines are.
pub(crate) fn visible(element: ElementRef<'_>) -> String {
    let mut out = String::new();
    see(element, &mut out);
    out
}

fn see(element: ElementRef<'_>, out: &mut String) {
    let kind = element.value();
    let mark = match (kind.name(), kind.attr("class")) {
        ("li" | "dt" | "dd" | "dl" | "ol", _) => Some(format!("<{}>", kind.name())),
        ("mark" | "span", Some("sp" | "nl" | "odd" | "lit" | "num" | "kind")) => {
            kind.attr("class").map(|class| format!("<{class}>"))
        }
        _ => None,
    };
    out.push_str(mark.as_deref().unwrap_or_default());
    for child in element.children() {
        if let Some(child) = ElementRef::wrap(child) {
            see(child, out);
        } else if let Node::Text(text) = child.value() {
            out.push_str(text);
        }
    }
    out.push_str(if mark.is_some() { "</>" } else { "" });
}
