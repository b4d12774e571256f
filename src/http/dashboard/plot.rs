//! Small charts as SVG elements: no style attribute, no script, a name for those who cannot see.

use maud::{Markup, html};

/// The height of a row of bars.
const HEIGHT: u64 = 40;
/// The width of a horizontal chart.
const WIDTH: u64 = 300;

/// One bar a value, on a scale up to `most`.
pub(super) fn bars(values: &[u64], most: u64, name: &str) -> Markup {
    let width = values.len().max(1) * 10;
    html! {
        svg .bars
            viewBox={ "0 0 " (width) " " (HEIGHT) }
            preserveAspectRatio="none"
            role="img"
            aria-label=(name)
        {
            line.base x1="0" x2=(width) y1=(HEIGHT) y2=(HEIGHT) {}
            @for (at, value) in values.iter().enumerate() {
                @let tall = scaled(*value, most, HEIGHT - 2);
                @if tall > 0 {
                    rect.bar x=(at * 10 + 1) y=(HEIGHT - tall) width="8" height=(tall) {}
                }
            }
        }
    }
}

/// `part` of `whole` as a filled strip.
pub(super) fn share(part: u64, whole: u64, name: &str) -> Markup {
    html! {
        svg .strip
            viewBox={ "0 0 " (WIDTH) " 10" }
            preserveAspectRatio="none"
            role="img"
            aria-label=(name)
        {
            rect.ground x="0" y="0" width=(WIDTH) height="10" {}
            rect.bar x="0" y="0" width=(scaled(part, whole, WIDTH)) height="10" {}
        }
    }
}

/// A line up to `far` with a dot at `middle`, on a scale up to `most`.
pub(super) fn spread(middle: u64, far: u64, most: u64, name: &str) -> Markup {
    let (dot, end) = (scaled(middle, most, WIDTH - 12) + 6, scaled(far, most, WIDTH - 12) + 6);
    html! {
        svg.spread viewBox={ "0 0 " (WIDTH) " 14" } role="img" aria-label=(name) {
            line.ground x1="6" x2=(WIDTH - 6) y1="7" y2="7" {}
            line.reach x1="6" x2=(end) y1="7" y2="7" {}
            circle.dot cx=(dot) cy="7" r="5" {}
        }
    }
}

/// `value` on a scale where `most` is `length`; anything above zero is at least one unit tall.
fn scaled(value: u64, most: u64, length: u64) -> u64 {
    match value.checked_mul(length).and_then(|scaled| scaled.checked_div(most)) {
        Some(scaled) => scaled.clamp(u64::from(value > 0), length),
        None if most == 0 => 0,
        None => length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_holds_its_ends() {
        assert_eq!([scaled(0, 9, 40), scaled(9, 9, 40), scaled(1, 9_000, 40)], [0, 40, 1]);
        assert_eq!([scaled(0, 0, 40), scaled(u64::MAX, u64::MAX, 40)], [0, 40]);
    }
}
