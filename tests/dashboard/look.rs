//! The colours: every pair that text or a control uses has the contrast of WCAG 2.2 AA, light and
//! dark.

use std::collections::HashMap;

const STYLE: &str = fence::http::dashboard::assets::STYLE.text;

/// Both values of each colour.
fn colours() -> HashMap<&'static str, [&'static str; 2]> {
    let pairs = STYLE.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(": light-dark(")?;
        let (light, dark) = value.strip_suffix(");")?.split_once(", ")?;
        Some((name, [light, dark]))
    });
    pairs.collect()
}

/// Relative luminance, WCAG 2.2.
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn contrast_is_computed_as_the_standard_says() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.001);
    assert!((contrast("#777777", "#ffffff") - 4.478).abs() < 0.001);
}

#[test]
fn every_text_stands_out_from_its_ground() {
    const TEXT: [(&str, &[&str]); 12] = [
        (
            "ink",
            &[
                "ground",
                "surface",
                "sunken",
                "accent-ground",
                "allow-ground",
                "ask-ground",
                "deny-ground",
            ],
        ),
        ("soft", &["ground", "surface", "sunken"]),
        (
            "accent",
            &[
                "ground",
                "surface",
                "sunken",
                "accent-ground",
                "allow-ground",
                "ask-ground",
                "deny-ground",
            ],
        ),
        ("on-accent", &["accent"]),
        ("on-deny", &["deny"]),
        ("allow", &["surface", "ground", "sunken", "allow-ground"]),
        ("ask", &["surface", "ground", "sunken", "ask-ground"]),
        ("deny", &["surface", "ground", "sunken", "deny-ground"]),
        ("mark", &["mark-ground", "surface", "sunken", "allow-ground", "deny-ground"]),
        ("deny", &["ask-ground"]),
        ("ask", &["deny-ground", "allow-ground"]),
        ("soft", &["accent-ground"]),
    ];
    check(&TEXT, 4.5);
}

#[test]
fn edges_of_controls_and_marks_can_be_seen() {
    const EDGES: [(&str, &[&str]); 5] = [
        ("edge", &["surface", "ground", "sunken"]),
        ("accent", &["surface", "ground", "line"]),
        ("deny", &["surface", "ground", "deny-ground"]),
        ("allow", &["surface", "allow-ground"]),
        ("ask", &["surface", "ask-ground"]),
    ];
    check(&EDGES, 3.0);
}

fn check(pairs: &[(&str, &[&str])], least: f64) {
    let colours = colours();
    let mut low = Vec::new();
    for (text, grounds) in pairs {
        for ground in *grounds {
            for (theme, name) in ["light", "dark"].iter().enumerate() {
                let found = contrast(colours[text][theme], colours[ground][theme]);
                if found < least {
                    low.push(format!("{text} on {ground}, {name}: {found:.2}"));
                }
            }
        }
    }
    assert!(low.is_empty(), "{low:#?}");
}

#[test]
fn every_colour_used_is_one_of_the_list() {
    let colours = colours();
    for used in STYLE.split("var(--").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        let known = colours.contains_key(used) || ["radius", "sans", "mono"].contains(&used);
        assert!(known, "--{used}");
    }
    let beyond = STYLE.lines().filter(|line| line.contains('#') && !line.contains("light-dark("));
    let colour = |line: &&str| {
        line.split('#')
            .skip(1)
            .any(|rest| rest.len() > 6 && rest.bytes().take(6).all(|b| b.is_ascii_hexdigit()))
    };
    assert_eq!(beyond.filter(colour).count(), 0, "a colour outside the list");
    assert!(colours.len() >= 15);
}
